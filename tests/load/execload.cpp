// SPDX-License-Identifier: BSD-2-Clause
// Makes execs of every kind and prints the exact truth of each: what was passed, who called, what became of
// it. argv is what the call got, final_argv what /proc/PID/cmdline holds then (scripts get their
// interpreter); where an argument is not UTF-8 the same key with _hex holds all arguments exactly. pid, tid
// and ppid are the host's; tid is the caller's before the exec. The protocol is in load.h.
#include "exec_run.h"

#include <grp.h>
#include <sys/mount.h>

using namespace corescope::load;

namespace {

Exec quiet(std::vector<std::string> more = {"one", "two"})
{
	Exec exec;
	exec.file = quiet_path();
	exec.argv = {"quiet"};
	exec.argv.insert(exec.argv.end(), more.begin(), more.end());
	return exec;
}

void with_caller(const Request& request, Caller caller)
{
	Exec exec = quiet();
	exec.caller = caller;
	make_execs(request, exec);
}

void with_arguments(const Request& request, std::vector<std::string> more)
{
	make_execs(request, quiet(std::move(more)));
}

Exec at(int dirfd, std::string file, int flags)
{
	Exec exec = quiet();
	exec.call = Call::execveat;
	exec.dirfd = dirfd;
	exec.file = std::move(file);
	exec.flags = flags;
	return exec;
}

void run_execveat_dirfd(const Request& request)
{
	const Fd dir(must(open(own_dir().c_str(), O_DIRECTORY | O_PATH | O_CLOEXEC), "open"));
	make_execs(request, at(dir.get(), "quiet", 0));
}

// fexecve(3) is this call; the descriptor stays open in the new program, as it must for scripts.
void run_fexecve(const Request& request)
{
	const Fd program(must(open(quiet_path().c_str(), O_RDONLY), "open"));
	make_execs(request, at(program.get(), "", AT_EMPTY_PATH));
}

void run_script(const Request& request)
{
	const TempDir dir;
	const std::string interpreter = copy_quiet(dir / "quiet");
	Exec exec;
	exec.file = script(dir / "script", interpreter, "");
	exec.argv = {"name-of-script", "one", "two"};
	exec.becomes = {interpreter, exec.file, "one", "two"};
	make_execs(request, exec);
}

void run_script_nested(const Request& request)
{
	const TempDir dir;
	const std::string interpreter = copy_quiet(dir / "quiet");
	const std::string inner = script(dir / "inner", interpreter, "--inner option");
	Exec exec;
	exec.file = script(dir / "outer", inner, "--outer");
	exec.argv = {"name-of-script", "one", "two"};
	exec.becomes = {interpreter, "--inner option", inner, "--outer", exec.file, "one", "two"};
	make_execs(request, exec);
}

Exec failing(int error, std::string file)
{
	Exec exec = quiet();
	exec.error = error;
	exec.file = std::move(file);
	return exec;
}

void run_enoent(const Request& request)
{
	make_execs(request, failing(ENOENT, own_dir() + "/no-such-program"));
}

void run_eacces(const Request& request)
{
	const TempDir dir;
	write_file(dir / "not-executable", "text\n", 0644);
	make_execs(request, failing(EACCES, dir / "not-executable"));
}

void run_enoexec(const Request& request)
{
	const TempDir dir;
	write_file(dir / "not-a-program", "\x01\x02 neither ELF nor script\n", 0755);
	make_execs(request, failing(ENOEXEC, dir / "not-a-program"));
}

// A single argument may have 32 pages at most, with its NUL (MAX_ARG_STRLEN).
void run_e2big(const Request& request)
{
	Exec exec = failing(E2BIG, quiet_path());
	exec.argv.push_back(patterned(32 * static_cast<size_t>(sysconf(_SC_PAGESIZE))));
	make_execs(request, exec);
}

void run_failed_execveat(const Request& request)
{
	Exec exec = at(AT_FDCWD, own_dir() + "/no-such-program", 0);
	exec.error = ENOENT;
	make_execs(request, exec);
}

void run_failed_thread(const Request& request)
{
	Exec exec = failing(ENOENT, own_dir() + "/no-such-program");
	exec.caller = Caller::thread;
	make_execs(request, exec);
}

void run_failed_nonresident(const Request& request)
{
	const TempDir dir;
	Exec exec = failing(ENOENT, own_dir() + "/no-such-program");
	exec.place = [&](std::vector<char*>& pointers) { move_to_nonresident_pages(pointers, dir); };
	make_execs(request, exec);
}

// Since 5.18 the kernel gives a program without arguments one empty argument.
void run_empty_argv(const Request& request)
{
	Exec exec = quiet();
	exec.argv.clear();
	exec.becomes = {""};
	make_execs(request, exec);
}

void run_nonresident(const Request& request)
{
	const TempDir dir;
	Exec exec = quiet({"first", "second", patterned(600), "last"});
	exec.place = [&](std::vector<char*>& pointers) { move_to_nonresident_pages(pointers, dir); };
	make_execs(request, exec);
}

// argv[0] counts: so many arguments in all.
void run_many_arguments(const Request& request, int count)
{
	std::vector<std::string> more;
	for (int i = 1; i < count; i++)
		more.push_back("arg" + std::to_string(i));
	with_arguments(request, more);
}

void run_hostile(const Request& request)
{
	with_arguments(request,
		{"\x1b[31mred\x1b[0m\x1b]0;title\x07", "new\nline 4711 1 0 /bin/forged", "tab\there", "double\"quote",
			"single'quote", "back\\slash\\n", "return\rover", "\xff\xfe not \xc3 UTF-8", "cut \xe2\x82",
			"surrogate \xed\xa0\x80", "overlong \xc0\xaf", "bidi \u202e\u2066 live", "", "control \x01\x7f",
			"C1 \u009b31m", "caf\u00e9 \u65e5\u672c \U0001f600", " space ", "$(id);|&*?"});
}

void run_pidns(const Request& request)
{
	need(unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)");
	Lifeline life;
	const pid_t init = spawn([&] {
		life.drop();
		set_comm("nsinit");
		life.wait();
	});
	Exec exec = quiet();
	exec.prepare = [&] {
		life.drop();
		need(unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
		need(mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate /");
		need(mount("proc", "/proc", "proc", 0, nullptr), "mount /proc");
	};
	make_execs(request, exec);
	life.release();
	reap_well(init);
}

// The program's path exists in the new mount namespace only.
void run_mntns(const Request& request)
{
	const TempDir dir;
	must(mkdir((dir / "inside").c_str(), 0755), "mkdir");
	Exec exec = quiet();
	exec.file = dir / "inside/quiet";
	exec.prepare = [&] {
		need(unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
		need(mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate /");
		need(mount("tmpfs", (dir / "inside").c_str(), "tmpfs", 0, nullptr), "mount tmpfs");
		copy_quiet(exec.file);
	};
	make_execs(request, exec);
}

void run_chroot(const Request& request)
{
	const TempDir dir;
	copy_quiet(dir / "quiet");
	Exec exec = quiet();
	exec.file = "/quiet";
	exec.prepare = [&] {
		need(chroot(dir.path().c_str()), "chroot");
		must(chdir("/"), "chdir");
	};
	make_execs(request, exec);
}

void run_longname(const Request& request)
{
	const TempDir dir;
	Exec exec = quiet();
	exec.file = copy_quiet(dir / "a-command-name-of-more-than-15-bytes");
	exec.argv[0] = "a-command-name-of-more-than-15-bytes";
	make_execs(request, exec);
}

// A copy that everyone may run, since the build tree may be root's alone.
void run_uid(const Request& request)
{
	const auto uid = static_cast<uid_t>(request.number(0, "UID", 0, 0xfffffffeL));
	const TempDir dir;
	Exec exec = quiet();
	exec.file = copy_quiet(dir / "quiet");
	exec.prepare = [uid] {
		need(setgroups(0, nullptr), "setgroups");
		need(setresgid(uid, uid, uid), "setresgid");
		need(setresuid(uid, uid, uid), "setresuid");
	};
	make_execs(request, exec);
}

void run_cgroup(const Request& request)
{
	Exec exec = quiet();
	exec.cgroup = request.arg(0, "PATH");
	exec.prepare = [&] { enter_cgroup(exec.cgroup); };
	make_execs(request, exec);
}

void run_compat(const Request& request)
{
	need_compat();
	Exec exec = quiet();
	exec.call = Call::compat;
	make_execs(request, exec);
}

struct Fast {
	const char* file;
	char* const* argv;
	int error;
};

int exec_fast(void* fast)
{
	auto& f = *static_cast<Fast*>(fast);
	char* const env[] = {nullptr};
	execve(f.file, f.argv, env);
	f.error = errno;
	_exit(kFailed);
}

// N execs as fast as they go, 16 programs at a time at most; argv[1] is the loader's pid, argv[2] counts from
// 0.
void run_burst(const Request& request)
{
	const long count = request.number(0, "N", 1, 10000000);
	const std::string file = quiet_path();
	std::string token = std::to_string(getpid());
	std::vector<char> stack(65536);
	std::vector<pid_t> pids;
	request.begin();
	const int64_t not_before = now_ns(CLOCK_REALTIME), start = now_ns();
	for (long i = 0; i < count; i++) {
		std::string name = "burst", id = std::to_string(i);
		char* const argv[] = {name.data(), token.data(), id.data(), nullptr};
		Fast fast{file.c_str(), argv, 0};
		pids.push_back(must(
			clone(exec_fast, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &fast), "clone"));
		if (fast.error)
			fail(kFailed, "exec %s: %s", file.c_str(), strerror(fast.error));
		if (pids.size() > 16)
			reap_well(pids[pids.size() - 17]);
	}
	const int64_t took = now_ns() - start;
	for (size_t i = pids.size() > 16 ? pids.size() - 16 : 0; i < pids.size(); i++)
		reap_well(pids[i]);
	Json line;
	line.text("case", request.name).text("call", "execve").number("ppid", getpid()).number("count", count);
	line.text("file", file).text("argv0", "burst").text("argv1", token).number("argv2_first", 0);
	line.number("argv2_last", count - 1).numbers("pids", pids).number("duration_ns", took);
	line.number("not_before_ns", not_before).number("not_after_ns", now_ns(CLOCK_REALTIME)).print();
	request.finish();
}

const Case cases[] = {
	{"execve", "", [](const Request& r) { with_caller(r, Caller::leader); }},
	{"vfork", "", [](const Request& r) { with_caller(r, Caller::vfork); }},
	{"thread", "", [](const Request& r) { with_caller(r, Caller::thread); }},
	{"execveat", "", [](const Request& r) { make_execs(r, at(AT_FDCWD, quiet_path(), 0)); }},
	{"execveat-dirfd", "", run_execveat_dirfd},
	{"fexecve", "", run_fexecve},
	{"compat", "", run_compat},
	{"script", "", run_script},
	{"script-nested", "", run_script_nested},
	{"failed-enoent", "", run_enoent},
	{"failed-eacces", "", run_eacces},
	{"failed-enoexec", "", run_enoexec},
	{"failed-e2big", "", run_e2big},
	{"failed-execveat", "", run_failed_execveat},
	{"failed-thread", "", run_failed_thread},
	{"failed-nonresident", "", run_failed_nonresident},
	{"empty-argv", "", run_empty_argv},
	{"nonresident", "", run_nonresident},
	{"exactly20", "", [](const Request& r) { run_many_arguments(r, 20); }},
	{"args1000", "", [](const Request& r) { run_many_arguments(r, 1000); }},
	{"arg100k", "",
		[](const Request& r) {
			with_arguments(r, {patterned(100 * 1024), "after"});
		}},
	{"long399", "",
		[](const Request& r) {
			with_arguments(r, {patterned(399), "after"});
		}},
	{"hostile", "", run_hostile},
	{"pidns", "", run_pidns},
	{"mntns", "", run_mntns},
	{"chroot", "", run_chroot},
	{"longname", "", run_longname},
	{"uid", "UID", run_uid},
	{"cgroup", "PATH", run_cgroup},
	{"burst", "N", run_burst},
};

} // namespace

int main(int argc, char** argv) { return run(argc, argv, cases); }
