// SPDX-License-Identifier: BSD-2-Clause
// execsnoop: every way to start a program is seen, once, with the exact argument vector and with who did it. The
// numbers E1… are those defects of libbpf-tools' execsnoop that a case would show there.
#include "exec_support.h"

#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <set>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

// Everything that the load knows of a program that now runs.
void check_success(const Json& event, const Json& truth)
{
	INFO("event: " << event.dump().substr(0, 3000) << "\ntruth: " << truth.dump().substr(0, 3000));
	CHECK(exact_list(event, "args") == exact_list(truth, "final_argv"));
	CHECK(event.at("args_bytes") == truth.at("final_bytes"));
	CHECK(event.at("args_truncated") == false);
	CHECK(event.at("args_unreadable") == false);
	CHECK(event.at("paths_truncated") == false);
	for (const char* key : {"pid", "tid", "ppid", "nspid", "uid", "gid", "file", "ret", "comm"}) {
		INFO(key);
		CHECK(event.at(key) == truth.at(key));
	}
	CHECK(event.at("error").is_null());
	CHECK(event.at("pcomm") == "execload");
	if (truth.at("case") != "chroot") {
		CHECK(event.at("exe") == truth.at("exe"));
		CHECK(event.at("cwd") == truth.at("cwd"));
	}
	const int64_t at = rfc3339_ns(event.at("ts"));
	CHECK(at >= truth.at("not_before_ns").get<int64_t>());
	CHECK(at <= truth.at("not_after_ns").get<int64_t>());
}

} // namespace

TEST_CASE("execsnoop: execve, with every field as the load knows it (E5, E19, X2, X17)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"execve"});
	check_success(run.event(), run.truth);
	CHECK(run.event().at("args")[0] == "quiet"); // argv[0], not the file
	CHECK(run.event().at("file").get<std::string>().substr(0, 1) == "/");
}

TEST_CASE(
	"execsnoop: the programs for kernels without bpf_loop, or without BTF, tell the same", "[execsnoop]")
{
	const std::string hook = GENERATE("tp_btf+unrolled", "raw_tp", "raw_tp+unrolled");
	CAPTURE(hook);
	if (hook == "raw_tp" && cannot_trace().empty() && !takes_hook({"execsnoop"}, hook)) // no bpf_loop
		return;
	for (const char* name : {"execve", "execveat", "script", "thread", "nonresident"}) {
		INFO(name);
		TRACE_OR_SKIP(run, {name}, {"--hook", hook});
		check_success(run.event(), run.truth);
	}
}

TEST_CASE("execsnoop: execveat, by path, below a directory, and fexecve (E1)", "[execsnoop]")
{
	for (const char* name : {"execveat", "execveat-dirfd", "fexecve"}) {
		TRACE_OR_SKIP(run, {name});
		INFO(name);
		REQUIRE(run.events.size() == 1);
		Json event = run.event();
		// The kernel hands a name of its own making on where the path is relative to a descriptor.
		if (run.truth.at("case") != "execveat") {
			CHECK(event.at("file").get<std::string>().rfind("/dev/fd/", 0) == 0);
			event["file"] = run.truth.at("file");
		}
		check_success(event, run.truth);
	}
}

TEST_CASE("execsnoop: fexecve of a file that has no path at all (E1)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Tool tool({"execsnoop", "-P", std::to_string(getpid())});
	const int program = memfd_create("nowhere", 0);
	REQUIRE(program >= 0);
	const int source = open(load_path("quiet").c_str(), O_RDONLY | O_CLOEXEC);
	struct stat size;
	REQUIRE((source >= 0 && fstat(source, &size) == 0));
	char chunk[65536];
	for (ssize_t n; (n = read(source, chunk, sizeof(chunk))) > 0;)
		REQUIRE(write(program, chunk, static_cast<size_t>(n)) == n);
	close(source);
	const pid_t pid = run_program({"never used"}, [&] {
		char name[] = "hidden", one[] = "one";
		char* const argv[] = {name, one, nullptr};
		char* const env[] = {nullptr};
		syscall(SYS_execveat, program, "", argv, env, AT_EMPTY_PATH);
	});
	close(program);
	tool.stop();
	const auto events = tool.events();
	REQUIRE(events.size() == 1);
	CHECK(events[0].at("pid") == pid);
	CHECK(events[0].at("args") == Json({"hidden", "one"}));
	CHECK(events[0].at("exe").get<std::string>().find("memfd:nowhere") != std::string::npos);
}

TEST_CASE(
	"execsnoop: exec by a thread that is not the leader, each time, with the old tid (E2)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"thread", "--count", "5"});
	REQUIRE(run.truths.size() == 5);
	REQUIRE(run.events.size() == 5);
	for (size_t i = 0; i < 5; i++) {
		CHECK(run.truths[i].at("tid") != run.truths[i].at("pid"));
		check_success(run.events[i], run.truths[i]);
	}
	// What leaked there was an entry for each in a hash; here nothing stands between entry and exit.
	Tool tool({"execsnoop"});
	for (const BpfFd& fd : bpf_fds(tool.process().pid()))
		if (fd.count("map_type")) {
			const int type = std::stoi(fd.at("map_type")); // 27: ring buffer, 2: array (rodata, bss)
			CHECK((type == 27 || type == 2));
		}
	tool.stop();
}

TEST_CASE(
	"execsnoop: a number that comes again never brings the last owner's command line (E3)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (int attempt = 0; attempt < 20; attempt++) {
		Load load("execload", {"thread"});
		Tool tool({"execsnoop"});
		load.go();
		const Json truth = load.truth().at(0);
		REQUIRE(load.finish() == 0);
		// The calling thread's number is free since the exec; a new process is made to have it.
		pid_t number = truth.at("tid").get<pid_t>();
		clone_args how{};
		how.set_tid = reinterpret_cast<uint64_t>(&number);
		how.set_tid_size = 1;
		how.exit_signal = SIGCHLD;
		const std::string file = load_path("quiet");
		const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &how, sizeof(how)));
		if (pid == 0) {
			char name[] = "second", mark[] = "owner";
			char* const argv[] = {name, mark, nullptr};
			char* const env[] = {nullptr};
			execve(file.c_str(), argv, env);
			_exit(127);
		}
		if (pid < 0 && errno == EEXIST) // somebody else was given it meanwhile
			continue;
		if (pid < 0)
			SKIP_TEST("numbers of processes cannot be chosen here: " + std::string(std::strerror(errno)));
		REQUIRE(pid == number);
		int status = -1;
		REQUIRE(waitpid(pid, &status, 0) == pid);
		REQUIRE(status == 0);
		tool.stop();
		const auto first = tool.events([&](const Json& e) { return e.at("ppid") == load.pid(); });
		const auto second =
			tool.events([&](const Json& e) { return e.at("pid") == number && e.at("ppid") == getpid(); });
		REQUIRE(first.size() == 1);
		check_success(first[0], truth);
		REQUIRE(second.size() == 1);
		CHECK(second[0].at("tid") == number);
		CHECK(second[0].at("args") == Json({"second", "owner"}));
		return;
	}
	SKIP_TEST("the number was taken by others each time");
}

TEST_CASE("execsnoop: vfork, and a 32-bit call where the kernel takes it (E18)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"vfork"});
	check_success(run.event(), run.truth);
	TRACE_OR_SKIP(compat, {"compat"});
	check_success(compat.event(), compat.truth);
}

TEST_CASE("execsnoop: a program that the kernel itself starts (E18)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// A version 1 hierarchy of the test's own has its own release agent, which runs when a group becomes empty.
	const ScratchDir dir;
	const OwnHierarchy hierarchy(dir.path());
	if (!hierarchy.mounted())
		SKIP_TEST("no cgroup hierarchy of its own can be mounted: " + std::string(std::strerror(errno)));
	const auto put = [](const std::string& file, const std::string& text) {
		const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
		const bool good = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
		close(fd);
		return good;
	};
	// The kernel looks for it from the first process' root.
	const std::string agent = "/proc/" + std::to_string(getpid()) + "/root" + load_path("quiet");
	const std::string group = dir / "group";
	const bool ready = mkdir(group.c_str(), 0755) == 0 && put(dir / "release_agent", agent) &&
		put(group + "/notify_on_release", "1");
	Tool tool({"execsnoop"});
	if (ready) {
		const pid_t pid = run_program({load_path("quiet")}, [&] {
			if (!put(group + "/cgroup.procs", "0"))
				_exit(126);
		});
		CHECK(pid > 0);
		const Json& event =
			tool.until([&](const Json& e) { return e.at("type") == "event" && e.at("args")[0] == agent; });
		CHECK(event.at("args") == Json({agent, "/group"}));
		CHECK(event.at("uid") == 0);
		CHECK(event.at("ret") == 0);
	}
	tool.stop();
	rmdir(group.c_str());
	if (!ready)
		SKIP_TEST("this kernel has no release agents");
}

TEST_CASE(
	"execsnoop: scripts with their interpreter, also one script that another one interprets", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"script"});
	check_success(run.event(), run.truth);
	CHECK(run.event().at("args")[1] == run.truth.at("file")); // what was called is among the arguments
	CHECK(run.event().at("exe") == run.event().at("args")[0]);
	TRACE_OR_SKIP(nested, {"script-nested"});
	check_success(nested.event(), nested.truth);
	CHECK(nested.event().at("args").size() == 7);
}

TEST_CASE("execsnoop: an empty argument vector, as the program gets it", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"empty-argv"});
	check_success(run.event(), run.truth);
}

TEST_CASE("execsnoop: arguments that are not resident when the call begins (E4)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"nonresident"});
	check_success(run.event(), run.truth);
	CHECK(run.event().at("args").size() == 5);
}

TEST_CASE("execsnoop: in a PID namespace, told by the host's number and by its own (E19)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"pidns"});
	check_success(run.event(), run.truth);
	CHECK(run.event().at("nspid") == 2);
	CHECK(run.event().at("nspid") != run.event().at("pid"));
}

TEST_CASE("execsnoop: in a mount namespace, and below another root", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"mntns"});
	check_success(run.event(), run.truth);
	TRACE_OR_SKIP(inside, {"chroot"});
	check_success(inside.event(), inside.truth);
	// As the program itself sees them.
	CHECK(inside.event().at("exe") == "/quiet");
	CHECK(inside.event().at("cwd") == "/");
}

TEST_CASE(
	"execsnoop: a command name longer than the kernel keeps is whole in file and arguments", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"longname"});
	check_success(run.event(), run.truth);
	CHECK(run.event().at("comm").get<std::string>().size() == 15);
	CHECK(run.event().at("args")[0] == "a-command-name-of-more-than-15-bytes");
}

TEST_CASE("execsnoop: uid and gid are those of the new program", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"uid", "65534"});
	check_success(run.event(), run.truth);
	CHECK(run.event().at("uid") == 65534);
	CHECK(run.event().at("gid") == 65534);
}

TEST_CASE("execsnoop: a directory and a file deeper than fits are flagged, never told as another path",
	"[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const ScratchDir dir;
	// Deep enough for the kernel half's steps in one case, too long for its bytes in the other.
	for (const auto& [depth, name] : {std::pair<int, std::string>{100, "d"}, {10, std::string(250, 'n')}}) {
		std::string deep = dir.path();
		std::string file = load_path("quiet");
		Tool tool({"execsnoop", "-P", std::to_string(getpid())});
		const int root = open(deep.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
		int at = root;
		for (int i = 0; i < depth; i++) {
			REQUIRE((mkdirat(at, name.c_str(), 0755) == 0 || errno == EEXIST));
			const int next = openat(at, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
			REQUIRE(next >= 0);
			close(at);
			at = next;
			deep += "/" + name;
		}
		run_program({file}, [&] {
			if (fchdir(at) != 0)
				_exit(126);
		});
		close(at);
		// The same program by a path that is as long as a path may be.
		std::string longer = load_path("");
		while (longer.size() < 3000)
			longer += "./";
		longer += "quiet";
		run_program({longer});
		tool.stop();
		const auto events = tool.events();
		REQUIRE(events.size() == 2);
		INFO(events[0].dump().substr(0, 3000));
		CHECK(events[0].at("paths_truncated") == true);
		const auto cwd = events[0].at("cwd").get<std::string>();
		REQUIRE(cwd.rfind(".../", 0) == 0);
		CHECK(cwd.size() > 20);
		CHECK(deep.substr(deep.size() - (cwd.size() - 3)) == cwd.substr(3));
		CHECK(events[1].at("paths_truncated") == true);
		const auto told = events[1].at("file").get<std::string>();
		CHECK(told.size() > 1000);
		CHECK(longer.rfind(told, 0) == 0);
		CHECK(events[1].at("args")[0] == longer);
	}
}

TEST_CASE("execsnoop: a command's name may be any bytes", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const ScratchDir dir;
	// The second is cut by the kernel within a character.
	for (const std::string name : {"e\x1b[31m\n\"il",
			 "x\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", "\xff\xfe"}) {
		copy_program(load_path("quiet"), dir / name);
		Tool tool({"execsnoop", "-P", std::to_string(getpid())});
		run_program({dir / name});
		tool.stop();
		TextTool text({"-P", std::to_string(getpid())});
		run_program({dir / name});
		const Strings lines = text.stop();
		const auto events = tool.events();
		REQUIRE(events.size() == 1);
		CHECK(exact_text(events[0], "comm") == name.substr(0, 15));
		CHECK(exact_text(events[0], "exe") == dir / name);
		CHECK(exact_text(events[0], "file") == dir / name);
		REQUIRE(lines.size() == 1);
		CHECK(lines[0].find('\x1b') == std::string::npos);
		CHECK(lines[0].find("\xff") == std::string::npos);
		CHECK(unescaped(lines[0]).rfind(name.substr(0, 15), 0) == 0);
	}
}
