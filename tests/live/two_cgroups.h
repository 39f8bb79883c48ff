// SPDX-License-Identifier: BSD-2-Clause
// A cgroup (v2) of the test's own with another in it, below the mount that this machine has. Processes that are started
// while the test stands in one are born there.
#pragma once

#include <cerrno>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope::test {

class TwoCgroups {
public:
	TwoCgroups()
	{
		std::ifstream mounts("/proc/self/mounts");
		std::string device, at, type, rest;
		while (mounts >> device >> at >> type && std::getline(mounts, rest))
			if (type == "cgroup2" && mount_.empty())
				mount_ = at;
		std::ifstream own("/proc/self/cgroup");
		for (std::string line; std::getline(own, line);)
			if (line.substr(0, 3) == "0::")
				home_ = line.substr(3);
		static int made;
		const std::string outer =
			"/corescope-test-" + std::to_string(getpid()) + "-" + std::to_string(made++);
		if (!mount_.empty() && mkdir((mount_ + outer).c_str(), 0755) == 0)
			path_ = outer;
		if (usable() && mkdir((mount_ + outer + "/inner").c_str(), 0755) != 0)
			remove(path_), path_.clear();
	}
	TwoCgroups(const TwoCgroups&) = delete;
	TwoCgroups& operator=(const TwoCgroups&) = delete;
	~TwoCgroups()
	{
		if (!usable())
			return;
		leave();
		remove(inner_path());
		remove(path());
	}

	bool usable() const { return !path_.empty(); }
	std::string path() const { return path_; }                  // below the mount, as tools show it
	std::string inner_path() const { return path_ + "/inner"; } // a cgroup in it
	std::string directory(const std::string& path) const { return mount_ + path; }
	// The id that the kernel gives: the directory's inode number.
	uint64_t id(const std::string& path) const
	{
		struct stat found {};
		return stat(directory(path).c_str(), &found) == 0 ? found.st_ino : 0;
	}
	bool enter(const std::string& path) const
	{
		std::ofstream procs(directory(path) + "/cgroup.procs");
		procs << getpid() << std::flush;
		return procs.good();
	}
	bool leave() const { return enter(home_); }

private:
	// A process that has been waited for may still be counted as there for a moment (it leaves when it is switched out).
	void remove(const std::string& path) const
	{
		for (int tries = 0; rmdir(directory(path).c_str()) != 0 && errno == EBUSY && tries < 5000; tries++)
			usleep(1000);
	}

	std::string mount_, home_, path_;
};

} // namespace corescope::test
