// SPDX-License-Identifier: BSD-2-Clause
// Opening a store that may be anybody's, on any medium, without leaving a trace beside it. SQLite's read-only mode alone
// would make the log's index where it is missing, and fail where it cannot.
#include "hist/store_file.h"

#include "base/error.h"
#include "hist/store_schema.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr uint64_t kBusyMs = 10000;

std::optional<uint64_t> size_of(const std::string& path)
{
	struct stat status;
	if (stat(path.c_str(), &status) != 0)
		return std::nullopt;
	return static_cast<uint64_t>(status.st_size);
}

std::string uri_of(const std::string& path, const char* parameters)
{
	std::string uri = "file:";
	for (const char c : path) {
		if (std::strchr("%?#", c)) {
			char code[4];
			std::snprintf(code, sizeof(code), "%%%02X", static_cast<unsigned char>(c));
			uri += code;
		} else {
			uri += c;
		}
	}
	return uri + "?mode=ro" + parameters;
}

std::unique_ptr<Database> open_uri(const std::string& uri)
{
	return std::make_unique<Database>(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, kBusyMs);
}

std::unique_ptr<Database> open_as_it_lies(const std::string& path)
{
	const bool has_index = size_of(path + "-shm").has_value();
	if (size_of(path + "-wal").value_or(0) == 0 && !has_index) // all is in the file, and nobody has it open
		return open_uri(uri_of(path, "&immutable=1"));
	if (has_index && access((path + "-shm").c_str(), R_OK) == 0)
		return open_uri(uri_of(path, "&readonly_shm=1"));
	// A log without its index, as copies have it: the index is made in our own memory, which SQLite does only for those
	// who lock nothing and share with nobody.
	auto database = open_uri(uri_of(path, "&vfs=unix-none"));
	database->execute("PRAGMA locking_mode = EXCLUSIVE");
	database->abandon();
	return database;
}

// While others set a damaged file aside, its name is nobody's. A lock that cannot be had is no reason not to read.
class NamesLock {
public:
	explicit NamesLock(const std::string& path) : fd_(open((path + "-lock").c_str(), O_RDONLY | O_CLOEXEC))
	{
		if (fd_ >= 0)
			lock_.emplace(fd_, false, kBusyMs);
	}
	~NamesLock()
	{
		lock_.reset();
		if (fd_ >= 0)
			close(fd_);
	}
	NamesLock(const NamesLock&) = delete;
	NamesLock& operator=(const NamesLock&) = delete;

private:
	int fd_;
	std::optional<FileLock> lock_;
};

} // namespace

std::unique_ptr<Database> open_store_for_reading(const std::string& path)
{
	const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
	if (!real || access(real.get(), R_OK) != 0) {
		const int error = errno;
		throw Error(error == EACCES ? kNoPermission : kIoError,
			store_message(path, std::string("cannot be read: ") + std::strerror(error)));
	}
	try {
		if (!size_of(real.get()).value_or(0))
			throw Error(kDataError, "is empty, and so no store");
		const NamesLock lock(real.get());
		auto database = open_as_it_lies(real.get());
		switch (store_state(*database)) {
		case StoreState::current: return database;
		case StoreState::older:
			throw Error(kUnavailable,
				"is of an older corescope; `corescope history prune --keep 3650d --store FILE`, by who may write it, brings it up to date");
		case StoreState::newer:
			throw Error(kUnavailable, "is of a newer corescope than this one; upgrade to read it");
		case StoreState::empty:
		case StoreState::foreign: break;
		}
		throw Error(kDataError, "is a database, but no store of histograms");
	} catch (const Error& error) {
		throw Error(error.code, store_message(path, error.message));
	} catch (const DamagedStore& damaged) {
		throw Error(kDataError, store_message(path, "is damaged, or no store: " + damaged.why));
	}
}

} // namespace corescope
