// SPDX-License-Identifier: BSD-2-Clause
// kill -9 at every moment of making and of removing a pin: afterwards there is all of it or nothing, and what was left
// half done is gone when the next run has begun.
#include "pinned.h"

#include "bpf/pin.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <set>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <elf.h>

namespace corescope::test {

namespace {

// Programs that a process holds, itself or by a link.
std::vector<uint32_t> programs_held(pid_t pid)
{
	std::vector<uint32_t> ids;
	const std::string folder = "/proc/" + std::to_string(pid) + "/fdinfo";
	DIR* dir = opendir(folder.c_str());
	if (!dir)
		return ids;
	while (const dirent* entry = readdir(dir)) {
		std::ifstream file(folder + "/" + entry->d_name);
		for (std::string word; file >> word;)
			if (word == "prog_id:") {
				uint32_t id = 0;
				file >> id;
				ids.push_back(id);
			}
	}
	closedir(dir);
	return ids;
}

struct Cut {
	bool came_to_its_end = false; // there is no such moment any more
	std::string call;             // what it had just done
	std::vector<uint32_t> programs;
};

// Names of the system calls that make a pin or take it away; null for all others.
const char* step(long number)
{
	switch (number) {
	case SYS_bpf: return "bpf";
	case SYS_mkdirat: return "mkdir";
	case SYS_renameat: return "rename";
	case SYS_renameat2: return "renameat2";
	case SYS_flock: return "flock";
	case SYS_unlinkat: return "unlink";
#ifdef SYS_mkdir // newer architectures have only the calls that take a folder
	case SYS_mkdir: return "mkdir";
	case SYS_rename: return "rename";
	case SYS_unlink: return "unlink";
	case SYS_rmdir: return "rmdir";
#endif
	case SYS_perf_event_open: return "perf_event_open";
	}
	return nullptr;
}

// Runs corescope and kills it right after its `at`th step.
Cut cut_after(const Words& arguments, int at)
{
	Words words = {corescope_path()};
	words.insert(words.end(), arguments.begin(), arguments.end());
	std::vector<char*> argv;
	for (std::string& word : words)
		argv.push_back(word.data());
	argv.push_back(nullptr);
	const pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		setenv("LSAN_OPTIONS", "detect_leaks=0", 1); // a build that looks for leaks cannot while it is traced
		ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
		execv(argv[0], argv.data());
		_exit(127);
	}
	Cut cut;
	int status = 0;
	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	int done = 0;
	while (true) {
		REQUIRE(ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr) == 0);
		REQUIRE(waitpid(pid, &status, 0) == pid);
		if (WIFEXITED(status)) {
			CHECK(WEXITSTATUS(status) == 0);
			cut.came_to_its_end = true;
			return cut;
		}
		REQUIRE(WIFSTOPPED(status));
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		__ptrace_syscall_info info;
		REQUIRE(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			const char* name = step(static_cast<long>(info.entry.nr));
			cut.call = name ? name : "";
			if (name && info.entry.nr == SYS_bpf)
				cut.call += " " + std::to_string(info.entry.args[0]);
		} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && !cut.call.empty() && done++ == at) {
			cut.programs = programs_held(pid);
			kill(pid, SIGKILL);
			REQUIRE(waitpid(pid, &status, 0) == pid);
			return cut;
		}
	}
}

// Hidden folders, whoever's they are.
std::set<std::string> half_done()
{
	std::set<std::string> found;
	if (DIR* dir = opendir(kPinFolder)) {
		while (const dirent* entry = readdir(dir))
			if (entry->d_name[0] == '@')
				found.insert(entry->d_name);
		closedir(dir);
	}
	return found;
}

} // namespace

TEST_CASE(
	"--pin, killed after each of its steps: all of it is there or nothing, once the next run has begun (kill -9)",
	"[alone]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// Few keys, since each is a step; of one process, so that they are enough.
	const Words way =
		GENERATE(Words{}, Words{"-O", "--by", "comm", "--max-keys", "5", "-p", std::to_string(getpid())});
	CAPTURE(way);
	int left_half_done = 0, whole = 0, with_programs = 0;
	for (int at = 0;; at++) {
		const OwnPin pin("killed");
		Words command = {"cpudist", "--pin", pin.name()};
		command.insert(command.end(), way.begin(), way.end());
		const std::set<std::string> before = half_done();
		const Cut cut = cut_after(command, at);
		if (cut.came_to_its_end) {
			CHECK(at >= 15); // or it was not looked at
			break;
		}
		CAPTURE(at, cut.call);
		const std::set<std::string> after = half_done();
		left_half_done += !std::includes(before.begin(), before.end(), after.begin(), after.end());
		with_programs += !cut.programs.empty();
		// The next run, whatever it is.
		const Json line = listed_pin(pin.name());
		if (line.is_null()) {
			CHECK(programs_go(cut.programs));
			CHECK(access(pin.folder().c_str(), F_OK) != 0);
		} else {
			whole++;
			CHECK(line.at("readable") == "yes");
			read_pin(pin.name());
			const std::vector<uint32_t> programs = programs_of_pin(pin.folder());
			CHECK(programs.size() == 1);
			must({"pinned", "remove", pin.name()});
			CHECK(programs_go(programs));
		}
		for (const std::string& name : after)
			if (!before.count(name))
				CHECK(half_done().count(name) == 0);
	}
	CHECK(left_half_done >= 4); // the folder, and then each thing in it
	CHECK(with_programs >= 4);
	CHECK(whole >= 1);
}

TEST_CASE(
	"pinned remove, killed after each of its steps: the name is there whole or not at all, and its programs go (kill -9)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	int whole = 0, gone = 0;
	for (int at = 0;; at++) {
		const OwnPin pin("unmade");
		must({"cpudist", "--pin", pin.name()});
		const std::vector<uint32_t> programs = programs_of_pin(pin.folder());
		REQUIRE(programs.size() == 1);
		const Cut cut = cut_after({"pinned", "remove", pin.name()}, at);
		if (cut.came_to_its_end)
			break;
		CAPTURE(at, cut.call);
		if (listed_pin(pin.name()).is_object()) {
			whole++;
			read_pin(pin.name());
		} else {
			gone++;
			CHECK(programs_go(programs));
		}
	}
	CHECK(whole >= 1);
	CHECK(gone >= 4);
}

TEST_CASE("--pin: INT in its midst leaves nothing, and a run that is still at it is not taken for a crash")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("stopped");
	// Stopped with its folder made and locked: others that begin meanwhile must leave it alone.
	const pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		try {
			NewPin half(pin.name());
			raise(SIGSTOP);
			half.publish();
			_exit(0);
		} catch (...) {
			_exit(1);
		}
	}
	int status = 0;
	REQUIRE(waitpid(pid, &status, WUNTRACED) == pid);
	REQUIRE(WIFSTOPPED(status));
	must({"pinned", "list"});
	const OwnPin other("other");
	must({"cpudist", "--pin", other.name()});
	kill(pid, SIGCONT);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	CHECK(WEXITSTATUS(status) == 0);
	CHECK(access(pin.folder().c_str(), F_OK) == 0);
	const Json line = listed_pin(pin.name());
	CHECK(line.at("readable") == "no"); // it is empty
	CHECK(line.at("problem").get<std::string>().find("corescope did not make it") != std::string::npos);
	CHECK(corescope({"pinned", "read", pin.name()}).status == 65);
	must({"pinned", "remove", pin.name()});
}

} // namespace corescope::test
