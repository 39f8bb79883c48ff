// SPDX-License-Identifier: BSD-2-Clause
// Programs that the verifier refuses: the last of its words, the line of source, and what helps.
#include "load_support.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace corescope::test;

asm(".pushsection .rodata\n"
	".balign 16\n"
	".globl refused_object, refused_object_end\n"
	"refused_object: .incbin \"refused.bpf.o\"\n"
	"refused_object_end: .byte 0\n"
	".popsection");
extern "C" {
extern const char refused_object[], refused_object_end[];
}

namespace {

LoadSaid load_refused(const std::string& program)
{
	const int fd = memfd_create("refused", 0);
	REQUIRE(fd >= 0);
	// Both names are of one object, which only the assembler knows.
	// cppcheck-suppress comparePointers
	const auto size = static_cast<size_t>(refused_object_end - refused_object);
	REQUIRE(write(fd, refused_object, size) == static_cast<ssize_t>(size));
	const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd);
	const LoadSaid said = run_load({"load", path, "--only", program, "--duration", "1ms"});
	close(fd);
	return said;
}

} // namespace

TEST_CASE("a refused program is told with the verifier's reason and with what helps")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const struct {
		const char *program, *hint;
	} cases[] = {
		{"unchecked", "check its result for NULL"},
		{"unbounded", "n &= MAX - 1"},
		{"endless", "loop"},
		{"unreleased", "bpf_ringbuf_submit()"},
		{"wrong_helper", "not for this type of program"},
		{"missing_member", "bpf_core_field_exists()"},
		{"wild_pointer", "BPF_CORE_READ()"},
	};
	for (const auto& one : cases) {
		const LoadSaid said = load_refused(one.program);
		INFO(one.program << ": " << said.errors);
		CHECK(said.status == 69);
		CHECK(said.out.empty());
		CHECK(said.errors.find("program '" + std::string(one.program) + "'") != std::string::npos);
		CHECK(said.errors.find("\n  | ") != std::string::npos); // the log's end
		const std::string last = said.errors.substr(said.errors.rfind("load: "));
		CHECK(last.find("the verifier refuses it") != std::string::npos);
		CHECK(last.find(one.hint) != std::string::npos);
	}
}

TEST_CASE("a refusal names the line of source where the object has it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const LoadSaid said = load_refused("unchecked");
	const std::string last = said.errors.substr(said.errors.rfind("load: "));
	CHECK(last.find("return wide->values[0];") != std::string::npos);
}
