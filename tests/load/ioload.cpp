// SPDX-License-Identifier: BSD-2-Clause
// Direct I/O of a known number of requests: each call reads or writes one block at a place of its own, far from the one
// before, so that none is merged with another. The truth is how many calls succeeded. The protocol is in load.h.
#include "protocol.h"

#include <cstdlib>
#include <memory>

using namespace corescope::load;

namespace {

constexpr long kBlock = 4096, kStride = 3; // in blocks

// PATH may be a block device or a file that is long enough; a file is made.
void run_direct(const Request& request, bool writes)
{
	const std::string& path = request.arg(0, "PATH");
	const long calls = request.number(1, "CALLS", 1, 1000000);
	const Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
	need(fd.get(), "open with O_DIRECT");
	struct stat found {};
	must(fstat(fd.get(), &found), "fstat");
	if (S_ISREG(found.st_mode))
		need(posix_fallocate(fd.get(), 0, calls * kStride * kBlock) ? -1 : 0, "posix_fallocate");
	void* memory = nullptr;
	if (posix_memalign(&memory, kBlock, kBlock))
		fail(kFailed, "no memory");
	const std::unique_ptr<void, decltype(&free)> block(memory, free);
	memset(block.get(), 'x', kBlock);
	request.begin();
	long done = 0;
	const int64_t start = now_ns();
	for (long i = 0; i < calls; i++) {
		const off_t at = i * kStride * kBlock;
		const ssize_t n =
			writes ? pwrite(fd.get(), block.get(), kBlock, at) : pread(fd.get(), block.get(), kBlock, at);
		done += must(n, writes ? "pwrite" : "pread") == kBlock;
	}
	Json line;
	line.text("case", request.name).number("pid", getpid()).number("done", done);
	line.number("wall_ns", now_ns() - start).print();
	request.finish();
}

void run_write(const Request& request) { run_direct(request, true); }
void run_read(const Request& request) { run_direct(request, false); }

const Case cases[] = {
	{"write", "PATH CALLS", run_write},
	{"read", "PATH CALLS", run_read},
};

} // namespace

int main(int argc, char** argv) { return run(argc, argv, cases); }
