// SPDX-License-Identifier: BSD-2-Clause
// Hostile object files through what looks them over before libbpf may see them. What is refused is one line and the exit
// status that says so.
// Links: src/bpf/object_file.cpp src/base/parse.cpp
#include "bpf/object_file.h"
#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace corescope;

namespace {

#define DEMAND(what)                                                                \
	do {                                                                            \
		if (!(what)) {                                                              \
			std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			std::abort();                                                           \
		}                                                                           \
	} while (0)

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
	static const int fd = memfd_create("object", 0);
	DEMAND(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
	try {
		const ObjectFile file = read_object_file(path_of(fd));
		DEMAND(file.bytes.size() == size);
		DEMAND(size >= sizeof(Elf64_Ehdr) && std::memcmp(data, ELFMAG, SELFMAG) == 0);
		DEMAND(!file.sections.empty());
		DEMAND(file.license.find('\0') == std::string::npos);
		for (const std::string& name : file.tail_calls)
			DEMAND(name.size() < size);
	} catch (const Error& error) {
		DEMAND(error.code == kDataError || error.code == kUnavailable);
		DEMAND(!error.message.empty());
	}
	return 0;
}
