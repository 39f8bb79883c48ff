// SPDX-License-Identifier: BSD-2-Clause
// Each writer has a file of its own, `.NAME.XXXXXXXX.tmp`, and holds a lock on it. A file of that name that nobody
// holds is what a killed writer left: a process id in the name would not tell, containers share folders.
#include "output/text_file.h"

#include "base/error.h"
#include "output/escape.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace corescope {

namespace {

constexpr std::string_view kEnding = ".tmp";
constexpr size_t kDigits = 16;
constexpr int kTries = 100;

class Descriptor {
public:
	explicit Descriptor(int fd) : fd_(fd) {}
	~Descriptor() { reset(); }
	Descriptor(const Descriptor&) = delete;
	Descriptor& operator=(const Descriptor&) = delete;
	Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	int get() const { return fd_; }
	explicit operator bool() const { return fd_ >= 0; }
	void reset()
	{
		if (fd_ >= 0)
			close(fd_);
		fd_ = -1;
	}

private:
	int fd_;
};

[[noreturn]] void fail(const std::string& path, int error)
{
	Buffer text(256);
	text.append("cannot write ");
	quote_text(text, path);
	text.append(": ");
	text.append(std::strerror(error));
	if (error == EACCES || error == EPERM)
		text.append("; the folder must let this user write, capabilities are given up after attaching");
	else if (error == ENOENT)
		text.append("; the folder must be there");
	throw Error(kIoError, std::string(text.view()));
}

bool same_file(int fd, int folder, const char* name)
{
	struct stat open_one = {}, named = {};
	return fstat(fd, &open_one) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

// The file of another writer, if that one is dead: nobody holds its lock. Names of ours only, and files of our own.
void remove_if_left(int folder, const char* name)
{
	const Descriptor file(openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	struct stat status = {};
	if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
		return;
	if (flock(file.get(), LOCK_EX | LOCK_NB) == 0 && same_file(file.get(), folder, name))
		unlinkat(folder, name, 0);
}

void remove_leftovers(int folder, std::string_view prefix)
{
	const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0)
		return;
	const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(again), closedir);
	if (!entries) {
		close(again);
		return;
	}
	while (const dirent* entry = readdir(entries.get())) {
		const std::string_view name = entry->d_name;
		if (name.size() == prefix.size() + kDigits + kEnding.size() && name.starts_with(prefix) &&
			name.ends_with(kEnding) &&
			name.substr(prefix.size(), kDigits).find_first_not_of("0123456789abcdef") == name.npos)
			remove_if_left(folder, entry->d_name);
	}
}

// A new file and the lock on it; its name in `name`. Between making and locking it somebody may have taken it for a
// leftover: then it is made again.
Descriptor make_own(int folder, std::string_view prefix, std::string& name)
{
	for (int i = 0; i < kTries; i++) {
		uint64_t number = 0;
		if (getrandom(&number, sizeof(number), 0) != static_cast<ssize_t>(sizeof(number)))
			return Descriptor(-1);
		Buffer text(64);
		text.append(prefix);
		text.append_hex_digits(number, kDigits);
		text.append(kEnding);
		name = text.view();
		Descriptor file(
			openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
		if (!file && errno == EEXIST)
			continue;
		if (!file)
			return file;
		// Without locks (some network file systems) nobody removes anything either.
		if (flock(file.get(), LOCK_EX) != 0 || same_file(file.get(), folder, name.c_str()))
			return file;
	}
	errno = EEXIST;
	return Descriptor(-1);
}

bool write_all(int fd, std::string_view bytes)
{
	while (!bytes.empty()) {
		const ssize_t n = write(fd, bytes.data(), bytes.size());
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes.remove_prefix(static_cast<size_t>(n));
	}
	return true;
}

} // namespace

void check_textfile_name(const std::string& path)
{
	const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
	if (name.size() <= 5 || !name.ends_with(".prom")) {
		Buffer text(256);
		text.append("--textfile: ");
		quote_text(text, path);
		text.append(" must end in .prom: node_exporter reads no other");
		throw Error(kUsage, std::string(text.view()));
	}
}

void replace_file(const std::string& path, std::string_view bytes)
{
	const size_t slash = path.rfind('/');
	const std::string folder_name = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
	const std::string base = path.substr(slash + 1);
	if (base.empty())
		fail(path, EISDIR);
	const Descriptor folder(open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!folder)
		fail(path, errno);
	// With the digits and the ending it must still be a name that the file system takes.
	const std::string prefix = "." + base.substr(0, 200) + ".";
	remove_leftovers(folder.get(), prefix);

	std::string name;
	const Descriptor file = make_own(folder.get(), prefix, name);
	if (!file)
		fail(path, errno);
	if (!write_all(file.get(), bytes) || fchmod(file.get(), 0644) != 0 || fsync(file.get()) != 0 ||
		renameat(folder.get(), name.c_str(), folder.get(), base.c_str()) != 0) {
		const int error = errno;
		unlinkat(folder.get(), name.c_str(), 0);
		fail(path, error);
	}
	// Some file systems cannot sync a folder; they do not keep the order either way.
	if (fsync(folder.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
		fail(path, errno);
}

} // namespace corescope
