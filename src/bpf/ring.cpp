// SPDX-License-Identifier: BSD-2-Clause
// Mapping of a ring buffer: one page that we write, then one page and the data, which we only read. The kernel offers
// the data twice in a row, so that a record that wraps around is contiguous; every page so mapped counts as ours,
// though, and copying one record in thousands costs nothing.
#include "bpf/ring.h"

#include "base/error.h"
#include "system/host.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/mman.h>

namespace corescope {

Ring::Ring(int fd, size_t size) : mask_(size - 1), size_(size)
{
	const size_t page = page_size();
	void* ours = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ours == MAP_FAILED)
		throw Error(kFailure, std::string("cannot map the ring buffer: ") + std::strerror(errno));
	void* theirs = mmap(nullptr, page + size, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(page));
	if (theirs == MAP_FAILED) {
		const int error = errno;
		munmap(ours, page);
		throw Error(kFailure, std::string("cannot map the ring buffer: ") + std::strerror(error));
	}
	consumer_ = static_cast<uint64_t*>(ours);
	producer_ = static_cast<const uint64_t*>(theirs);
	data_ = static_cast<const char*>(theirs) + page;
}

Ring::~Ring()
{
	const size_t page = page_size();
	munmap(consumer_, page);
	munmap(const_cast<uint64_t*>(producer_), page + size_);
}

const void* Ring::joined(const char* record, size_t bytes, size_t left)
{
	joined_.resize(bytes);
	std::memcpy(joined_.data(), record, left);
	std::memcpy(joined_.data() + left, data_, bytes - left);
	return joined_.data();
}

} // namespace corescope
