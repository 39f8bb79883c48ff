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
#include <iterator>
#include <random>
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

// What a mutation makes of a number in a header: a bound, a neighbour, another place in the file, or anything.
uint64_t strange(std::minstd_rand& random, uint64_t now, size_t file_size)
{
	const uint64_t values[] = {0, 1, now + 1, now - 1, now * 2, now ^ (uint64_t{1} << random() % 64),
		file_size, file_size - now, random() % 32, random() % (file_size + 1), UINT32_MAX, UINT64_MAX,
		uint64_t{1} << 31, uint64_t{1} << 63, uint64_t{random()} << 32 | random()};
	return values[random() % std::size(values)];
}

template <class Number>
void distort(std::minstd_rand& random, Number& number, size_t file_size)
{
	number = static_cast<Number>(strange(random, number, file_size));
}

template <class Part, class Change>
void change_at(uint8_t* data, size_t size, uint64_t offset, Change&& change)
{
	Part part;
	if (offset > size || sizeof(part) > size - offset)
		return;
	std::memcpy(&part, data + offset, sizeof(part));
	change(part);
	std::memcpy(data + offset, &part, sizeof(part));
}

// A field of the file's header, of a section's, or of an entry in one that holds symbols or relocations. Few blind mutations
// hit one and leave the rest sound.
void mutate_structure(uint8_t* data, size_t size, std::minstd_rand& random)
{
	Elf64_Ehdr header;
	std::memcpy(&header, data, sizeof(header));
	const unsigned kind = random() % 8;
	if (kind == 0 || header.e_shnum == 0)
		return change_at<Elf64_Ehdr>(data, size, 0, [&](Elf64_Ehdr& h) {
			switch (random() % 7) {
			case 0: return distort(random, h.e_shoff, size);
			case 1: return distort(random, h.e_shnum, size);
			case 2: return distort(random, h.e_shstrndx, size);
			case 3: return distort(random, h.e_shentsize, size);
			case 4: return distort(random, h.e_type, size);
			case 5: return distort(random, h.e_machine, size);
			default: return distort(random, h.e_ident[random() % EI_NIDENT], size);
			}
		});
	const uint64_t at = header.e_shoff + random() % header.e_shnum * sizeof(Elf64_Shdr);
	change_at<Elf64_Shdr>(data, size, at, [&](Elf64_Shdr& section) {
		const bool symbols = section.sh_type == SHT_SYMTAB, relocations = section.sh_type == SHT_REL;
		if (kind < 5 || !(symbols || relocations))
			switch (random() % 8) {
			case 0: return distort(random, section.sh_name, size);
			case 1: return distort(random, section.sh_type, size);
			case 2: return distort(random, section.sh_flags, size);
			case 3: return distort(random, section.sh_offset, size);
			case 4: return distort(random, section.sh_size, size);
			case 5: return distort(random, section.sh_link, size);
			case 6: return distort(random, section.sh_info, size);
			default: return distort(random, section.sh_entsize, size);
			}
		const size_t entry = symbols ? sizeof(Elf64_Sym) : sizeof(Elf64_Rel);
		const uint64_t place = section.sh_offset + random() % (section.sh_size / entry + 1) * entry;
		if (symbols)
			change_at<Elf64_Sym>(data, size, place, [&](Elf64_Sym& symbol) {
				switch (random() % 5) {
				case 0: return distort(random, symbol.st_name, size);
				case 1: return distort(random, symbol.st_info, size);
				case 2: return distort(random, symbol.st_shndx, size);
				case 3: return distort(random, symbol.st_value, size);
				default: return distort(random, symbol.st_size, size);
				}
			});
		else
			change_at<Elf64_Rel>(data, size, place, [&](Elf64_Rel& relocation) {
				return random() % 2 ? distort(random, relocation.r_offset, size)
									: distort(random, relocation.r_info, size);
			});
	});
}

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

} // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed)
{
	std::minstd_rand random(seed);
	if (size < sizeof(Elf64_Ehdr) || random() % 4 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (unsigned i = 0, changes = 1 + random() % 2; i < changes; i++)
		mutate_structure(data, size, random);
	return size;
}

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
