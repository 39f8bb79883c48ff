// SPDX-License-Identifier: BSD-2-Clause
// Replacing a file as a whole: what readers see meanwhile, what a killed writer leaves, and that it works with all
// privileges given up.
#include "output/text_file.h"

#include "base/error.h"
#include "support/skip.h"
#include "system/privileges.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace corescope;

namespace {

class Folder {
public:
	Folder()
	{
		char name[] = "/tmp/corescope-textfile-XXXXXX";
		REQUIRE(mkdtemp(name));
		path_ = name;
	}
	~Folder()
	{
		for (const std::string& name : names())
			unlink((*this)(name).c_str());
		rmdir(path_.c_str());
	}
	Folder(const Folder&) = delete;
	Folder& operator=(const Folder&) = delete;
	const std::string& path() const { return path_; }
	std::string operator()(const std::string& name) const { return path_ + "/" + name; }

	std::set<std::string> names() const
	{
		std::set<std::string> all;
		DIR* folder = opendir(path_.c_str());
		while (const dirent* entry = readdir(folder))
			if (entry->d_name != std::string(".") && entry->d_name != std::string(".."))
				all.insert(entry->d_name);
		closedir(folder);
		return all;
	}

private:
	std::string path_;
};

std::string contents(const std::string& path)
{
	std::ifstream file(path, std::ios::binary);
	std::ostringstream text;
	text << file.rdbuf();
	return text.str();
}

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string error_of(const std::function<void()>& body, int code = kIoError)
{
	try {
		body();
	} catch (const Error& error) {
		CHECK(error.code == code);
		CHECK(error.message.find('\n') == std::string::npos);
		return error.message;
	}
	return "";
}

// The exit status of a child that does this; 250 if it threw.
int status_of(const std::function<int()>& body)
{
	const pid_t child = fork();
	if (child == 0) {
		int status = 250;
		try {
			status = body();
		} catch (...) {}
		_exit(status);
	}
	int status = -1;
	REQUIRE(child > 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace

TEST_CASE("text file: replaced as a whole, mode 0644 whatever the umask, nothing left beside it")
{
	const Folder folder;
	const std::string path = folder("a.prom");
	for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
		const mode_t before = umask(mask);
		replace_file(path, "one\n");
		umask(before);
		struct stat status = {};
		REQUIRE(stat(path.c_str(), &status) == 0);
		CHECK((status.st_mode & 07777) == 0644);
		CHECK(contents(path) == "one\n");
		chmod(path.c_str(), 0600);
	}
	replace_file(path, "");
	CHECK(contents(path).empty());
	const std::string long_text(3 << 20, 'x');
	replace_file(path, long_text);
	CHECK(contents(path) == long_text);
	CHECK(folder.names() == std::set<std::string>{"a.prom"});
	const std::string long_name(250, 'n');
	replace_file(folder(long_name + ".prom"), "long");
	CHECK(contents(folder(long_name + ".prom")) == "long");
}

TEST_CASE("text file: relative names, and a symbolic link is replaced")
{
	const Folder folder;
	put(folder("target"), "old");
	REQUIRE(symlink("target", folder("a.prom").c_str()) == 0);
	CHECK(status_of([&] {
		if (chdir(folder.path().c_str()) != 0)
			return 1;
		replace_file("a.prom", "new");
		return 0;
	}) == 0);
	CHECK(contents(folder("target")) == "old");
	CHECK(contents(folder("a.prom")) == "new");
	struct stat status = {};
	REQUIRE(lstat(folder("a.prom").c_str(), &status) == 0);
	CHECK(S_ISREG(status.st_mode));
}

TEST_CASE("text file: what killed writers left is removed, what others hold or own is not")
{
	const Folder folder;
	const std::string left = ".a.prom.0123456789abcdef.tmp", held = ".a.prom.fedcba9876543210.tmp";
	const std::set<std::string> foreign = {".a.prom.0123456789abcdeX.tmp", ".a.prom.tmp",
		".b.prom.0123456789abcdef.tmp", "a.prom.0123456789abcdef.tmp", ".a.prom.0123456789abcdef.tmp2",
		".a.prom.1111111111111111.tmp"};
	put(folder(left), "half");
	put(folder(held), "half");
	for (const std::string& name : foreign)
		if (name != ".a.prom.1111111111111111.tmp")
			put(folder(name), "other");
	REQUIRE(symlink("/etc/hostname", folder(".a.prom.1111111111111111.tmp").c_str()) == 0);
	const int fd = open(folder(held).c_str(), O_RDONLY | O_CLOEXEC);
	REQUIRE(flock(fd, LOCK_EX) == 0);

	replace_file(folder("a.prom"), "whole");
	std::set<std::string> expected = foreign;
	expected.insert({held, "a.prom"});
	CHECK(folder.names() == expected);
	close(fd);
	replace_file(folder("a.prom"), "whole");
	expected.erase(held);
	CHECK(folder.names() == expected);
}

TEST_CASE(
	"text file: readers never see half of it, and writers killed at any moment leave no more than one file each")
{
	const Folder folder;
	const std::string path = folder("a.prom");
	const auto text_of = [](char c) { return std::string(200000, c) + "\n"; };
	replace_file(path, text_of('0'));
	std::atomic<bool> done = false;
	std::atomic<int> reads = 0, bad = 0;
	std::thread reader([&] {
		while (!done) {
			const std::string text = contents(path);
			if (text.size() != 200001 || text != text_of(text[0]))
				bad++;
			reads++;
		}
	});
	for (int round = 0; round < 25; round++) {
		int ready[2];
		REQUIRE(pipe(ready) == 0);
		pid_t writers[3];
		for (int i = 0; i < 3; i++) {
			writers[i] = fork();
			if (writers[i] == 0) {
				for (;;) {
					replace_file(path, text_of(static_cast<char>('1' + i)));
					if (write(ready[1], "x", 1) != 1)
						_exit(1);
				}
			}
		}
		// Each kill comes after another number of finished writes, so at another place of the next one.
		for (int n = 0; n <= round; n++) {
			char byte;
			REQUIRE(read(ready[0], &byte, 1) == 1);
		}
		for (const pid_t writer : writers) {
			kill(writer, SIGKILL);
			int status = 0;
			REQUIRE(waitpid(writer, &status, 0) == writer);
			REQUIRE(WIFSIGNALED(status));
		}
		close(ready[0]);
		close(ready[1]);
		REQUIRE(folder.names().size() <= 4);
	}
	while (reads < 50)
		std::this_thread::yield();
	done = true;
	reader.join();
	CHECK(bad == 0);
	replace_file(path, "end\n");
	CHECK(contents(path) == "end\n");
	CHECK(folder.names() == std::set<std::string>{"a.prom"});
}

TEST_CASE("text file: what cannot be written is told in one line, and the old contents stay")
{
	const Folder folder;
	CHECK_THAT(error_of([&] { replace_file(folder("none/a.prom"), "x"); }),
		Catch::Contains("No such file or directory; the folder must be there"));
	REQUIRE(mkdir(folder("b.prom").c_str(), 0700) == 0);
	CHECK_THAT(error_of([&] { replace_file(folder("b.prom"), "x"); }), Catch::Contains("Is a directory"));
	CHECK_THAT(error_of([&] { replace_file(folder("b.prom/"), "x"); }), Catch::Contains("Is a directory"));
	CHECK_THAT(
		error_of([&] { replace_file("/proc/a\n.prom", "x"); }), Catch::Contains("\"/proc/a\\n.prom\""));
	rmdir(folder("b.prom").c_str());
	CHECK(folder.names().empty());

	// A file system that is full, or rather a limit that stands for it.
	replace_file(folder("a.prom"), "old");
	CHECK(status_of([&] {
		signal(SIGXFSZ, SIG_IGN);
		const rlimit limit{1000, 1000};
		setrlimit(RLIMIT_FSIZE, &limit);
		try {
			replace_file(folder("a.prom"), std::string(5000, 'x'));
		} catch (const Error& error) {
			return error.code == kIoError ? 0 : 1;
		}
		return 2;
	}) == 0);
	CHECK(contents(folder("a.prom")) == "old");
	CHECK(folder.names() == std::set<std::string>{"a.prom"});
}

TEST_CASE("text file: works with capabilities and system calls given up")
{
	const Folder folder;
	replace_file(folder("a.prom"), "old");
	put(folder(".a.prom.0123456789abcdef.tmp"), "half");
	CHECK(status_of([&] {
		drop_privileges();
		restrict_syscalls();
		replace_file(folder("a.prom"), "new");
		return 0;
	}) == 0);
	CHECK(contents(folder("a.prom")) == "new");
	CHECK(folder.names() == std::set<std::string>{"a.prom"});
}

TEST_CASE("text file: root without capabilities is told why another's folder is closed to it")
{
	if (geteuid() != 0)
		SKIP_TEST("needs root");
	const Folder folder;
	REQUIRE(chown(folder.path().c_str(), 65534, 65534) == 0);
	CHECK(status_of([&] {
		drop_privileges();
		try {
			replace_file(folder("a.prom"), "new");
		} catch (const Error& error) {
			return error.message.find("capabilities are given up") != std::string::npos ? 0 : 1;
		}
		return 2;
	}) == 0);
	CHECK(folder.names().empty());
}

TEST_CASE("text file: names that node_exporter would not read are refused")
{
	for (const char* good : {"a.prom", "/x/y.prom", "./-.prom", "a.b.prom"})
		CHECK_NOTHROW(check_textfile_name(good));
	for (const char* bad : {"", "a", "a.prom/", ".prom", "/x/.prom", "a.PROM", "a.prom.txt", "prom", "aprom"})
		CHECK_THAT(error_of([&] { check_textfile_name(bad); }, kUsage), Catch::Contains("must end in .prom"));
}
