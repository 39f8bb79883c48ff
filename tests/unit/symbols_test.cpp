// SPDX-License-Identifier: BSD-2-Clause
// Symbols of ELF files that are made here, by the compiler and objcopy where they are installed: stripped, with their
// symbols elsewhere, and laid out in other ways. And what /proc tells, as text.
#include "skip.h"

#include "base/error.h"
#include "symbols/binaries.h"
#include "symbols/elf_file.h"
#include "symbols/kernel_symbols.h"
#include "symbols/perf_map.h"
#include "symbols/process_maps.h"
#include "symbols/symbol_table.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace corescope;

namespace {

namespace fs = std::filesystem;

class Folder {
public:
	Folder() { REQUIRE(mkdtemp(path_.data())); }
	~Folder() { fs::remove_all(path_); }
	Folder(const Folder&) = delete;
	Folder& operator=(const Folder&) = delete;
	std::string operator/(const std::string& name) const { return path_ + "/" + name; }
	bool run(const std::string& command) const
	{
		return std::system(("cd " + path_ + " && (" + command + ") >log 2>&1").c_str()) == 0;
	}
	void write(const std::string& name, const std::string& text) const
	{
		std::ofstream(*this / name) << text;
	}

private:
	std::string path_ = (fs::temp_directory_path() / "corescope-symbols-XXXXXX").string();
};

constexpr char kSource[] = R"(
static int hidden(int x) { return x * 3 + 1; }
int (*volatile keep)(int) = hidden;
int shown(int x) { return keep(x) + 2; }
int twice(int x) { return shown(x) * 2; }
#ifdef MAIN
int main(int argc, char **argv) { return twice(argc) == 0; }
#endif
)";

// The place of a function in the file, as the unstripped one tells it by nm: by its table, and its segments here.
struct Truth {
	uint64_t address = 0, offset = 0;
};
Truth truth_of(const Folder& folder, const std::string& file, const std::string& name)
{
	Truth truth;
	REQUIRE(folder.run("nm " + file + " | grep ' [tT] " + name + "$' | cut -d' ' -f1 >nm; readelf -lW " +
		file + " | awk '$1==\"LOAD\"{print $2,$3,$5}' >loads"));
	std::ifstream(folder / "nm") >> std::hex >> truth.address;
	std::ifstream loads(folder / "loads");
	std::string offset, address, size;
	while (loads >> offset >> address >> size) {
		const uint64_t at = std::stoull(address, nullptr, 16);
		if (truth.address >= at && truth.address < at + std::stoull(size, nullptr, 16))
			truth.offset = truth.address - at + std::stoull(offset, nullptr, 16);
	}
	REQUIRE(truth.address);
	REQUIRE(truth.offset);
	return truth;
}

// As if this process had mapped it.
class Mapped {
public:
	explicit Mapped(const std::string& path)
	{
		const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
		REQUIRE(fd >= 0);
		memory_ = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		close(fd);
		REQUIRE(memory_ != MAP_FAILED);
		for (const Mapping& one : executable_mappings(getpid()))
			if (one.start == reinterpret_cast<uint64_t>(memory_))
				mapping = one;
		REQUIRE(mapping.inode);
	}
	~Mapped() { munmap(memory_, 4096); }
	Mapped(const Mapped&) = delete;
	Mapped& operator=(const Mapped&) = delete;
	Mapping mapping{};

private:
	void* memory_;
};

std::string name_in(const std::string& path, uint64_t offset)
{
	const Mapped mapped(path);
	Binaries binaries;
	const auto file = binaries.open(getpid(), mapped.mapping);
	REQUIRE(file);
	const auto place = binaries.find(*file, offset, false);
	return place.function ? std::string(place.function->name) : "";
}

bool can_build(const Folder& folder)
{
	folder.write("s.c", kSource);
	return folder.run("cc --version && objcopy --version && nm --version && readelf --version");
}

} // namespace

TEST_CASE("symbols: static and shown functions of PIE, non-PIE, libraries and prelinked ones")
{
	const Folder folder;
	if (!can_build(folder))
		SKIP_TEST("needs a C compiler and binutils");
	const std::string flags = GENERATE("-DMAIN -fPIE -pie", "-DMAIN -fno-pie -no-pie", "-shared -fPIC",
		"-shared -fPIC -Wl,-Ttext-segment=0x40000000", "-DMAIN -fPIE -pie -Wl,-z,noseparate-code",
		"-DMAIN -fPIE -pie -Wl,-z,max-page-size=65536");
	CAPTURE(flags);
	REQUIRE(folder.run("cc -O1 -fno-inline " + flags + " s.c -o f"));
	for (const char* name : {"hidden", "shown", "twice"}) {
		const Truth truth = truth_of(folder, "f", name);
		CHECK(name_in(folder / "f", truth.offset) == name);
		CHECK(name_in(folder / "f", truth.offset + 2) == name);
	}
}

TEST_CASE("symbols: of a stripped file by build id, by debug link, and from .gnu_debugdata")
{
	const Folder folder;
	if (!can_build(folder))
		SKIP_TEST("needs a C compiler and binutils");
	REQUIRE(folder.run("cc -O1 -fno-inline -shared -fPIC -Wl,--build-id=sha1 s.c -o whole"));
	const Truth hidden = truth_of(folder, "whole", "hidden"), shown = truth_of(folder, "whole", "shown");

	REQUIRE(folder.run("objcopy --strip-all whole bare"));
	CHECK(name_in(folder / "bare", shown.offset) == "shown"); // by .dynsym
	CHECK(name_in(folder / "bare", hidden.offset) != "hidden");

	REQUIRE(folder.run(
		"objcopy --only-keep-debug whole far.debug && objcopy --strip-all --add-gnu-debuglink=far.debug whole linked"));
	SECTION("debug link beside it") { CHECK(name_in(folder / "linked", hidden.offset) == "hidden"); }
	SECTION("debug link in .debug")
	{
		REQUIRE(folder.run("mkdir .debug && mv far.debug .debug/"));
		CHECK(name_in(folder / "linked", hidden.offset) == "hidden");
	}
	SECTION("debug link to another file of that name")
	{
		REQUIRE(folder.run("echo >>far.debug"));
		CHECK(name_in(folder / "linked", hidden.offset) != "hidden");
	}
	SECTION("build id")
	{
		if (geteuid() != 0)
			SKIP_TEST("needs root, to write below /usr/lib/debug");
		const int fd = open((folder / "whole").c_str(), O_RDONLY | O_CLOEXEC);
		const std::string id = ElfFile(fd).build_id();
		close(fd);
		REQUIRE(id.size() == 20);
		std::string hex;
		for (const unsigned char byte : id) {
			char digits[3];
			std::snprintf(digits, sizeof(digits), "%02x", byte);
			hex += digits;
		}
		const fs::path below = "/usr/lib/debug/.build-id/" + hex.substr(0, 2);
		std::error_code error;
		const bool made = fs::create_directories(below, error);
		if (error)
			SKIP_TEST("cannot write below /usr/lib/debug");
		const fs::path file = below / (hex.substr(2) + ".debug");
		fs::copy_file(folder / "far.debug", file);
		const std::string name = name_in(folder / "bare", hidden.offset);
		fs::remove(file);
		if (made)
			fs::remove(below);
		CHECK(name == "hidden");
	}
	SECTION(".gnu_debugdata")
	{
		if (!folder.run("xz --version"))
			SKIP_TEST("needs xz");
		REQUIRE(folder.run(
			"objcopy -S --remove-section .comment --keep-symbol=hidden far.debug mini && xz mini && "
			"objcopy --strip-all --add-section .gnu_debugdata=mini.xz whole small"));
		CHECK(name_in(folder / "small", hidden.offset) == "hidden");
		CHECK(name_in(folder / "small", shown.offset) == "shown");
	}
}

TEST_CASE("symbols: calls into libraries pass through NAME@plt")
{
	const Folder folder;
	if (!can_build(folder))
		SKIP_TEST("needs a C compiler and binutils");
	folder.write("p.c", "int puts(const char *); int main(void) { return puts(\"x\") + puts(\"y\"); }");
	REQUIRE(folder.run(
		"cc -O1 -fPIE -pie -Wl,-z,lazy p.c -o p && objdump -d p | sed -n 's/^0*\\([0-9a-f]*\\) <puts@plt>:/\\1/p' >at"));
	uint64_t at = 0;
	std::ifstream(folder / "at") >> std::hex >> at;
	if (!at)
		SKIP_TEST("this linker makes no PLT here");
	CHECK(name_in(folder / "p", at) == "puts@plt"); // a PIE's text lies where it does in the file
}

TEST_CASE("symbols: files that are cut, or none, are refused and never crash")
{
	const Folder folder;
	if (!can_build(folder))
		SKIP_TEST("needs a C compiler and binutils");
	REQUIRE(folder.run("cc -O1 -fno-inline -shared -fPIC s.c -o whole"));
	std::ifstream in(folder / "whole", std::ios::binary);
	const std::string whole((std::istreambuf_iterator<char>(in)), {});
	uint32_t random = 1;
	for (int round = 0; round < 300; round++) {
		std::string bytes = whole;
		const auto next = [&] { return random = random * 1664525 + 1013904223; };
		if (round % 2)
			bytes.resize(next() % bytes.size());
		for (int i = 0; i < 8 && !bytes.empty(); i++)
			bytes[next() % std::min<size_t>(bytes.size(), round % 3 ? 4096 : bytes.size())] =
				static_cast<char>(next() >> 16);
		try {
			const ElfFile file(bytes);
			SymbolTable table;
			file.add_functions(SHT_SYMTAB, table);
			file.add_functions(SHT_DYNSYM, table);
			file.add_plt(table);
			table.sort();
			table.find(next());
			file.build_id();
			file.debug_link();
			file.mini_debug_info();
			file.address_of(next());
		} catch (const Error&) { // no ELF file any more
		}
	}
	std::string none = "no ELF file";
	CHECK_THROWS_AS(ElfFile(none), Error);
	CHECK(unxz("no xz", 100).empty());
}

TEST_CASE("symbols: a table finds what holds an address, and nothing else")
{
	SymbolTable table;
	table.add(0x1000, 0x100, "outer", 8);
	table.add(0x1040, 0x10, "inner", 8);
	table.add(0x1000, 0x100, "alias", 4);
	table.add(0x2000, 0, "open", 8);
	table.add(0x3000, 0x20, "last", 8);
	table.sort();
	const auto name = [&](uint64_t at) {
		const auto found = table.find(at);
		return found ? std::string(found->name) + "+" + std::to_string(found->offset) : "";
	};
	CHECK(name(0xfff) == "");
	CHECK(name(0x1000) == "outer+0");
	CHECK(name(0x1040) == "inner+0");
	CHECK(name(0x1050) == "outer+80"); // behind what lies in it
	CHECK(name(0x1100) == "");
	CHECK(name(0x2fff) == "open+4095");
	CHECK(name(0x3020) == "");
}

TEST_CASE("symbols: lines of /proc/PID/maps, and text that was moved to huge pages")
{
	const auto file =
		parse_mapping("55d0c0a00000-55d0c0a21000 r-xp 00001000 fe:01 1234       /usr/bin/a b (deleted)");
	REQUIRE(file);
	CHECK(file->start == 0x55d0c0a00000);
	CHECK(file->end == 0x55d0c0a21000);
	CHECK(file->offset == 0x1000);
	CHECK(file->inode == 1234);
	CHECK(file->path == "/usr/bin/a b");
	CHECK(file->deleted);
	CHECK(parse_mapping("7ffd0000-7ffd2000 r-xp 00000000 00:00 0 [vdso]")->path == "[vdso]");
	CHECK(parse_mapping("7f00-7f01 rwxp 00000000 00:00 0 ")->path.empty());
	CHECK(parse_mapping("1000-2000 r-xp 0 08:01 5 /a\\012b")->path == "/a\nb");
	for (const char* line :
		{"", "x", "1000-2000 rw-p 0 00:00 0", "1000-2000", "1000-2000 r-xp", "1000-2000 r-xp 0 0"})
		CHECK_FALSE(parse_mapping(line));

	std::vector<Mapping> parts = {{0x1000, 0x2000, 0x1000, 1, 7, "/f"}, {0x2000, 0x4000, 0, 0, 0, ""},
		{0x4000, 0x5000, 0x4000, 1, 7, "/f"}, {0x9000, 0xa000, 0, 0, 0, ""}};
	join_remapped(parts);
	CHECK(parts[1].path == "/f");
	CHECK(parts[1].offset == 0x2000);
	CHECK(parts[1].start == 0x2000);
	CHECK(parts[3].path.empty());
}

TEST_CASE("symbols: maps of JITs: the last line for an address counts, nonsense is passed over")
{
	SymbolTable table;
	parse_perf_map(
		"7f00 10 old name\n0x7f20 0x8 other\nnonsense\n7f00 20 new name\n7f80 0 empty\n7f90 10 not yet",
		table);
	CHECK(table.find(0x7f05)->name == "new name");
	CHECK(table.find(0x7f21)->name == "other");
	CHECK_FALSE(table.find(0x7f80));
	CHECK_FALSE(table.find(0x7f95));
}

TEST_CASE("symbols: the kernel's, and what is said where it hides them")
{
	const Folder folder;
	folder.write("known",
		"ffffffff81000000 T _text\nffffffff81000010 t inner\nffffffff81000100 D data\n"
		"ffffffffc0000000 t helper\t[module]\nffffffffc0000100 T next\t[module]\n");
	folder.write("hidden", "0000000000000000 T _text\n0000000000000000 t inner\n");
	KernelSymbols known(folder / "known");
	CHECK(known.problem().empty());
	CHECK(known.find(0xffffffff81000014)->name == "inner");
	CHECK(known.find(0xffffffff81000014)->offset == 4);
	CHECK(known.find(0xffffffffc0000001)->name == "helper");
	CHECK(known.find(0xffffffffc0000001)->module == "module");
	CHECK_FALSE(known.find(0x1000));
	KernelSymbols hidden(folder / "hidden"), none(folder / "none");
	CHECK(hidden.problem().find("kptr_restrict") != std::string::npos);
	CHECK_FALSE(hidden.find(0xffffffff81000014));
	CHECK_FALSE(none.problem().empty());
}
