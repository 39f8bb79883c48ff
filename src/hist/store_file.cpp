// SPDX-License-Identifier: BSD-2-Clause
// How a store's file is made, changed and set aside by many processes. SQLite keeps apart who writes what in one file;
// what it does not know of is that the file under a name may become another one, while its log is found by that name. So:
// - PATH-lock is locked (shared) while anything is opened or written, and (exclusively) while tables or names change;
// - before each write the path must still name the file that is open;
// - no closing removes a log (SQLITE_FCNTL_PERSIST_WAL), as by then it might be another file's. That the log stays also
//   lets users read who may not write.
#include "hist/store_file.h"

#include "base/error.h"
#include "hist/store_schema.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr long kNapNs = 5000000;

[[noreturn]] void fail(const std::string& what, int error)
{
	throw Error(kIoError, what + ": " + std::strerror(error));
}

bool exists(const std::string& path)
{
	struct stat status;
	return lstat(path.c_str(), &status) == 0;
}

std::string folder_of(const std::string& path)
{
	const size_t slash = path.rfind('/');
	return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

void make_folder(const std::string& folder)
{
	struct stat status;
	if (stat(folder.c_str(), &status) == 0)
		return;
	make_folder(folder_of(folder));
	if (mkdir(folder.c_str(), 0755) == 0)
		chmod(folder.c_str(), 0755); // whatever the umask: others may read
	else if (errno != EEXIST)
		fail("cannot make the folder " + folder, errno);
}

// So that a name outlives a power cut as its file does.
void sync_folder(const std::string& folder)
{
	const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

// Another process may be faster, which is as well.
void make_empty(const std::string& path)
{
	const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno != EEXIST)
		fail("cannot be made", errno);
	if (fd < 0)
		return;
	fchmod(fd, 0644); // whatever the umask
	close(fd);
	sync_folder(folder_of(path));
}

bool ends_with(std::string_view text, std::string_view end)
{
	return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// A mistyped path must not cost anybody a file: what never was a store is not set aside as a damaged one.
bool could_be_store(const std::string& path)
{
	if (ends_with(path, ".db") || ends_with(path, ".sqlite"))
		return true;
	std::array<char, 16> head{};
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fail("cannot be read", errno);
	const ssize_t size = read(fd, head.data(), head.size());
	close(fd);
	return size == 0 ||
		std::string_view(head.data(), head.size()) == std::string_view("SQLite format 3\0", 16);
}

void require_regular(const std::string& path)
{
	struct stat status;
	if (stat(path.c_str(), &status) != 0)
		fail("cannot be opened", errno);
	if (!S_ISREG(status.st_mode))
		throw Error(
			kIoError, S_ISDIR(status.st_mode) ? "is a folder; name a file in it" : "is no regular file");
}

} // namespace

std::string store_message(const std::string& path, const std::string& text)
{
	return "store " + path + ": " + text;
}

FileLock::FileLock(int fd, bool exclusive, uint64_t busy_ms) : fd_(fd)
{
	const int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
	for (uint64_t waited_ms = 0; flock(fd, operation) != 0; waited_ms += kNapNs / 1000000) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			fail("its lock cannot be had", errno);
		if (waited_ms >= busy_ms)
			throw Error(kTempFail, "other processes hold it for too long; try again later");
		const timespec nap = {0, kNapNs};
		nanosleep(&nap, nullptr);
	}
}

FileLock::~FileLock() { flock(fd_, LOCK_UN); }

StoreFile::StoreFile(std::string path, HistStore::Options options)
	: path_(std::move(path)), options_(std::move(options))
{
	use([](Database&) {});
}

StoreFile::~StoreFile()
{
	try {
		// A log whose file was renamed or removed is nobody's to write back.
		close(!still_there());
	} catch (...) { // NOLINT(bugprone-empty-catch): all that was promised is on the disk
	}
	if (lock_fd_ >= 0)
		::close(lock_fd_);
}

void StoreFile::warn(const std::string& text) const
{
	if (options_.warn)
		options_.warn(store_message(path_, text));
}

void StoreFile::make_files()
{
	if (path_.empty())
		throw Error(kIoError, "has no name");
	if (!exists(path_)) {
		make_folder(folder_of(path_));
		make_empty(path_);
	}
	// SQLite names the log after what a symbolic link leads to, and so must we.
	const std::unique_ptr<char, void (*)(void*)> real(realpath(path_.c_str(), nullptr), std::free);
	if (!real)
		fail("cannot be opened", errno);
	path_ = real.get();
	require_regular(path_);
	const std::string lock = path_ + "-lock";
	if (!exists(lock) && !could_be_store(path_))
		throw Error(kDataError, "is no store, and is left as it is; name another file");
	if (lock_fd_ >= 0)
		::close(lock_fd_);
	lock_fd_ = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (lock_fd_ < 0)
		fail("its lock cannot be made, " + lock, errno);
	fchmod(lock_fd_, 0644); // NOLINT(bugprone-unused-return-value): only its maker may
}

bool StoreFile::still_there() const
{
	struct stat status;
	return stat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

void StoreFile::close(bool abandon)
{
	if (database_ && abandon)
		database_->abandon();
	database_.reset();
}

bool StoreFile::open_current()
{
	struct stat status;
	if (stat(path_.c_str(), &status) != 0)
		fail("cannot be opened", errno);
	device_ = status.st_dev;
	inode_ = status.st_ino;
	// SQLite would remove the log of a file in which there is nothing.
	if (status.st_size == 0 && (exists(path_ + "-wal") || exists(path_ + "-shm")))
		throw DamagedStore("it is empty, its log is not");
	database_ = std::make_unique<Database>(path_, SQLITE_OPEN_READWRITE, options_.busy_ms);
	int persist = 1;
	sqlite3_file_control(database_->handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	switch (store_state(*database_)) {
	case StoreState::current: break;
	case StoreState::empty:
	case StoreState::older: return false;
	case StoreState::newer:
		throw Error(kUnavailable,
			"is of a newer corescope than this one, which leaves it as it is; upgrade, or name another file");
	case StoreState::foreign:
		throw Error(kDataError, "is another program's database, and is left as it is; name another file");
	}
	Statement mode = database_->prepare("PRAGMA journal_mode");
	if (!mode.step() || mode.text(0) != "wal")
		return false;
	if (sqlite3_db_readonly(database_->handle(), "main"))
		throw Error(kIoError, "it can be read but not written");
	// FULL: each commit is synced, and so is what append() promised.
	database_->execute(
		"PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 4194304");
	return true;
}

std::string StoreFile::set_aside()
{
	const time_t now = time(nullptr);
	tm utc{};
	gmtime_r(&now, &utc);
	char stamp[32];
	strftime(stamp, sizeof(stamp), ".corrupt-%Y%m%dT%H%M%SZ", &utc);
	const std::string first = path_ + stamp;
	std::string name = first;
	const auto taken = [&] { return exists(name) || exists(name + "-wal") || exists(name + "-shm"); };
	for (int n = 2; taken(); n++)
		name = first + "-" + std::to_string(n);
	// The file last: SQLite takes a log without its file for a leftover, and removes it.
	for (const char* part : {"-wal", "-shm", ""})
		if (rename((path_ + part).c_str(), (name + part).c_str()) != 0 && (errno != ENOENT || !*part))
			fail("is damaged, and cannot be set aside as " + name, errno);
	sync_folder(folder_of(path_));
	return name;
}

void StoreFile::settle(const std::string* damage)
{
	const FileLock lock(lock_fd_, true, options_.busy_ms);
	std::string why;
	bool current = false;
	try {
		close(damage != nullptr || !still_there());
		current = open_current();
		// Another process may have set it aside before us: then this is the new one.
		if (current && damage) {
			Statement check = database_->prepare("PRAGMA integrity_check(1)");
			why = check.step() ? check.text(0) : "unknown";
			std::replace(why.begin(), why.end(), '\n', ' ');
			if (why == "ok")
				why.clear();
		}
	} catch (const DamagedStore& damaged) {
		why = damaged.why;
	}
	if (!why.empty()) {
		close(true);
		const std::string name = set_aside();
		make_empty(path_);
		warn("is damaged (" + why + "); set aside as " + name + ", and a new one is begun");
		current = open_current();
	}
	if (!current) {
		database_->execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
		Statement mode = database_->prepare("PRAGMA journal_mode");
		if (!mode.step() || mode.text(0) != "wal")
			throw Error(kIoError,
				"its file system cannot share memory between processes; name a file on a local disk");
		mode.reset();
		migrate_store(*database_);
		sync_folder(folder_of(path_));
	}
	close(false);
}

void StoreFile::use(const std::function<void(Database&)>& work)
{
	constexpr int kTries = 5; // each for another reason; more would mean that somebody else works against us
	try {
		std::string damage;
		for (int i = 0; i < kTries; i++) {
			try {
				if (lock_fd_ < 0 || !exists(path_) || (database_ && !still_there())) {
					if (database_)
						warn("was removed or replaced; a new one is begun");
					close(true);
					make_files();
				}
				{
					const FileLock lock(lock_fd_, false, options_.busy_ms);
					if (database_ && !still_there())
						continue;
					if (damage.empty() && (database_ || open_current())) {
						work(*database_);
						return;
					}
				}
				settle(damage.empty() ? nullptr : &damage);
				damage.clear();
			} catch (const DamagedStore& damaged) {
				damage = damaged.why;
			}
		}
		throw Error(kIoError, damage.empty() ? "keeps changing under us" : "is damaged: " + damage);
	} catch (const Error& error) {
		throw Error(error.code, store_message(path_, error.message));
	}
}

} // namespace corescope
