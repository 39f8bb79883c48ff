// SPDX-License-Identifier: BSD-2-Clause
// Two ways into the cgroup2 tree, for the resolver and for selecting by name: a directory's file handle, and
// a walk.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

inline constexpr int kFileIdKernfs = 0xfe; // enum fid_type, include/linux/exportfs.h

// A kernfs file handle is the 64-bit id (fs/kernfs/mount.c, kernfs_encode_fh).
class KernfsHandle {
public:
	explicit KernfsHandle(uint64_t id = 0)
	{
		get()->handle_bytes = sizeof(id);
		get()->handle_type = kFileIdKernfs;
		std::memcpy(bytes_ + sizeof(file_handle), &id, sizeof(id));
	}
	file_handle* get() { return reinterpret_cast<file_handle*>(bytes_); }
	uint64_t id() const
	{
		uint64_t id;
		std::memcpy(&id, bytes_ + sizeof(file_handle), sizeof(id));
		return id;
	}

private:
	alignas(file_handle) char bytes_[sizeof(file_handle) + sizeof(uint64_t)] = {};
};

// Calls visit(path below the mount, id) for every directory, upper levels first.
template <class Visit>
void walk_cgroups(const std::string& mount, Visit&& visit)
{
	struct Close {
		void operator()(DIR* directory) const { closedir(directory); }
	};
	std::deque<std::string> pending{""};
	for (; !pending.empty(); pending.pop_front()) {
		const std::string path = pending.front();
		const std::unique_ptr<DIR, Close> directory(opendir((mount + path).c_str()));
		if (!directory)
			continue; // went away, or closed to us
		struct stat status;
		if (path.empty() && fstat(dirfd(directory.get()), &status) == 0)
			visit(std::string("/"), static_cast<uint64_t>(status.st_ino));
		while (const dirent* entry = readdir(directory.get())) {
			if (entry->d_type != DT_DIR || !std::strcmp(entry->d_name, ".") ||
				!std::strcmp(entry->d_name, ".."))
				continue;
			pending.push_back(path + '/' + entry->d_name);
			visit(pending.back(), static_cast<uint64_t>(entry->d_ino));
		}
	}
}

} // namespace corescope
