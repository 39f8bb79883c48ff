// SPDX-License-Identifier: BSD-2-Clause
// execsnoop -x: execs that fail are told with their error and what could be read of their arguments, and cost nothing
// unless asked for. Arguments of a failed call lie where the caller put them: what is not resident is told as "?".
#include "exec_support.h"

#include <cerrno>
#include <set>
#include <sys/syscall.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

const std::string kMe = std::to_string(getpid());

void check_failure(const Json& event, const Json& truth, const char* error)
{
	INFO("event: " << event.dump().substr(0, 3000) << "\ntruth: " << truth.dump().substr(0, 3000));
	CHECK(event.at("error") == error);
	for (const char* key : {"pid", "tid", "ppid", "nspid", "uid", "gid", "file", "ret", "comm"}) {
		INFO(key);
		CHECK(event.at(key) == truth.at(key));
	}
	CHECK(event.at("pcomm") == "execload");
	CHECK(event.at("args_bytes") == 0); // not known: only what was read is
	CHECK(event.at("exe").is_null());
	const int64_t at = rfc3339_ns(event.at("ts"));
	CHECK(at >= truth.at("not_before_ns").get<int64_t>());
	CHECK(at <= truth.at("not_after_ns").get<int64_t>());
}

void check_exact_failure(const char* load_case, const char* error, const char* hook = nullptr)
{
	INFO(load_case);
	const Strings options = hook ? Strings{"-x", "--hook", hook} : Strings{"-x"};
	TRACE_OR_SKIP(run, {load_case}, options);
	check_failure(run.event(), run.truth, error);
	CHECK(exact_list(run.event(), "args") == exact_list(run.truth, "argv"));
	CHECK(run.event().at("args_truncated") == false);
	CHECK(run.event().at("args_unreadable") == false);
}

// The one event of a call that fails in a child of this test.
Json failed_event(const Strings& options, const std::function<void()>& in_child)
{
	Strings command = {"execsnoop", "-x", "-P", kMe};
	command.insert(command.end(), options.begin(), options.end());
	Tool tool(command);
	run_program({"/never/reached"}, [&] {
		in_child();
		_exit(0);
	});
	tool.stop();
	REQUIRE(tool.events().size() == 1);
	return tool.events()[0];
}

} // namespace

TEST_CASE("execsnoop -x: failed execve, execveat and one by a thread, with the error's name", "[execsnoop]")
{
	check_exact_failure("failed-enoent", "ENOENT");
	check_exact_failure("failed-eacces", "EACCES");
	check_exact_failure("failed-enoexec", "ENOEXEC");
	check_exact_failure("failed-execveat", "ENOENT");
	check_exact_failure("failed-thread", "ENOENT");
}

TEST_CASE(
	"execsnoop -x: the programs for kernels without bpf_loop, or without BTF, tell the same", "[execsnoop]")
{
	for (const char* hook :
		{"tp_btf+tracepoint+unrolled", "raw_tp+tracepoint+unrolled", "raw_tp+tracepoint"}) {
		INFO(hook);
		if (hook == std::string("raw_tp+tracepoint") && cannot_trace().empty() &&
			!takes_hook({"execsnoop", "-x"}, hook)) // no bpf_loop
			continue;
		check_exact_failure("failed-enoent", "ENOENT", hook);
		check_exact_failure("failed-execveat", "ENOENT", hook);
	}
}

TEST_CASE("execsnoop: without -x failed execs are not told", "[execsnoop]")
{
	for (const char* name : {"failed-enoent", "failed-execveat"}) {
		TRACE_OR_SKIP(run, {name});
		CHECK(run.events.empty());
	}
}

TEST_CASE("execsnoop -x: execs that succeed are told once, as without it", "[execsnoop]")
{
	for (const char* name : {"execve", "thread", "execveat", "fexecve", "script", "pidns", "nonresident"}) {
		INFO(name);
		TRACE_OR_SKIP(run, {name}, {"-x"});
		CHECK(run.event().at("ret") == 0);
		CHECK(run.event().at("error").is_null());
		CHECK(run.event().at("args") == run.truth.at("final_argv"));
		CHECK(run.event().at("pid") == run.truth.at("pid"));
	}
}

TEST_CASE("execsnoop -x: arguments that are not resident are told as ? and flagged (E4)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"failed-nonresident"}, {"-x"});
	check_failure(run.event(), run.truth, "ENOENT");
	CHECK(run.event().at("args") == Json({"quiet", "?", "?"}));
	CHECK(run.event().at("args_unreadable") == true);
	TRACE_TEXT_OR_SKIP(table, {"failed-nonresident"}, {"-x"});
	REQUIRE(table.lines.size() == 1);
	CHECK(table_row(table.heading, table.lines[0]).at("ARGS") == "quiet ? ? ...[unreadable]");
	TRACE_TEXT_OR_SKIP(csv, {"failed-nonresident"}, {"-x", "--output", "csv"});
	REQUIRE(csv.lines.size() == 1);
	const Row row = csv_row(csv.heading, csv.lines[0]);
	CHECK(quoted_list(row.at("args")) == Strings{"quiet", "?", "?"});
	CHECK(row.at("args_unreadable") == "true");
	CHECK(row.at("error") == "ENOENT");
	CHECK(row.at("ret") == "-2");
}

TEST_CASE("execsnoop -x: an argument too long for the kernel is cut and flagged (E7)", "[execsnoop]")
{
	for (const char* bytes : {"4096", "131072"}) {
		INFO(bytes);
		TRACE_OR_SKIP(run, {"failed-e2big"}, {"-x", "--max-arg-bytes", bytes});
		check_failure(run.event(), run.truth, "E2BIG");
		const Strings argv = exact_list(run.truth, "argv"), shown = exact_list(run.event(), "args");
		REQUIRE(shown.size() == 4);
		CHECK((Strings(shown.begin(), shown.end() - 1) == Strings(argv.begin(), argv.end() - 1)));
		CHECK(shown[3].size() == std::stoul(bytes) - 14);
		CHECK((argv[3].substr(0, shown[3].size()) == shown[3]));
		CHECK(run.event().at("args_truncated") == true);
	}
}

TEST_CASE("execsnoop -x: arguments are exact up to --max-arg-bytes, and flagged from the next byte on",
	"[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const size_t most : {100u, 4096u, 8192u, 131072u}) {
		struct Made {
			Strings argv;
			size_t over;
		};
		std::map<pid_t, Made> made;
		Tool tool(
			{"execsnoop", "-x", "-P", kMe, "--max-arg-bytes", std::to_string(most), "--buffer-size", "32M"});
		for (const size_t pieces : {1u, 2u, 3u})
			for (const size_t over : {0u, 1u, 50u}) {
				Strings argv(pieces);
				size_t left = most + over;
				for (size_t i = 0; i < pieces; i++) {
					const size_t size = i + 1 == pieces ? left : left / 2;
					while (argv[i].size() < size - 1)
						argv[i] += std::to_string(argv[i].size()) + ".";
					argv[i].resize(size - 1);
					left -= size;
				}
				made[run_file("/no/such/program", argv)] = {argv, over};
			}
		tool.stop();
		CHECK(tool.events().size() == made.size());
		for (const Json& event : tool.events()) {
			const Made& one = made.at(event.at("pid").get<pid_t>());
			INFO("--max-arg-bytes " << most << ", " << one.argv.size() << " arguments, " << one.over
									<< " bytes too many");
			CHECK(event.at("args_truncated") == (one.over > 0));
			CHECK(event.at("args_unreadable") == false);
			CHECK((exact_list(event, "args") == first_bytes(one.argv, most)));
		}
	}
}

TEST_CASE("execsnoop -x: 1,000 arguments of a failed exec, all or flagged", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Strings argv;
	for (int i = 0; i < 1000; i++)
		argv.push_back("argument-" + std::to_string(i));
	const auto call = [&] {
		std::vector<char*> pointers;
		for (std::string& arg : argv)
			pointers.push_back(arg.data());
		pointers.push_back(nullptr);
		execv("/no/such/program", pointers.data());
	};
	const Json event = failed_event({"--max-arg-bytes", "128K"}, call);
	const Strings shown = exact_list(event, "args");
	// A kernel without loops in BPF (before 5.17) follows 32.
	CHECK(event.at("args_truncated") == (shown.size() < 1000));
	REQUIRE((shown.size() == 1000 || shown.size() == 32));
	CHECK((shown == Strings(argv.begin(), argv.begin() + static_cast<long>(shown.size()))));
	const Json few = failed_event({"--max-args", "3"}, call);
	CHECK(few.at("args") == Json({"argument-0", "argument-1", "argument-2"}));
	CHECK(few.at("args_truncated") == true);
}

TEST_CASE("execsnoop -x: no argument vector, an empty one, and addresses that are nowhere", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const char* file = "/no/such/program";
	const Json none = failed_event({}, [&] { syscall(SYS_execve, file, nullptr, nullptr); });
	CHECK(none.at("args") == Json::array());
	CHECK(none.at("args_unreadable") == false); // the kernel takes it for an empty one
	CHECK(none.at("error") == "ENOENT");
	const Json empty = failed_event({}, [&] {
		char* const argv[] = {nullptr};
		syscall(SYS_execve, file, argv, nullptr);
	});
	CHECK(empty.at("args") == Json::array());
	CHECK(empty.at("args_unreadable") == false);
	const Json nowhere = failed_event({}, [&] { syscall(SYS_execve, "/bin/true", 8, nullptr); });
	CHECK(nowhere.at("error") == "EFAULT");
	CHECK(nowhere.at("args") == Json::array());
	CHECK(nowhere.at("args_unreadable") == true);
	const Json partly = failed_event({}, [&] {
		char one[] = "one", three[] = "three";
		char* const argv[] = {one, reinterpret_cast<char*>(8), three, nullptr};
		syscall(SYS_execve, "/bin/true", argv, nullptr);
	});
	CHECK(partly.at("error") == "EFAULT");
	CHECK(partly.at("args") == Json({"one", "?", "three"}));
	CHECK(partly.at("args_unreadable") == true);
	const Json no_file = failed_event({}, [&] {
		char one[] = "one";
		char* const argv[] = {one, nullptr};
		syscall(SYS_execve, nullptr, argv, nullptr);
	});
	CHECK(no_file.at("error") == "EFAULT");
	CHECK(no_file.at("args") == Json({"one"}));
}

TEST_CASE("execsnoop -x: hostile bytes of failed execs come back exactly from all formats (E12, E13)",
	"[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Strings argv = {"\x1b[2J", "new\nline", "\xff\xfe", "", "a \"q\" \\", "\xe2\x80\xae"};
	const Shown shown = show_arguments(argv, {"-x"}, "/no/such\n\x1b[1mprogram");
	CHECK(shown.json == argv);
	CHECK(shown.csv == argv);
	CHECK(shown.table == argv);
	CHECK(shown.note.empty());
	CHECK(exact_text(shown.event, "file") == "/no/such\n\x1b[1mprogram");
	CHECK(unescaped(shown.row.at("file")) == "/no/such\n\x1b[1mprogram");
	CHECK(shown.raw.find('\x1b') == std::string::npos);
	CHECK(std::count(shown.raw.begin(), shown.raw.end(), '\n') == 3);
}

TEST_CASE("execsnoop -x: filters hold for failed execs", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto found = [&](Strings options) {
		options.insert(options.begin(), {"execsnoop", "-x", "-P", kMe});
		Tool tool(options);
		for (const char* mark : {"a", "b", "c"})
			run_file("/no/such/program", {"name", mark});
		run_file("/no/such/other", {"name", "d"});
		tool.stop();
		std::string marks;
		for (const Json& event : tool.events())
			marks += event.at("args")[1].get<std::string>();
		return marks;
	};
	CHECK(found({}) == "abcd");
	CHECK(found({"-l", "name [ab]$"}) == "ab");
	CHECK(found({"-n", "^program$"}) == "abc");
	CHECK(found({"-n", "^c$"}) == "c");
	CHECK(found({"-u", std::to_string(getuid())}) == "abcd");
	CHECK(found({"-u", std::to_string(getuid() + 1)}).empty());
	const TestCgroup group(own_name(""));
	if (group.problem().empty())
		CHECK(found({"-c", group.path()}).empty());
}

TEST_CASE("execsnoop: the hooks on system calls are there with -x and only then", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const bool fails : {false, true}) {
		Tool tool(fails ? Strings{"execsnoop", "-x"} : Strings{"execsnoop"});
		size_t programs = 0;
		std::multiset<std::string> links;
		for (const BpfFd& fd : bpf_fds(tool.process().pid())) {
			programs += fd.count("prog_type");
			if (fd.count("link_type"))
				links.insert(fd.at("link_type"));
		}
		INFO("-x: " << fails << ", links: " << Json(links).dump());
		CHECK(programs == (fails ? 4 : 2)); // one of them waits for new cgroups
		CHECK(links.size() == (fails ? 4 : 2));
		CHECK(links.count("perf") == (fails ? 2 : 0)); // tracepoints of system calls
		const std::string best = fails ? "tp_btf+tracepoint" : "tp_btf", hooks = tool.meta().at("hooks");
		CHECK((hooks == best || hooks == best + "+unrolled"));
		tool.stop();
	}
}

TEST_CASE("execsnoop: --help says what -x costs everyone", "[execsnoop]")
{
	Process help({corescope_path(), "execsnoop", "--help"});
	std::string text = help.rest();
	CHECK(help.wait() == 0);
	for (size_t at; (at = text.find('\n')) != std::string::npos;)
		text[at] = ' ';
	text.erase(std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
		text.end());
	const size_t at = text.find("-x, --fails");
	REQUIRE(at != std::string::npos);
	const std::string said = text.substr(at, 250);
	INFO(said);
	CHECK(said.find("every system call of every process") != std::string::npos);
	CHECK(said.find(" ns ") != std::string::npos);
}
