// SPDX-License-Identifier: BSD-2-Clause
// Folders in the BPF file system: made, read, removed; see pin.h.
#include "bpf/pin.h"

#include "base/error.h"
#include "system/clock.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <memory>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr char kHidden = '@'; // begins the name of a folder that is not, or no longer, a pin
constexpr std::string_view kLinkPrefix = "link_";
constexpr size_t kLongestName = 64;
constexpr uint64_t kLockPatienceNs = 10000000000;
constexpr uint64_t kProgramPatienceNs = 5000000000;
constexpr long kLookAgainNs = 1000000;

std::string path_of(const std::string& name) { return std::string(kPinFolder) + "/" + name; }

[[noreturn]] void refuse(const std::string& what, int error)
{
	if (error == EPERM || error == EACCES)
		throw Error(kNoPermission, what + ": not permitted; run it as root");
	throw Error(error == EROFS ? kUnavailable : kFailure, what + ": " + std::strerror(error));
}

[[noreturn]] void no_such_pin(const std::string& name)
{
	throw Error(
		kFailure, "nothing is pinned under the name '" + name + "'; `corescope pinned list` tells what is");
}

void nap()
{
	const timespec time = {0, kLookAgainNs};
	nanosleep(&time, nullptr);
}

bool is_bpffs(const char* path)
{
	struct statfs about;
	return statfs(path, &about) == 0 && about.f_type == static_cast<decltype(about.f_type)>(BPF_FS_MAGIC);
}

void need_bpffs()
{
	if (is_bpffs(kBpffs))
		return;
	if (mount("bpf", kBpffs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0)
		return;
	throw Error(kUnavailable,
		std::string("the BPF file system is not mounted on ") + kBpffs +
			" and cannot be mounted from here: " + std::strerror(errno) + "; mount it: mount -t bpf bpf " +
			kBpffs);
}

// In a file system that is open to all, somebody else may have been here first.
void need_folder()
{
	if (mkdir(kPinFolder, 0700) != 0 && errno != EEXIST)
		refuse(std::string("cannot make ") + kPinFolder, errno);
	struct stat about;
	if (lstat(kPinFolder, &about) != 0)
		refuse(std::string("cannot look at ") + kPinFolder, errno);
	if (!S_ISDIR(about.st_mode) || (about.st_uid != geteuid() && about.st_uid != 0) ||
		(about.st_mode & S_IWOTH))
		throw Error(kFailure, std::string(kPinFolder) + " belongs to somebody else; remove it");
}

struct CloseFolder {
	void operator()(DIR* folder) const { closedir(folder); }
};

// Names in a folder, in order. *error: why it cannot be read, else 0.
std::vector<std::string> names_in(const std::string& path, int* error = nullptr)
{
	std::vector<std::string> names;
	const std::unique_ptr<DIR, CloseFolder> folder(opendir(path.c_str()));
	if (error)
		*error = folder ? 0 : errno;
	if (!folder)
		return names;
	while (const dirent* entry = readdir(folder.get()))
		if (entry->d_name[0] != '.')
			names.emplace_back(entry->d_name);
	std::sort(names.begin(), names.end());
	return names;
}

// By paths and not by a descriptor: if the folder has got a name meanwhile, none of them leads to it.
bool remove_folder(const std::string& path)
{
	const std::string folder = path + "/";
	for (const std::string& name : names_in(path))
		unlink(std::string(folder).append(name).c_str());
	return rmdir(path.c_str()) == 0;
}

bool exists(const std::string& path)
{
	struct stat about;
	return lstat(path.c_str(), &about) == 0;
}

// The programs behind a pin's links.
std::vector<__u32> programs_of(const std::string& path)
{
	std::vector<__u32> ids;
	const std::string folder = path + "/";
	for (const std::string& name : names_in(path)) {
		if (name.substr(0, kLinkPrefix.size()) != kLinkPrefix)
			continue;
		const int fd = bpf_obj_get(std::string(folder).append(name).c_str());
		bpf_link_info about = {};
		__u32 size = sizeof(about);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &about, &size) == 0)
			ids.push_back(about.prog_id);
		if (fd >= 0)
			close(fd);
	}
	return ids;
}

// The last reference to a link is put after an RCU grace period.
void await_end_of(const std::vector<__u32>& programs)
{
	const uint64_t give_up = monotonic_ns() + kProgramPatienceNs;
	for (const __u32 id : programs) {
		while (monotonic_ns() < give_up) {
			const int fd = bpf_prog_get_fd_by_id(id);
			if (fd < 0)
				break; // gone, or we may not look
			close(fd);
			nap();
		}
	}
}

} // namespace

void parse_value(PinName& out, const char* text)
{
	const std::string_view name = text;
	const auto plain = [](char c) {
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	};
	const bool good = !name.empty() && name.size() <= kLongestName && plain(name.front()) &&
		std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '-' || c == '_'; });
	if (!good)
		throw BadValue{
			"is no name for a pin (letters, digits, - and _, beginning with a letter or digit, at most 64)"};
	out.value = name;
}

std::string random_id()
{
	unsigned char bytes[16];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		throw Error(kFailure, std::string("no random numbers: ") + std::strerror(errno));
	std::string text;
	for (const unsigned char byte : bytes) {
		text += "0123456789abcdef"[byte >> 4];
		text += "0123456789abcdef"[byte & 15];
	}
	return text;
}

NewPin::NewPin(const std::string& name) : name_(name)
{
	need_bpffs();
	need_folder();
	remove_pin_leftovers();
	if (exists(path_of(name)))
		throw Error(
			kTempFail, "--pin: '" + name + "' is taken; `corescope pinned remove " + name + "` frees it");
	// Between being made and being locked it looks like a leftover: another run may then take it away.
	for (int tries = 0; lock_ < 0; tries++) {
		folder_ = path_of(kHidden + random_id());
		if (mkdir(folder_.c_str(), 0700) != 0)
			refuse("cannot make a folder in " + std::string(kPinFolder), errno);
		lock_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (lock_ >= 0 && flock(lock_, LOCK_EX | LOCK_NB) == 0 && exists(folder_))
			return;
		const int error = errno;
		if (lock_ >= 0)
			close(lock_);
		lock_ = -1;
		rmdir(folder_.c_str());
		if (tries == 100)
			refuse("cannot lock " + folder_, error);
	}
}

NewPin::~NewPin()
{
	if (!folder_.empty())
		remove_folder(folder_);
	close(lock_);
}

void NewPin::add(const std::string& as, int fd)
{
	if (bpf_obj_pin(fd, (folder_ + "/" + as).c_str()))
		refuse("cannot pin '" + as + "'", errno);
}

void NewPin::add_map(const char* as, int fd) { add(as, fd); }

void NewPin::add_program(int fd) { add("prog_" + std::to_string(programs_++), fd); }

void NewPin::add_link(int fd, std::string_view hook)
{
	bpf_link_info about = {};
	__u32 size = sizeof(about);
	if (bpf_obj_get_info_by_fd(fd, &about, &size) != 0 &&
		errno == EINVAL) // no link but the perf event itself
		throw Error(kUnavailable,
			"--pin: this kernel cannot pin the hook " + std::string(hook) +
				", which is a perf event here (kernels since 5.15 can); let it run instead, with an INTERVAL");
	add(std::string(kLinkPrefix) + std::to_string(links_++), fd);
}

void NewPin::publish()
{
	if (renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, path_of(name_).c_str(), RENAME_NOREPLACE) != 0) {
		if (errno == EEXIST)
			throw Error(kTempFail,
				"--pin: '" + name_ + "' has just been taken; `corescope pinned list` tells by what");
		refuse("cannot name the pin '" + name_ + "'", errno);
	}
	folder_.clear();
}

PinReader::PinReader(const std::string& name, bool alone) : name_(name)
{
	const uint64_t give_up = monotonic_ns() + kLockPatienceNs;
	folder_ = open(path_of(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_ < 0 && (errno == ENOENT || errno == ENOTDIR))
		no_such_pin(name);
	if (folder_ < 0)
		refuse("cannot open the pin '" + name + "'", errno);
	while (alone && flock(folder_, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || monotonic_ns() > give_up) {
			close(folder_);
			throw Error(kTempFail, "the pin '" + name + "' is being read by another process; try again");
		}
		nap();
	}
}

PinReader::~PinReader() { close(folder_); }

int PinReader::open_pinned(const std::string& as) const
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	const std::string path = "/proc/self/fd/" + std::to_string(folder_) + "/" + as;
	const int fd = bpf_obj_get_opts(path.c_str(), &opts);
	if (fd < 0 && errno == ENOENT && !exists(path_of(name_)))
		no_such_pin(name_);
	if (fd < 0 && errno == ENOENT)
		throw Error(kDataError, "the pin '" + name_ + "' has no '" + as + "': corescope did not make it");
	if (fd < 0)
		refuse("cannot open '" + as + "' of the pin '" + name_ + "'", errno);
	return fd;
}

std::vector<std::string> pin_names()
{
	int error;
	std::vector<std::string> names = names_in(kPinFolder, &error);
	if (error && error != ENOENT)
		refuse(std::string("cannot look into ") + kPinFolder, error);
	names.erase(std::remove_if(
					names.begin(), names.end(), [](const std::string& name) { return name[0] == kHidden; }),
		names.end());
	return names;
}

void remove_pin(const std::string& name)
{
	remove_pin_leftovers();
	const std::vector<__u32> programs = programs_of(path_of(name));
	const std::string hidden = path_of(kHidden + random_id());
	if (rename(path_of(name).c_str(), hidden.c_str()) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			no_such_pin(name);
		refuse("cannot remove the pin '" + name + "'", errno);
	}
	if (!remove_folder(hidden) && exists(hidden))
		refuse("cannot remove all of the pin '" + name + "'", errno);
	await_end_of(programs);
}

size_t remove_pin_leftovers()
{
	size_t removed = 0;
	for (const std::string& name : names_in(kPinFolder)) {
		const std::string path = path_of(name);
		const int fd = name[0] == kHidden ? open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			removed += remove_folder(path);
		if (fd >= 0)
			close(fd);
	}
	return removed;
}

} // namespace corescope
