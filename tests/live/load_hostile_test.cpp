// SPDX-License-Identifier: BSD-2-Clause
// Files that are no sound BPF objects: one line and a status, whatever they are, and never a crash. Damage is made from
// the examples: cut at every length, bits turned, headers of another machine.
#include "load_support.h"

#include "base/error.h"
#include "bpf/object_file.h"

#include <algorithm>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <iterator>
#include <random>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

// A file in memory, by a path that lives as long as this.
class MemoryFile {
public:
	MemoryFile() : fd_(memfd_create("object", 0)) { REQUIRE(fd_ >= 0); }
	~MemoryFile() { close(fd_); }
	MemoryFile(const MemoryFile&) = delete;
	MemoryFile& operator=(const MemoryFile&) = delete;

	void hold(const std::string& bytes) const
	{
		REQUIRE(ftruncate(fd_, 0) == 0);
		REQUIRE(pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
	}
	std::string path() const { return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_); }

private:
	int fd_;
};

LoadSaid load_bytes(const MemoryFile& file, const std::string& bytes)
{
	file.hold(bytes);
	return run_load({"load", file.path(), "--duration", "1ms", "--no-maps"});
}

void change_header(std::string& bytes, const std::function<void(Elf64_Ehdr&)>& change)
{
	Elf64_Ehdr header;
	std::copy_n(bytes.data(), sizeof(header), reinterpret_cast<char*>(&header));
	change(header);
	std::copy_n(reinterpret_cast<const char*>(&header), sizeof(header), bytes.data());
}

// The same object with another name for a section; both names are of one length.
std::string renamed(std::string bytes, const std::string& from, const std::string& to)
{
	REQUIRE(from.size() == to.size());
	for (size_t at = 0; (at = bytes.find(from + '\0', at)) != std::string::npos; at += from.size())
		bytes.replace(at, from.size(), to);
	return bytes;
}

// What is said of damage: one line (libbpf's verdicts may follow the verifier's words), and a status for it.
void check_verdict(const LoadSaid& said)
{
	INFO("status " << said.status << ": " << said.errors);
	CHECK((
		said.status == 0 || said.status == 65 || said.status == 69 || said.status == 64 || said.status == 1));
	if (said.status == 65)
		CHECK(std::count(said.errors.begin(), said.errors.end(), '\n') == 1);
	CHECK(said.errors.find('\x1b') == std::string::npos);
	if (said.status != 0)
		CHECK_FALSE(said.errors.empty());
}

} // namespace

TEST_CASE("what is no BPF object for this machine is refused by its first bytes")
{
	NEEDS_EXAMPLES();
	const std::string good = contents(example_path("hello"));
	struct Case {
		std::string bytes;
		int status;
		const char* words;
	};
	std::string class32 = good, big = good, x86 = good, executable = good, no_sections = good;
	class32[EI_CLASS] = ELFCLASS32;
	big[EI_DATA] = ELFDATA2MSB;
	change_header(x86, [](Elf64_Ehdr& header) { header.e_machine = EM_X86_64; });
	change_header(executable, [](Elf64_Ehdr& header) { header.e_type = ET_EXEC; });
	change_header(no_sections, [](Elf64_Ehdr& header) { header.e_shnum = 0; });
	const Case cases[] = {
		{"", 65, "empty"},
		{"#!/bin/sh\nexit 0\n", 65, "no ELF"},
		{contents("/bin/true"), 65, "another machine"},
		{class32, 65, "32-bit"},
		{big, 69, "byte order"},
		{x86, 65, "another machine"},
		{executable, 65, "relocatable"},
		{no_sections, 65, "sections"},
		{good.substr(0, 40), 65, "header"},
		{good.substr(0, good.size() / 2), 65, "cut short"},
		{renamed(good, ".maps", ".mops"), 0, ""}, // it has none: nothing changes
		{renamed(good, "tp/sched/sched_process_exec", "zz/sched/sched_process_exec"), 69, "does not know"},
		{renamed(contents(example_path("sigkill")), ".maps", "xmaps"), 65, ""},
	};
	const MemoryFile file;
	for (const Case& one : cases) {
		const LoadSaid said = load_bytes(file, one.bytes);
		INFO(one.words << " " << said.errors);
		CHECK(said.status == one.status);
		CHECK(said.errors.find(one.words) != std::string::npos);
		if (said.status)
			CHECK(std::count(said.errors.begin(), said.errors.end(), '\n') == 1);
	}
}

TEST_CASE("a path that leads to no file is refused")
{
	for (const char* path : {"/nonexistent.bpf.o", "/", "/dev/null"}) {
		const LoadSaid said = run_load({"load", path});
		CHECK(said.status == 65);
		CHECK(std::count(said.errors.begin(), said.errors.end(), '\n') == 1);
	}
}

TEST_CASE("an object without a licence, or with no type information, is refused by name")
{
	NEEDS_EXAMPLES();
	const MemoryFile file;
	const LoadSaid unlicensed =
		load_bytes(file, renamed(contents(example_path("hello")), "license", "likense"));
	CHECK(unlicensed.status == 69);
	CHECK(unlicensed.errors.find("licence") != std::string::npos);
	const LoadSaid untyped = load_bytes(file, renamed(contents(example_path("sigkill")), ".BTF", ".XTF"));
	CHECK((untyped.status == 65 || untyped.status == 69));
	CHECK(untyped.errors.find("-g") != std::string::npos);
}

TEST_CASE("names from a hostile object reach no terminal raw")
{
	NEEDS_EXAMPLES();
	const MemoryFile file;
	std::string section = "zz/\x1b]0;owned\a\n_process_exec";
	section.resize(std::string("tp/sched/sched_process_exec").size(), 'x');
	const LoadSaid said =
		load_bytes(file, renamed(contents(example_path("hello")), "tp/sched/sched_process_exec", section));
	CHECK(said.status != 0);
	CHECK(said.errors.find('\x1b') == std::string::npos);
	CHECK(std::count(said.errors.begin(), said.errors.end(), '\n') == 1);
}

TEST_CASE("an object cut at any length is refused before libbpf sees it")
{
	NEEDS_EXAMPLES();
	const MemoryFile file;
	for (const char* name : {"hello", "call", "ringbuf"}) {
		const std::string good = contents(example_path(name));
		const size_t step = std::max<size_t>(1, good.size() / 1500);
		size_t refused = 0, tried = 0;
		for (size_t size = 0; size < good.size(); size += step, tried++) {
			file.hold(good.substr(0, size));
			try {
				corescope::read_object_file(file.path());
			} catch (const corescope::Error& error) {
				refused += error.code == corescope::kDataError;
				CHECK(error.message.find('\n') == std::string::npos);
			}
		}
		CHECK(refused == tried); // the table of sections stands at the end
	}
}

TEST_CASE("turned bits crash neither the checks nor the command")
{
	NEEDS_EXAMPLES();
	const MemoryFile file;
	std::mt19937 random(20261120); // the same each time
	const auto number = [&](size_t below) { return random() % below; };
	for (const char* name : {"hello", "tail_call", "ringbuf"}) {
		const std::string good = contents(example_path(name));
		size_t passed = 0;
		for (int i = 0; i < 2000; i++) { // our own checks, in this process
			std::string bytes = good;
			for (size_t flips = 1 + number(4); flips > 0; flips--)
				bytes[number(bytes.size())] ^= static_cast<char>(1 << number(8));
			file.hold(bytes);
			try {
				corescope::read_object_file(file.path());
				passed++;
			} catch (const corescope::Error& error) {
				CHECK((error.code == corescope::kDataError || error.code == corescope::kUnavailable));
			}
		}
		CHECK(passed > 0);
		const size_t table = good.size() - 64 * 12;
		for (int i = 0; i < 60; i++) { // and the whole way, half of it in headers and names
			std::string bytes = good;
			for (size_t flips = 1 + number(3); flips > 0; flips--) {
				const size_t at = i % 2 ? number(bytes.size()) : table + number(bytes.size() - table);
				bytes[at] ^= static_cast<char>(1 << number(8));
			}
			check_verdict(load_bytes(file, bytes));
		}
	}
}
