// SPDX-License-Identifier: BSD-2-Clause
// Files that execload needs: a scratch directory that goes away, copies of the quiet program, scripts, and
// argument strings in pages that are not resident.
#pragma once

#include "load.h"

#include <dirent.h>
#include <sys/mman.h>

namespace corescope::load {

inline std::string own_dir()
{
	const std::string self = read_link("/proc/self/exe");
	return self.substr(0, self.rfind('/'));
}

// Stands beside the load programs; the build puts it there.
inline std::string quiet_path() { return own_dir() + "/quiet"; }

inline void write_file(const std::string& path, std::string_view contents, mode_t mode)
{
	const Fd file(must(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), path.c_str()));
	write_all(file.get(), contents);
	must(fchmod(file.get(), mode), path.c_str());
}

inline std::string copy_quiet(const std::string& path)
{
	const std::string program = read_file(quiet_path());
	if (program.empty())
		fail(kFailed, "%s is missing", quiet_path().c_str());
	write_file(path, program, 0755);
	return path;
}

class TempDir {
public:
	TempDir()
	{
		const char* base = getenv("TMPDIR");
		path_ = std::string(base && *base ? base : "/tmp") + "/execload.XXXXXX";
		if (!mkdtemp(path_.data()))
			fail(kFailed, "mkdtemp %s: %s", path_.c_str(), strerror(errno));
		must(chmod(path_.c_str(), 0755), "chmod");
	}
	TempDir(const TempDir&) = delete;
	TempDir& operator=(const TempDir&) = delete;
	~TempDir()
	{
		if (getpid() != owner_)
			return;
		if (DIR* dir = opendir(path_.c_str())) {
			while (const dirent* entry = readdir(dir))
				if (entry->d_name[0] != '.' && unlink((*this / entry->d_name).c_str()) < 0)
					rmdir((*this / entry->d_name).c_str());
			closedir(dir);
		}
		rmdir(path_.c_str());
	}
	std::string operator/(const std::string& name) const { return path_ + "/" + name; }
	const std::string& path() const { return path_; }

private:
	std::string path_;
	pid_t owner_ = getpid();
};

inline std::string script(const std::string& path, const std::string& interpreter, const std::string& option)
{
	write_file(path, "#!" + interpreter + (option.empty() ? "" : " " + option) + "\nexit 3\n", 0755);
	return path;
}

// Text in which every place differs from the one before, so that a cut or shifted copy shows: "0 2 4 6 8 10
// 13 ...".
inline std::string patterned(size_t size)
{
	std::string text;
	while (text.size() < size)
		text += std::to_string(text.size()) + ".";
	text.resize(size);
	return text;
}

// True when a page table entry holds that page now (pagemap bit 63; readable for one's own process).
inline bool is_resident(const void* address)
{
	const Fd map(must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), "pagemap"));
	uint64_t entry = 0;
	const auto page = reinterpret_cast<uintptr_t>(address) / static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
	must(pread(map.get(), &entry, sizeof(entry), static_cast<off_t>(page * sizeof(entry))), "pagemap");
	return entry >> 63;
}

// Moves each string from the second on to the start of a page of its own in a file that is mapped just now:
// the bytes are in the page cache, no page table entry points to them, and a reader that cannot fault gets
// nothing.
inline void move_to_nonresident_pages(std::vector<char*>& pointers, const TempDir& dir)
{
	const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
	const std::string path = dir / ("pages" + std::to_string(getpid()));
	const Fd file(must(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path.c_str()));
	unlink(path.c_str());
	const size_t count = pointers.size() - 2;
	must(ftruncate(file.get(), static_cast<off_t>(count * page)), "ftruncate");
	for (size_t i = 0; i < count; i++) {
		const std::string_view text = pointers[i + 1];
		if (text.size() >= page)
			fail(kFailed, "argument does not fit into a page");
		must(pwrite(file.get(), text.data(), text.size(), static_cast<off_t>(i * page)), "pwrite");
	}
	void* base = mmap(nullptr, count * page, PROT_READ, MAP_PRIVATE, file.get(), 0);
	if (base == MAP_FAILED)
		fail(kFailed, "mmap: %s", strerror(errno));
	for (size_t i = 0; i < count; i++) {
		pointers[i + 1] = static_cast<char*>(base) + i * page;
		if (is_resident(pointers[i + 1]))
			fail(kFailed, "the page of argument %zu is resident", i + 1);
	}
}

} // namespace corescope::load
