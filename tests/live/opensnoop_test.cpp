// SPDX-License-Identifier: BSD-2-Clause
// opensnoop against calls that the test itself makes, by each hook that this kernel takes: what was given, what came of
// it, and none too few or too many.
#include "harness.h"
#include "load/load.h"
#include "two_cgroups.h"

#include <filesystem>
#include <linux/openat2.h>
#include <map>
#include <sys/mman.h>

using namespace corescope::test;
using corescope::load::Fd;
using corescope::load::must;
using corescope::load::reap;
using corescope::load::spawn;

namespace {

using Strings = std::vector<std::string>;

const Strings& hooks(bool full = false)
{
	static std::map<bool, Strings> all;
	if (all[full].empty())
		for (const char* hook : {"fexit", "tracepoint", "tp_btf", "raw_tp", "tp_btf+unrolled"})
			if (full ? takes_hook({"opensnoop", "-F"}, hook)
					 : std::string(hook) != "tp_btf+unrolled" && takes_hook({"opensnoop"}, hook))
				all[full].push_back(hook);
	return all[full];
}

class Folder {
public:
	Folder()
	{
		char name[] = "/tmp/corescope-open-XXXXXX";
		path_ = mkdtemp(name) ? name : "";
		REQUIRE_FALSE(path_.empty());
	}
	~Folder() { std::filesystem::remove_all(path_); }
	std::string operator/(const std::string& name) const { return path_ + "/" + name; }
	const std::string& path() const { return path_; }

private:
	std::string path_;
};

// What one call owes; the descriptor is closed.
Json owed(const char* call, long result, const char* path, const Json& more = Json::object())
{
	const int error = errno;
	Json all = {{"call", call}, {"ret", result < 0 ? -error : result}, {"pid", getpid()},
		{"fd", result < 0 ? Json() : Json(result)}};
	all["path"] = path ? Json(path) : Json();
	all.update(more);
	if (result >= 0)
		close(static_cast<int>(result));
	return all;
}

// A call from functions with frame pointers, and nothing of libc in between.
[[gnu::noinline, gnu::noclone]] long opens_itself(const char* path)
{
	long result;
#if defined(__x86_64__)
	register long mode __asm__("r10") = 0;
	__asm__ volatile("syscall"
					 : "=a"(result)
					 : "0"(static_cast<long>(SYS_openat)), "D"(static_cast<long>(AT_FDCWD)), "S"(path),
					 "d"(O_RDONLY), "r"(mode)
					 : "rcx", "r11", "memory");
#else
	register long number __asm__("x8") = SYS_openat;
	register long first __asm__("x0") = AT_FDCWD;
	register const char* second __asm__("x1") = path;
	register long third __asm__("x2") = O_RDONLY;
	__asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(second), "r"(third) : "memory");
	result = first;
#endif
	return result;
}
[[gnu::noinline, gnu::noclone]] long lets_open(const char* path) { return opens_itself(path) + 0; }

// Each of `calls` in its order is among the events, and nothing else of this process.
void check_calls(const Strings& options, const Strings& by, const std::function<std::vector<Json>()>& calls)
{
	for (const std::string& hook : by) {
		Strings command = {"opensnoop", "--hook", hook, "-t", std::to_string(getpid())};
		command.insert(command.end(), options.begin(), options.end());
		Tool tool(command);
		const int harness = open("/dev/null", O_RDONLY | O_CLOEXEC); // the first that is seen
		close(harness);
		const std::vector<Json> all = calls();
		const int end = open("/corescope-the-end", O_RDONLY);
		CHECK(end < 0);
		tool.until([](const Json& e) { return e.value("path", Json()) == "/corescope-the-end"; });
		tool.stop();
		std::vector<Json> told = tool.events();
		while (!told.empty() && told.front().at("path") != "/dev/null")
			told.erase(told.begin());
		INFO(hook);
		REQUIRE(told.size() == all.size() + 2);
		for (size_t i = 0; i < all.size(); i++)
			for (const auto& [key, value] : all[i].items()) {
				INFO(key << ": owed " << value.dump() << "\ntold " << told[i + 1].dump());
				CHECK(told[i + 1].at(key) == value);
			}
	}
}

} // namespace

TEST_CASE("opensnoop: each call with what it was given and what came of it", "[opensnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Folder folder;
	const std::string made = folder / "made", strange = folder / "two\nlines \x1b[1m",
					  deep = folder.path() + std::string(3000, '/') + "deep",
					  middle = folder.path() + std::string(200, '/') + "middle",
					  longest = std::string(4095, '/'), longer = std::string(5000, 'x');
	check_calls({}, hooks(), [&] {
		std::vector<Json> all;
		const auto add = [&](Json one) { all.push_back(std::move(one)); };
		add(owed("openat", syscall(SYS_openat, AT_FDCWD, made.c_str(), O_CREAT | O_WRONLY | O_EXCL, 0640),
			made.c_str(), {{"flags", "O_WRONLY|O_CREAT|O_EXCL"}, {"mode", "0640"}, {"dirfd", nullptr}}));
		add(owed("openat", syscall(SYS_openat, AT_FDCWD, made.c_str(), O_CREAT | O_EXCL, 0640), made.c_str(),
			{{"error", "EEXIST"}}));
		unlink(made.c_str());
#if defined(SYS_open)
		add(owed("open", syscall(SYS_open, "/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK), "/etc/passwd",
			{{"flags", "O_RDONLY|O_NONBLOCK|O_CLOEXEC"}, {"mode", nullptr}, {"error", nullptr}}));
		add(owed("creat", syscall(SYS_creat, made.c_str(), 0600), made.c_str(),
			{{"flags", "O_WRONLY|O_CREAT|O_TRUNC"}, {"mode", "0600"}}));
#endif
		const Fd directory(must(open(folder.path().c_str(), O_PATH | O_DIRECTORY), "open"));
		add({{"call", "openat"}, {"path", folder.path()}, {"flags", "O_RDONLY|O_DIRECTORY|O_PATH"}});
		open_how how = {};
		how.flags = O_RDWR | O_CREAT | O_CLOEXEC;
		how.mode = 0604;
		how.resolve = RESOLVE_BENEATH;
		add(owed("openat2", syscall(SYS_openat2, directory.get(), "in it", &how, sizeof(how)), "in it",
			{{"flags", "O_RDWR|O_CREAT|O_CLOEXEC"}, {"mode", "0604"}, {"resolve", RESOLVE_BENEATH},
				{"dirfd", directory.get()}}));
		add(owed("openat2", syscall(SYS_openat2, directory.get(), "../out", &how, sizeof(how)), "../out",
			{{"error", "EXDEV"}}));
		add(owed("openat", syscall(SYS_openat, AT_FDCWD, folder.path().c_str(), O_TMPFILE | O_RDWR, 0600),
			folder.path().c_str(), {{"flags", "O_RDWR|O_TMPFILE"}, {"mode", "0600"}}));
		for (const std::string* path : {&strange, &deep, &middle, &longest})
			add(owed("openat", syscall(SYS_openat, AT_FDCWD, path->c_str(), O_RDONLY), path->c_str(),
				{{"path_truncated", false}, {"path_unreadable", false}}));
		add(owed("openat", syscall(SYS_openat, AT_FDCWD, longer.c_str(), O_RDONLY),
			longer.substr(0, 4095).c_str(), {{"error", "ENAMETOOLONG"}, {"path_truncated", true}}));
		add(owed("openat", syscall(SYS_openat, AT_FDCWD, 4096, O_RDONLY), nullptr,
			{{"error", "EFAULT"}, {"path_unreadable", true}}));
		add(owed("openat", syscall(SYS_openat, AT_FDCWD, "", O_RDONLY), "", {{"error", "ENOENT"}}));
		return all;
	});
}

TEST_CASE("opensnoop: -F puts the directory of its begin before a relative path", "[opensnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Folder folder;
	const std::string inner = folder / "in ner";
	REQUIRE(mkdir(inner.c_str(), 0700) == 0);
	const std::string home = std::filesystem::current_path();
	REQUIRE(chdir(inner.c_str()) == 0);
	const Fd directory(must(open(folder.path().c_str(), O_PATH), "open"));
	check_calls({"-F"}, hooks(true), [&] {
		std::vector<Json> all;
		all.push_back(owed("openat", openat(AT_FDCWD, "here", O_RDONLY), (inner + "/here").c_str()));
		all.push_back(owed("openat", openat(directory.get(), "there", O_RDONLY), (folder / "there").c_str()));
		all.push_back(owed("openat", openat(directory.get(), "/abs", O_RDONLY), "/abs"));
		all.push_back(owed("openat", openat(9999, "lost", O_RDONLY), "?/lost", {{"error", "EBADF"}}));
		REQUIRE(chdir("/") == 0);
		all.push_back(owed("openat", openat(AT_FDCWD, "etc/no", O_RDONLY), "/etc/no"));
		REQUIRE(chdir(inner.c_str()) == 0);
		return all;
	});
	// After chroot a path begins at the process' own root.
	Tool tool({"opensnoop", "-F", "-x"});
	const pid_t pid = spawn([&] {
		must(chroot(folder.path().c_str()), "chroot");
		static_cast<void>(openat(AT_FDCWD, "jailed", O_RDONLY)); // there is none
	});
	reap(pid);
	const Json jailed = tool.until(
		[&](const Json& e) { return e.value("pid", 0) == pid && e.value("error", "") == "ENOENT"; });
	tool.stop();
	CHECK(jailed.at("path") == "/in ner/jailed");
	REQUIRE(chdir(home.c_str()) == 0);
}

TEST_CASE("opensnoop: 20000 opens are 20000 lines, or counted as lost", "[opensnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* buffer : {"", "16K"}) {
		Strings command = {"opensnoop", "-p", std::to_string(getpid())};
		if (*buffer)
			command.insert(command.end(), {"--buffer-size", buffer});
		Tool tool(command);
		for (int i = 0; i < 20000; i++) {
			const int fd = open("/dev/null", O_RDONLY | O_NOCTTY);
			close(fd);
		}
		tool.stop();
		const auto told = tool.events([](const Json& e) {
			return e.at("path") == "/dev/null" && e.at("flags") == "O_RDONLY|O_NOCTTY";
		});
		const auto lost = tool.summary().at("lost").get<size_t>();
		// The test opens a little besides; none of it can be more than what is lost.
		CHECK(told.size() <= 20000);
		CHECK(told.size() + lost >= 20000);
		CHECK(told.size() + lost <= 20000 + 64);
		if (!*buffer)
			CHECK(lost == 0);
	}
}

TEST_CASE("opensnoop: filters by name, thread, user, cgroup and failure; columns of old", "[opensnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	TwoCgroups groups;
	if (!groups.usable())
		SKIP_TEST("no cgroup (v2) can be made here");
	Process table({corescope_path(), "opensnoop", "-T", "-U", "-e"});
	CHECK(table.line() ==
		"TIME     UID    PID     COMM              FD ERR FLAGS                        MODE  PATH");
	const pid_t parent = getpid();
	Tool named({"opensnoop", "-n", "opening n"}), user({"opensnoop", "-u", "12345"}),
		group({"opensnoop", "--cgroup", groups.path()}), failed({"opensnoop", "-x", "-n", "opening"});
	REQUIRE(groups.enter(groups.inner_path()));
	const pid_t child = spawn([&] {
		must(setuid(12345), "setuid");
		corescope::load::set_comm("opening name");
		close(open("/etc/passwd", O_RDONLY));
		open("/corescope-no", O_RDONLY);
	});
	reap(child);
	REQUIRE(groups.leave());
	close(open("/etc/passwd", O_RDONLY));
	for (Tool* tool : {&named, &user, &group, &failed}) {
		tool->stop();
		const bool only = tool == &failed;
		const auto of_child = tool->events([&](const Json& e) {
			return e.at("pid") == child && (e.at("path") == "/etc/passwd" || e.at("path") == "/corescope-no");
		});
		CHECK(of_child.size() == (only ? 1 : 2));
		CHECK(tool->events(
					  [&](const Json& e) { return e.at("pid") == parent && e.at("path") == "/etc/passwd"; })
				  .empty());
		for (const Json& event : of_child) {
			CHECK(event.at("comm") == "opening name");
			CHECK(event.at("uid") == 12345);
			CHECK(event.at("ppid") == parent);
			CHECK(event.at("cgroup") == groups.inner_path());
		}
	}
	table.signal(SIGTERM);
	CHECK(
		table.rest().find(" -   2 O_RDONLY                     -     /corescope-no\n") != std::string::npos);
	CHECK(table.wait() == 0);
}

TEST_CASE("opensnoop: calls of 32-bit programs, by sys_exit", "[opensnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const pid_t able = spawn([] { corescope::load::need_compat(); });
	if (const int status = reap(able); !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		SKIP_TEST(corescope::load::kNoCompat);
	// An address that fits into 32 bits.
	auto* low = static_cast<char*>(mmap(reinterpret_cast<void*>(uintptr_t{0x20000000}), 4096,
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	REQUIRE(low != MAP_FAILED);
	strcpy(low, "/corescope-compat");
	const auto at = static_cast<unsigned>(reinterpret_cast<uintptr_t>(low));
	check_calls({}, {"tp_btf"}, [&] {
		std::vector<Json> all;
		errno = -corescope::load::compat_call(5, at, O_RDONLY, 0);
		all.push_back(owed("open", -1, low, {{"error", "ENOENT"}, {"flags", "O_RDONLY"}}));
		errno = -corescope::load::compat_call(295, static_cast<unsigned>(AT_FDCWD), at, O_RDONLY);
		all.push_back(owed("openat", -1, low, {{"dirfd", nullptr}}));
		return all;
	});
	munmap(low, 4096);
}

TEST_CASE("opensnoop -c: the functions that made the call, from the innermost", "[opensnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const std::string& hook : hooks()) {
		INFO(hook);
		Tool tool({"opensnoop", "-c", "--hook", hook, "-t", std::to_string(getpid())});
		for (const std::string& path :
			{std::string("/corescope-a"), std::string(100, '/'), std::string(1000, '/')})
			if (const long fd = lets_open(path.c_str()); fd >= 0)
				close(static_cast<int>(fd));
		CHECK(open("/corescope-the-end", O_RDONLY) < 0);
		tool.until([](const Json& e) { return e.value("path", Json()) == "/corescope-the-end"; });
		tool.stop();
		int told = 0;
		for (const Json& event : tool.events()) {
			CAPTURE(event.dump());
			const std::string path = event.at("path");
			if (path != "/corescope-a" && path != std::string(100, '/') && path != std::string(1000, '/'))
				continue;
			told++;
			const auto callers = event.at("callers").get<Strings>();
			REQUIRE(callers.size() >= 3);
			CHECK(callers.size() <= 16);
			CHECK(callers[0].find("opens_itself(char const*)") != std::string::npos);
			CHECK(callers[1].find("lets_open(char const*)") != std::string::npos);
		}
		CHECK(told == 3);
	}
	// Nobody asked, nobody is told.
	Tool without({"opensnoop", "-t", std::to_string(getpid())});
	lets_open("/corescope-the-end");
	without.until([](const Json& e) { return e.value("path", Json()) == "/corescope-the-end"; });
	without.stop();
	for (const Json& event : without.events())
		CHECK(event.at("callers").is_null());
}
