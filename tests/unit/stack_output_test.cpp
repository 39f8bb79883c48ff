// SPDX-License-Identifier: BSD-2-Clause
// Stacks in all formats, with names that would break each of them.
#include "json.h"
#include "output/stack_record.h"
#include "symbols/tracing_frames.h"

#include <catch2/catch.hpp>

using namespace corescope;
using Json = nlohmann::json;

namespace {

const Frame kMain{"main", "/bin/x", 16, Frame::Named::yes};
const Frame kHostile{"op;er\n\x1b[2J\xff", "/bin/x;y", 2, Frame::Named::yes};
const Frame kBare{"[libz.so]", "/lib/libz.so", 0x1234, Frame::Named::bare};
const Frame kNowhere{"[unknown]", "", 0x7f00, Frame::Named::nowhere};
const Frame kKernel{"schedule", "", 3, Frame::Named::yes};

std::vector<StackRecord> records()
{
	StackRecord one;
	one.pid = 7;
	one.comm = "a;b";
	one.count = 3;
	one.value_ns = 2500000;
	one.kernel.frames = {&kKernel};
	one.user.frames = {&kMain, &kHostile, &kBare, &kNowhere};
	StackRecord two;
	two.unit = "x.service";
	two.count = 1;
	two.value_ns = 1000;
	two.kernel.missing = true;
	two.user.asked = false;
	return {two, one};
}

std::string told(std::unique_ptr<StackWriter> writer)
{
	Buffer out;
	writer->begin(out, Meta{"t", "1", "h", {}, 0, ""});
	out.clear();
	writer->interval(out, records(), 1500000000, 0);
	if (out.empty())
		writer->end(out, Summary{});
	return std::string(out.view());
}

} // namespace

TEST_CASE("frames of the tracer's own end where the traced function begins")
{
	const auto own = [](const std::vector<std::string>& names) {
		std::vector<Frame> frames;
		for (const std::string& name : names)
			frames.push_back({name, "", 0, Frame::Named::yes});
		std::vector<const Frame*> stack;
		for (const Frame& frame : frames)
			stack.push_back(&frame);
		return tracing_frames(stack);
	};
	CHECK(own({}) == 0);
	CHECK(own({"__schedule", "schedule"}) == 0);
	CHECK(own({"bpf_prog_6deef7357e7b4530_switch", "bpf_trace_run4", "__traceiter_sched_switch",
			  "__schedule"}) == 3);
	CHECK(own({"bpf_get_stack_raw_tp", "bpf_prog_6deef7357e7b4530", "bpf_trace_run3",
			  "__bpf_trace_sched_switch", "__schedule"}) == 4);
	CHECK(own({"bpf_prog_6deef7357e7b4530_f", "bpf_trampoline_6442518321", "__schedule"}) == 2);
	// The kernel need not list programs.
	CHECK(own({"[unknown]", "[unknown]", "bpf_trace_run4", "__schedule"}) == 3);
	CHECK(own({"[unknown]", "[unknown]", "[unknown]"}) == 0);
	CHECK(own({"bpf_get_stack_raw_tp", "[unknown]", "[unknown]", "bpf_trace_run4", "__schedule"}) == 4);
	// Nor compile them.
	CHECK(own({"bpf_get_stack_raw_tp", "___bpf_prog_run", "__bpf_prog_run64", "bpf_trace_run4",
			  "__traceiter_sched_switch", "__schedule"}) == 5);
	CHECK(own({"__bpf_prog_put_noref", "bpf_prog_release"}) == 0);
	// A task may itself be within bpf(), or be preempted within another program.
	CHECK(own({"bpf_trace_run4", "__schedule", "schedule", "bpf_prog_load", "__sys_bpf"}) == 1);
	CHECK(own({"bpf_trace_run4", "__schedule", "irqentry_exit", "bpf_prog_6deef7357e7b4530_f",
			  "bpf_trace_run2"}) == 1);
	CHECK(own({"bpf_prog_load", "__sys_bpf"}) == 0);
	CHECK(own({"bpf_prog_test_run_xdp", "bpf_trampoline_link_prog", "bpf_trace_run"}) == 0);
}

TEST_CASE("stacks folded: a line for each, kernel marked, nothing that would break a line")
{
	StackStyle style{"t", true, true, true};
	CHECK(told(stack_folded_writer(style)) ==
		"a:b;main;op:er\\n\\x1b[2J\\xff;[libz.so];[unknown];-;schedule_[k] 2500\n"
		"x.service;[kernel stack lost]_[k] 1\n");
	style = {"t"};
	CHECK(told(stack_folded_writer(style)).find("schedule_[k] 3\n") != std::string::npos);
}

TEST_CASE("stacks as a table: leaf first, addresses where nothing is known")
{
	CHECK(told(stack_table_writer({"t", true, true, true, true})) ==
		"    [kernel stack lost]\n    -                x.service\n        1\n\n"
		"    schedule+0x3\n    --\n    0x7f00\n    [libz.so]+0x1234 (/lib/libz.so)\n"
		"    op;er\\n\\x1b[2J\\xff+0x2 (/bin/x;y)\n    main+0x10 (/bin/x)\n    -                a;b (7)\n        2500\n\n"
		"# stacks 2, count 4, sum 0.002 s, window 1.500 s\n");
}

TEST_CASE("stacks in JSON: valid, with the exact bytes beside what is not UTF-8")
{
	const std::string text = told(stack_json_writer({"t", true, true}));
	const Json two = Json::parse(text.substr(0, text.find('\n'))),
			   one = Json::parse(text.substr(text.find('\n') + 1));
	CHECK(one.at("user").size() == 4);
	CHECK(one.at("user").at(0) == "main");
	CHECK(one.at("user_b64").size() == 4);
	CHECK(one.at("user_modules").at(3).is_null());
	CHECK(one.at("user_offsets") == Json::array({16, 2, 0x1234, 0x7f00}));
	CHECK(one.at("unnamed") == 2);
	CHECK(one.at("value_ns") == 2500000);
	CHECK(two.at("user").is_null());
	CHECK(two.at("kernel").empty());
	CHECK(two.at("missing") == Json::array({"kernel"}));
	CHECK(two.at("pid").is_null());
}

TEST_CASE("stacks for speedscope: samples, weights and frames agree")
{
	const Json file = Json::parse(told(stack_speedscope_writer({"t", true, true})));
	const Json& profile = file.at("profiles").at(0);
	CHECK(profile.at("unit") == "nanoseconds");
	CHECK(profile.at("samples").size() == 2);
	CHECK(profile.at("weights") == Json::array({1000, 2500000}));
	CHECK(profile.at("endValue") == 2501000);
	for (const Json& sample : profile.at("samples"))
		for (const Json& number : sample)
			CHECK(number.get<size_t>() < file.at("shared").at("frames").size());
}
