// SPDX-License-Identifier: BSD-2-Clause
// Lines of trace_pipe, and which of them the formats of an object can have made.
#include "bpf/printk.h"

#include <catch2/catch.hpp>

using namespace corescope;

TEST_CASE("a line of trace_pipe is taken apart")
{
	PrintkLine line;
	REQUIRE(parse_printk(
		"            true-23672   [003] ...2. 25440.907825: bpf_trace_printk: Hello, 5: BPF", line));
	CHECK(line.comm == "true");
	CHECK(line.tid == 23672);
	CHECK(line.cpu == 3);
	CHECK(line.ts == 25440907825000);
	CHECK(line.text == "Hello, 5: BPF");
}

TEST_CASE("a command's name may hold what else separates fields")
{
	PrintkLine line;
	REQUIRE(parse_printk("  a-1 [000] b: c-7       [001] d..31     1.000001: bpf_trace_printk: x", line));
	CHECK(line.comm == "a-1 [000] b: c");
	CHECK(line.tid == 7);
	CHECK(line.ts == 1000001000);
	REQUIRE(parse_printk("           <...>-4194304 [127] .....     1.000001: bpf_trace_printk: ", line));
	CHECK(line.comm == "<...>");
	CHECK(line.text.empty());
}

TEST_CASE("what is no line of bpf_printk is none")
{
	PrintkLine line;
	for (const char* text : {"", "x", "                ", "            true-", "            true-12",
			 "            true-12   [", "            true-12   [000", "            true-12   [000] ...2. 1.5",
			 "            true-12   [000] ...2. 25440.907825: sched_switch: x",
			 "            true-12   [000] ...2. 25440: bpf_trace_printk: x",
			 "            true-99999999999999999999   [000] ...2. 25440.9: bpf_trace_printk: x",
			 "# tracer: nop", "CPU:0 [LOST 12 EVENTS]"})
		CHECK_FALSE(parse_printk(text, line));
	CHECK(parse_printk_loss("CPU:0 [LOST 12 EVENTS]") == 12);
	CHECK(parse_printk_loss("CPU:0 [LOST EVENTS]") == 0);
	CHECK(parse_printk_loss("CPU:x [LOST 12 EVENTS]") == 0);
	CHECK(parse_printk_loss("            true-12   [000] ...2. 25440.9: bpf_trace_printk: x") == 0);
}

TEST_CASE("a text is one's own if one of the formats can have made it")
{
	PrintkFormats formats;
	CHECK_FALSE(formats.could_be("anything"));
	formats.add("pid %d of %s: 100%%\n");
	formats.add("plain");
	formats.add("%-08llx|");
	formats.add("from %pI4 to %pK");
	for (const char* text : {"pid 1 of sh: 100%", "pid -7 of a of b: 100%", "pid  of : 100%", "plain",
			 "ff      |", "|", "from 10.0.0.1 to 0000"})
		CHECK(formats.could_be(text));
	for (const char* text : {"", "pid 1 of sh: 100", "pid 1: 100%", "plain ", " plain", "ff", "from 10.0.0.1",
			 "xpid 1 of sh: 100%", "pid 1 of sh: 100% "})
		CHECK_FALSE(formats.could_be(text));
}
