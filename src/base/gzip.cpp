// SPDX-License-Identifier: BSD-2-Clause
// See gzip.h.
#include "base/gzip.h"

#include "base/pack.h"

#include <new>
#include <zlib.h>

namespace corescope {

namespace {

constexpr int kGzip = 16; // added to the window's bits: gzip's own head and checksum
constexpr size_t kChunk = 64 * 1024;

struct Stream : z_stream {
	Stream() : z_stream{} {}
	void give(std::string_view bytes)
	{
		next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
		avail_in = static_cast<uInt>(bytes.size());
	}
	// Room for one more chunk at the end of `out`.
	void take(std::string& out)
	{
		const size_t size = out.size();
		out.resize(size + kChunk);
		next_out = reinterpret_cast<Bytef*>(out.data() + size);
		avail_out = kChunk;
	}
};

} // namespace

bool is_gzip(std::string_view bytes) { return bytes.substr(0, 2) == "\x1f\x8b"; }

std::string gzip(std::string_view bytes)
{
	Stream stream;
	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, MAX_MEM_LEVEL,
			Z_DEFAULT_STRATEGY) != Z_OK)
		throw std::bad_alloc();
	stream.give(bytes);
	std::string out;
	int status = Z_OK;
	while (status == Z_OK) {
		stream.take(out);
		status = deflate(&stream, Z_FINISH);
		out.resize(out.size() - stream.avail_out);
	}
	deflateEnd(&stream);
	return out;
}

std::string gunzip(std::string_view bytes, size_t most)
{
	Stream stream;
	if (inflateInit2(&stream, MAX_WBITS + kGzip) != Z_OK)
		throw std::bad_alloc();
	stream.give(bytes);
	std::string out;
	int status = Z_OK;
	while (status == Z_OK && out.size() <= most) {
		stream.take(out);
		status = inflate(&stream, Z_NO_FLUSH);
		out.resize(out.size() - stream.avail_out);
	}
	const bool whole = status == Z_STREAM_END && stream.avail_in == 0 && out.size() <= most;
	inflateEnd(&stream);
	if (!whole)
		throw Malformed{};
	return out;
}

} // namespace corescope
