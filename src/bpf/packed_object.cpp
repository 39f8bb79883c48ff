// SPDX-License-Identifier: BSD-2-Clause
// See packed_object.h. The format is that of xz --format=lzma (.lzma in liblzma's lzma/container.h): its decoder is the
// smallest, and what lies in this binary needs no checksum.
#include "bpf/packed_object.h"

#include "base/error.h"

#include <lzma.h>

namespace corescope {

namespace {

constexpr uint64_t kMostMemory = 8 << 20;

thread_local std::string t_unpacked;

// The first `size` bytes; "" if there are fewer.
std::string unpack(const PackedObject& packed, size_t size)
{
	std::string plain(size, 0);
	lzma_stream stream = LZMA_STREAM_INIT;
	if (lzma_alone_decoder(&stream, kMostMemory) != LZMA_OK)
		return "";
	stream.next_in = packed.bytes;
	stream.avail_in = packed.size;
	stream.next_out = reinterpret_cast<uint8_t*>(plain.data());
	stream.avail_out = size;
	lzma_ret result = LZMA_OK;
	while (result == LZMA_OK && stream.avail_out > 0)
		result = lzma_code(&stream, LZMA_RUN);
	const bool whole = stream.avail_out == 0;
	lzma_end(&stream);
	return whole ? plain : "";
}

} // namespace

const void* unpack_object(const PackedObject& packed, size_t* size)
{
	t_unpacked = unpack(packed, packed.typed_size);
	*size = t_unpacked.size(); // libbpf says what it thinks of an object without bytes
	return t_unpacked.data();
}

void forget_unpacked() { std::string().swap(t_unpacked); }

std::string unpack_raw_object(const PackedObject& packed)
{
	std::string both = unpack(packed, packed.typed_size + packed.raw_size);
	if (both.empty())
		throw Error(kFailure, "the BPF object in this binary is damaged");
	return both.erase(0, packed.typed_size);
}

} // namespace corescope
