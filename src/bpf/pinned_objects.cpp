// SPDX-License-Identifier: BSD-2-Clause
// Mounts are found in mountinfo, once for each mount namespace, and each file system is walked once.
#include "bpf/pinned_objects.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

class PinWalk {
public:
	explicit PinWalk(unsigned& not_seen) : not_seen_(not_seen) {}

	void own_mounts() { mounts_of("/proc/self", ""); }

	void other_mounts()
	{
		DIR* processes = opendir("/proc");
		if (!processes)
			return;
		while (const dirent* process = readdir(processes))
			if (std::strtol(process->d_name, nullptr, 10) > 0) {
				const std::string base = "/proc/" + std::string(process->d_name);
				mounts_of(base, base + "/root");
			}
		closedir(processes);
	}

	std::vector<PinnedObject> found;

private:
	void mounts_of(const std::string& process, const std::string& root)
	{
		struct stat about;
		if (stat((process + "/ns/mnt").c_str(), &about)) {
			const int error = errno;
			char program[8];
			// Kernel threads and those that have ended have no mounts of their own, and no program.
			not_seen_ += (error == EACCES || error == EPERM) &&
				(readlink((process + "/exe").c_str(), program, sizeof(program)) > 0 || errno != ENOENT);
			return;
		}
		if (!namespaces_.insert(about.st_ino).second)
			return;
		FILE* mounts = std::fopen((process + "/mountinfo").c_str(), "re");
		if (!mounts)
			return;
		char* line = nullptr;
		size_t room = 0;
		while (getline(&line, &room, mounts) > 0) {
			char place[4096];
			const char* separator = std::strstr(line, " - ");
			// ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS… - TYPE …
			if (!separator || std::strncmp(separator, " - bpf ", 7) != 0 ||
				std::sscanf(line, "%*s %*s %*s %*s %4095s", place) != 1)
				continue;
			const std::string path = root + unescaped(place);
			if (stat(path.c_str(), &about) == 0 && systems_.insert(about.st_dev).second)
				walk(path);
		}
		std::free(line);
		std::fclose(mounts);
	}

	// A blank is \040 in mountinfo.
	static std::string unescaped(const char* text)
	{
		std::string result;
		for (; *text; text++) {
			const bool octal = text[0] == '\\' && text[1] && text[2] && text[3];
			result +=
				octal ? static_cast<char>(std::strtol(std::string(text + 1, 3).c_str(), nullptr, 8)) : *text;
			text += octal ? 3 : 0;
		}
		return result;
	}

	void walk(const std::string& folder)
	{
		DIR* entries = opendir(folder.c_str());
		if (!entries)
			return;
		while (const dirent* entry = readdir(entries)) {
			const std::string path = folder + "/" + entry->d_name;
			if (entry->d_type == DT_DIR && std::strcmp(entry->d_name, ".") != 0 &&
				std::strcmp(entry->d_name, "..") != 0)
				walk(path);
			else if (entry->d_type == DT_REG)
				open_pin(path);
		}
		closedir(entries);
	}

	void open_pin(const std::string& path)
	{
		const Descriptor pin(std::max(bpf_obj_get(path.c_str()), -1));
		if (!pin)
			return;
		if (const auto object = object_of(pin.get()))
			found.push_back({object->kind, object->id, path});
	}

	unsigned& not_seen_;
	std::set<ino_t> namespaces_;
	std::set<dev_t> systems_;
};

} // namespace

std::vector<PinnedObject> pinned_objects(unsigned& not_seen)
{
	PinWalk walk(not_seen);
	walk.own_mounts();
	walk.other_mounts();
	return std::move(walk.found);
}

} // namespace corescope
