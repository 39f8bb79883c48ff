// SPDX-License-Identifier: BSD-2-Clause
// Kernels that offer no BTF: with none of it there is one line; with a bundle of two thousand bytes, or with all types
// from a file, the tools count and tell what they do with the kernel's own.
#include "cpudist.h"
#include "exec_support.h"
#include "ran.h"
#include "signal_truth.h"
#include "without_btf.h"

#include <algorithm>
#include <bpf/btf.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

using namespace corescope::test;

#define NEEDS_HIDING()                                        \
	if (const auto why = cannot_trace(); !why.empty())        \
		SKIP_TEST(why);                                       \
	if (const auto why = WithoutBtf::problem(); !why.empty()) \
	SKIP_TEST(why)

namespace {

const char* const kTools[] = {"execsnoop", "killsnoop", "sigsnoop", "cpudist"};

Ran run_corescope(Strings arguments, const std::vector<std::string>& environment = {})
{
	arguments.insert(arguments.begin(), corescope_path());
	return run(arguments, {.environment = environment});
}

void check_refused(const Ran& ran, int status, const Strings& words)
{
	INFO(ran.err);
	CHECK(ran.status == status);
	CHECK(ran.out.empty());
	CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
	for (const std::string& word : words) {
		INFO(word);
		CHECK(ran.err.find(word) != std::string::npos);
	}
}

void write_file(const std::string& path, const std::string& bytes)
{
	std::ofstream(path, std::ios::binary) << bytes;
}

std::string release()
{
	utsname name;
	uname(&name);
	return name.release;
}

// Raw BTF of a kernel with such a register, whose processes have their name where none of this machine's do.
std::string types_of(const char* saved_register, bool other_byte_order)
{
	btf* types = btf__new_empty();
	const int letter = btf__add_int(types, "char", 1, 0), word = btf__add_int(types, "long", 8, 0);
	const int name = btf__add_array(types, word, letter, 16);
	btf__add_struct(types, "task_struct", 64);
	btf__add_field(types, "comm", name, 8 * 8, 0);
	btf__add_struct(types, "pt_regs", 8);
	btf__add_field(types, saved_register, word, 0, 0);
	if (other_byte_order)
		btf__set_endianness(types, BTF_BIG_ENDIAN);
	uint32_t size;
	const auto* raw = static_cast<const char*>(btf__raw_data(types, &size));
	REQUIRE(raw);
	std::string bytes(raw, size);
	btf__free(types);
	return bytes;
}

// Which of them pt_regs has tells the machine.
#ifdef __x86_64__
constexpr const char *kRegister = "orig_ax", *kOtherRegister = "syscallno";
#else
constexpr const char *kRegister = "syscallno", *kOtherRegister = "orig_ax";
#endif
constexpr const char* kOwn = "/sys/kernel/btf/vmlinux";

} // namespace

TEST_CASE("no BTF: without --btf one line tells of it and ends with 69", "[btf]")
{
	NEEDS_HIDING();
	const WithoutBtf hidden;
	for (const char* tool : kTools)
		check_refused(run_corescope({tool, "--duration", "1ms"}), 69, {"/sys/kernel/btf/vmlinux", "--btf"});
	check_refused(run_corescope({"btf", "bundle", "-o", "/dev/null"}), 69, {"/sys/kernel/btf/vmlinux"});
}

TEST_CASE("no BTF: hooks that need the kernel's own types are refused as that", "[btf]")
{
	NEEDS_HIDING();
	const std::string bundle = own_bundle();
	SECTION("hidden")
	{
		const WithoutBtf hidden;
		check_refused(run_corescope({"sigsnoop", "--btf", bundle, "--hook", "tp_btf"}), 69,
			{"tp_btf", "offers none", "raw_tp"});
	}
	SECTION("beside the kernel's own")
	{
		check_refused(
			run_corescope({"sigsnoop", "--btf", bundle, "--hook", "tp_btf"}), 69, {"tp_btf", "--btf"});
		Tool tool({"sigsnoop", "--btf", bundle});
		CHECK(tool.meta().at("hooks") == "raw_tp");
		tool.stop();
	}
}

TEST_CASE("no BTF: meta names the file, and the kernel's own types again are the kernel's own", "[btf]")
{
	NEEDS_HIDING();
	for (const char* name : kTools) {
		Tool own({name}), same({name, "--btf", kOwn});
		own.stop();
		same.stop();
		CHECK(own.meta().at("btf").is_null());
		CHECK(same.meta().at("btf") == kOwn);
		CHECK(same.meta().at("hooks") == own.meta().at("hooks"));
	}
}

TEST_CASE("no BTF: execsnoop tells execs as it does with the kernel's types", "[btf]")
{
	NEEDS_HIDING();
	const ScratchDir folder;
	write_file(folder / "all.btf", contents(kOwn));
	const std::string types = GENERATE("bundle", "all types");
	CAPTURE(types);
	const std::string file = types == "bundle" ? own_bundle() : folder / "all.btf";
	const WithoutBtf hidden({"--btf", file});
	for (const char* name : {"execve", "execveat-dirfd", "script", "thread", "pidns"}) {
		INFO(name);
		const Traced traced = trace_case({name});
		if (!traced.skip.empty())
			continue;
		REQUIRE(traced.events.size() == 1);
		CHECK(traced.meta.at("hooks").get<std::string>().rfind("raw_tp", 0) == 0);
		CHECK(traced.meta.at("btf") == file);
		CHECK(exact_list(traced.event(), "args") == exact_list(traced.truth, "final_argv"));
		for (const char* key : {"pid", "tid", "ppid", "nspid", "uid", "gid", "ret", "comm", "exe", "cwd"}) {
			INFO(key);
			CHECK(traced.event().at(key) == traced.truth.at(key));
		}
	}
}

TEST_CASE("no BTF: execsnoop -x tells execs that fail", "[btf]")
{
	NEEDS_HIDING();
	const std::string bundle = own_bundle();
	const WithoutBtf hidden({"--btf", bundle});
	for (const char* name : {"failed-enoent", "failed-execveat", "failed-thread"}) {
		INFO(name);
		const Traced traced = trace_case({name}, {"-x"});
		REQUIRE(traced.skip.empty());
		REQUIRE(traced.events.size() == 1);
		CHECK(traced.event().at("error") == "ENOENT");
		CHECK(exact_list(traced.event(), "args") == exact_list(traced.truth, "argv"));
		for (const char* key : {"pid", "tid", "ppid", "nspid", "uid", "gid", "file", "ret", "comm"}) {
			INFO(key);
			CHECK(traced.event().at(key) == traced.truth.at(key));
		}
	}
}

TEST_CASE("no BTF: killsnoop and sigsnoop tell every case that sigload has", "[btf]")
{
	NEEDS_HIDING();
	const std::string bundle = own_bundle();
	const WithoutBtf hidden({"--btf", bundle});
	std::vector<std::vector<std::string>> ways;
	for (const char* hook : {"raw_tp+tracepoint", "raw_tp+sys_exit"})
		if (takes_hook({"killsnoop"}, hook))
			ways.push_back({"--hook", hook});
	REQUIRE(!ways.empty());
	for (const std::string& name : signal_cases()) {
		std::vector<SignalCase> done;
		const auto kills = told_with("killsnoop", ways, {name}, done);
		if (done.at(0).skipped())
			continue;
		INFO(name);
		for (const auto& told : kills)
			CHECK(difference(owed_calls(done[0]), told) == "");
		const auto signals = told_with("sigsnoop", {{}}, {name}, done);
		CHECK(difference(owed_signals(done[0]), signals.at(0)) == "");
	}
}

TEST_CASE("no BTF: cpudist counts every slice, on and off the CPU", "[btf]")
{
	NEEDS_HIDING();
	const std::string bundle = own_bundle();
	const WithoutBtf hidden({"--btf", bundle});
	const auto [arguments, off, hooks] = GENERATE(table<Strings, bool, std::string>({
		{{"-p", "PID"}, false, "raw_tp"},
		{{"-P", "--max-keys", "4000"}, false, "raw_tp"},
		{{"-L", "-p", "PID"}, false, "raw_tp"},
		{{"-O", "-p", "PID"}, true, "raw_tp+hash"},
		{{"-O", "-P", "-p", "PID"}, true, "raw_tp+hash"},
	}));
	CAPTURE(arguments);
	Load load("switchload",
		off ? Strings{"burn", "200", "4000", "150"} : Strings{"burn", "5000", "300", "100"}, true);
	NEED_LOAD(load);
	const Beside ran = beside({&load}, arguments);
	CHECK(ran.records.at(0).at("type") == "hist");
	const bool all = std::count(arguments.begin(), arguments.end(), "--max-keys");
	const Hist told = all ? total_of(ran.records, "pid", load.pid()) : total(ran.records);
	const double ns = off ? ran.truth[0].at("wall_ns").get<double>() - ran.run_ns() : ran.run_ns();
	CAPTURE(told.count, ran.switches(), told.sum_ns, ns, told.dropped, ran.errors);
	CHECK(within_one_percent(told.count, ran.switches()));
	CHECK((off ? ran.off_time_agrees(told.sum_ns) : ran.on_time_agrees(told.sum_ns)));
	Strings command = arguments;
	std::replace(command.begin(), command.end(), std::string("PID"), std::to_string(getpid()));
	command.insert(command.begin(), "cpudist");
	Tool tool(command);
	CHECK(tool.meta().at("hooks") == hooks);
	tool.stop();
}

TEST_CASE("no BTF: CORESCOPE_BTF and the usual folders are for kernels that offer none", "[btf]")
{
	NEEDS_HIDING();
	const std::string bundle = own_bundle(), variable = "CORESCOPE_BTF=";
	const auto meta = [](const Ran& ran) {
		INFO(ran.err);
		REQUIRE(ran.status == 0);
		return Json::parse(ran.out.substr(0, ran.out.find('\n')));
	};
	const Strings tool = {"sigsnoop", "--output", "json", "--duration", "1ms"};
	CHECK(meta(run_corescope(tool, {variable + "/nonexistent"})).at("btf").is_null());
	{
		const WithoutBtf hidden;
		CHECK(meta(run_corescope(tool, {variable + bundle})).at("btf") == bundle);
		check_refused(run_corescope(tool, {variable + "/nonexistent"}), 64, {"/nonexistent"});
	}
	// The folders as they would be on a host: mounted over, so that nothing of this one is touched.
	const ScratchDir folder;
	const std::string script = folder / "with-folders";
	const std::string name = GENERATE(std::string("kernels.btfs"), release() + ".btf");
	write_file(script,
		"#!/bin/sh\n[ -n \"$INSIDE\" ] || INSIDE=1 exec unshare -m \"$0\" \"$@\"\n"
		"mount --make-rprivate / && mount -t tmpfs none /var/lib && mkdir -p /var/lib/corescope/btf || exit 126\n" +
			(name == "kernels.btfs" ? "cp " + bundle : std::string("cp ") + kOwn) +
			" /var/lib/corescope/btf/" + name + "\nmount -t tmpfs none /sys/kernel/btf || exit 126\nexec " +
			corescope_path() + " \"$@\"\n");
	REQUIRE(chmod(script.c_str(), 0755) == 0);
	Strings command = tool;
	command.insert(command.begin(), script);
	Process process(command);
	const std::string out = process.rest();
	CHECK(meta({process.wait(), out, process.errors()}).at("btf") == "/var/lib/corescope/btf/" + name);
}

TEST_CASE("--btf: what is no BTF, is not whole, or is of another kernel is one line each", "[btf]")
{
	NEEDS_HIDING();
	const ScratchDir folder;
	const std::string own = contents(kOwn), bundle = contents(own_bundle());
	const auto refused = [&](const std::string& bytes, int status, const Strings& words) {
		const std::string file = folder / "file";
		write_file(file, bytes);
		Strings all = words;
		all.push_back("--btf: " + file);
		check_refused(run_corescope({"execsnoop", "--btf", file, "--duration", "1ms"}), status, all);
	};
	refused("", 65, {"no BTF"});
	refused("root:x:0:0\n", 65, {"no BTF"});
	refused(own.substr(0, own.size() / 2), 65, {"not whole"});
	refused(own.substr(0, 8), 65, {"not whole"});
	refused(contents("/proc/self/exe"), 65, {"ELF", ".BTF"});
	refused(bundle.substr(0, bundle.size() - 1), 65, {"no whole bundle"});
	std::string flipped = bundle;
	flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
	refused(flipped, 65, {"no whole bundle"});
	check_refused(run_corescope({"execsnoop", "--btf", folder / "none"}), 64, {"cannot be opened"});

	write_file(folder / "own.btf", own);
	const Ran made =
		run_corescope({"btf", "bundle", "-o", folder / "made", "4.19.0-1-amd64=" + (folder / "own.btf")});
	INFO(made.err);
	REQUIRE(made.status == 0);
	refused(contents(folder / "made"), 69, {"none for Linux " + release(), "btf list"});
	CHECK(run_corescope({"btf", "list", folder / "made"}).out.find("4.19.0-1-amd64") != std::string::npos);
	refused(types_of(kRegister, false), 69, {"is of another kernel"});
	refused(types_of("sixth", false), 69, {"x86_64 or arm64"});
	refused(types_of(kRegister, true), 69, {"byte order"});
	refused(types_of(kOtherRegister, false), 69, {"is of a kernel for"});
}
