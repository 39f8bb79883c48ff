// SPDX-License-Identifier: BSD-2-Clause
// Ends of the verifier's logs, as kernels write them, and what they are taken to mean.
#include "bpf/refusal.h"

#include <catch2/catch.hpp>

using namespace corescope;

TEST_CASE("a log's reason, source and statistics are told apart")
{
	const Refusal refusal =
		read_refusal("0: R1=ctx() R10=fp0\n"
					 "; wide = bpf_map_lookup_elem(&wides, &zero);\n"
					 "5: (85) call bpf_map_lookup_elem#1\n"
					 "; return wide->values[0];\n"
					 "6: (79) r0 = *(u64 *)(r0 +0)\n"
					 "R0 invalid mem access 'map_value_or_null'\n"
					 "processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0\n",
			"GPL");
	CHECK(refusal.reason == "R0 invalid mem access 'map_value_or_null'");
	CHECK(refusal.source == "return wide->values[0];");
	CHECK(refusal.hint.find("NULL") != std::string::npos);
	CHECK(refusal.last.size() == 6);
}

TEST_CASE("causes are known by the verifier's words")
{
	const struct {
		const char *log, *hint;
	} cases[] = {
		{"cannot call GPL-restricted function from non-GPL compatible program\n", "SEC(\"license\")"},
		{"R2 unbounded memory access, use 'var &= const' or 'if (var < const)'\n", "upper bound"},
		{"math between map_value pointer and register with unbounded min value is not allowed\n", "unsigned"},
		{"infinite loop detected at insn 12\n", "bpf_loop()"},
		{"back-edge from insn 9 to 4\n", "bpf_loop()"},
		{"BPF program is too large. Processed 1000001 insn\n", "million"},
		{"combined stack size of 2 calls is 544. Too large\n", "512"},
		{"invalid stack off=-520 size=8\n", "512"},
		{"invalid func unknown#195896080\n", "CO-RE"},
		{"unknown func bpf_loop#181\n", "does not have that helper"},
		{"Unreleased reference id=2 alloc_insn=6\n", "bpf_ringbuf_submit()"},
		{"R1 invalid mem access 'scalar'\n", "BPF_CORE_READ()"},
		{"invalid access to map value, value_size=4 off=8 size=8\n", "map's value"},
		{"R0 !read_ok\n", "return 0"},
		{"R7 !read_ok\n", "no value"},
	};
	for (const auto& one : cases) {
		INFO(one.log);
		CHECK(read_refusal(one.log, "GPL").hint.find(one.hint) != std::string::npos);
	}
}

TEST_CASE("an unknown reason has no hint, and a missing licence is the guess then")
{
	CHECK(read_refusal("something new\n", "GPL").hint.empty());
	CHECK(read_refusal("something new\n", "").hint.find("licence") != std::string::npos);
	const Refusal nothing = read_refusal("", "GPL");
	CHECK(nothing.reason.empty());
	CHECK(nothing.last.empty());
}

TEST_CASE("states of registers are no reason")
{
	CHECK(
		read_refusal(
			"4: (85) call bpf_ringbuf_reserve#131 ; R0=ringbuf_mem_or_null(id=2)\n9: (95) exit\n"
			"Unreleased reference id=2 alloc_insn=4\nBPF_EXIT instruction in main prog would lead to reference leak\n",
			"GPL")
			.hint.find("bpf_ringbuf_submit()") != std::string::npos);
}

TEST_CASE("words of a comment in the source are no reason")
{
	const Refusal refusal = read_refusal("; // infinite loop detected\n1: (95) exit\nR0 !read_ok\n", "GPL");
	CHECK(refusal.hint.find("return 0") != std::string::npos);
}

TEST_CASE("the verifier's own cost is read from its last lines")
{
	const VerifierCost cost = read_verifier_cost(
		"verification time 211 usec\nstack depth 16+8\nprocessed 636 insns (limit 1000000) max_states_per_insn 2 "
		"total_states 53 peak_states 40 mark_read 7\n");
	CHECK(cost.instructions == 636);
	CHECK(cost.limit == 1000000);
	CHECK(cost.states == 53);
	CHECK(cost.peak_states == 40);
	CHECK(cost.microseconds == 211);
	CHECK(cost.stack == "16+8");
	CHECK(read_verifier_cost("").instructions == 0);
}
