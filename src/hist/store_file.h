// SPDX-License-Identifier: BSD-2-Clause
// The file of a store, and those beside it: made where they are missing, opened, and set aside when damaged, by any
// number of processes at once.
#pragma once

#include "hist/sqlite.h"
#include "hist/store.h"

#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>

namespace corescope {

// flock() on a descriptor: shared while something is written, exclusive while names change. It goes with the process,
// however that ends. Throws Error(kTempFail) after busy_ms.
class FileLock {
public:
	FileLock(int fd, bool exclusive, uint64_t busy_ms);
	~FileLock();
	FileLock(const FileLock&) = delete;
	FileLock& operator=(const FileLock&) = delete;

private:
	int fd_;
};

// For writing. Whatever is to be written goes through use(), which sees to it that the file is still the one that the
// path names, up to date, and whole.
class StoreFile {
public:
	StoreFile(std::string path, HistStore::Options options);
	~StoreFile();
	StoreFile(const StoreFile&) = delete;
	StoreFile& operator=(const StoreFile&) = delete;

	const std::string& path() const { return path_; }
	const HistStore::Options& options() const { return options_; }
	// Calls work, and once more, on a new file, when it finds the old one damaged: so work must be one transaction, or
	// reading only. Errors name the path.
	void use(const std::function<void(Database&)>& work);
	void warn(const std::string& text) const;

private:
	void make_files();                      // what is missing: folder, file, lock
	bool open_current();                    // false: settle() is due; throws DamagedStore
	void settle(const std::string* damage); // makes, migrates or sets aside
	std::string set_aside();
	bool still_there() const;
	void close(bool abandon);

	std::string path_;
	HistStore::Options options_;
	int lock_fd_ = -1;
	std::unique_ptr<Database> database_;
	dev_t device_ = 0;
	ino_t inode_ = 0;
};

// For reading: makes no file, also not beside it, and works where nothing can be written. Errors name the path.
std::unique_ptr<Database> open_store_for_reading(const std::string& path);

// "store PATH: text".
std::string store_message(const std::string& path, const std::string& text);

} // namespace corescope
