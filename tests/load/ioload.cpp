// SPDX-License-Identifier: BSD-2-Clause
// Direct I/O of a known number of requests: each call reads or writes one block at a place of its own, far from the one
// before, so that none is merged with another. The truth is how many calls succeeded. The protocol is in load.h.
#include "protocol.h"

#include <cstdlib>
#include <linux/aio_abi.h>
#include <memory>
#include <vector>

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

// Writes of neighbours, all handed over in one call: the kernel makes fewer requests of them.
void run_neighbours(const Request& request)
{
	const std::string& path = request.arg(0, "PATH");
	const long calls = request.number(1, "CALLS", 1, 64);
	const Fd fd(open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
	need(fd.get(), "open with O_DIRECT");
	void* memory = nullptr;
	if (posix_memalign(&memory, kBlock, kBlock))
		fail(kFailed, "no memory");
	const std::unique_ptr<void, decltype(&free)> block(memory, free);
	memset(block.get(), 'x', kBlock);
	aio_context_t context = 0;
	need(static_cast<int>(syscall(SYS_io_setup, calls, &context)), "io_setup");
	std::vector<iocb> asked(static_cast<size_t>(calls));
	std::vector<iocb*> each;
	for (iocb& one : asked) {
		one = {};
		one.aio_fildes = static_cast<uint32_t>(fd.get());
		one.aio_lio_opcode = IOCB_CMD_PWRITE;
		one.aio_buf = reinterpret_cast<uint64_t>(block.get());
		one.aio_nbytes = kBlock;
		one.aio_offset = static_cast<int64_t>(each.size()) * kBlock;
		each.push_back(&one);
	}
	std::vector<io_event> ends(asked.size());
	request.begin();
	const int64_t start = now_ns();
	if (syscall(SYS_io_submit, context, calls, each.data()) != calls ||
		syscall(SYS_io_getevents, context, calls, calls, ends.data(), nullptr) != calls)
		fail(kFailed, "io_submit: %s", strerror(errno));
	long done = 0;
	for (const io_event& end : ends)
		done += end.res == kBlock;
	Json line;
	line.text("case", request.name).number("pid", getpid()).number("done", done);
	line.number("wall_ns", now_ns() - start).print();
	request.finish();
}

const Case cases[] = {
	{"write", "PATH CALLS", run_write},
	{"read", "PATH CALLS", run_read},
	{"neighbours", "PATH CALLS", run_neighbours},
};

} // namespace

int main(int argc, char** argv) { return run(argc, argv, cases); }
