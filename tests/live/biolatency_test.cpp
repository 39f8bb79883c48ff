// SPDX-License-Identifier: BSD-2-Clause
// biolatency beside what the kernel counts of a disk that nobody else uses, a loop device of the test's own, and beside
// a process that knows how many requests it made. Direct I/O: each call is a request.
#include "cpudist.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/loop.h>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

constexpr int64_t kCalls = 200;

// Completed reads and writes and the ms that they took: /sys/block/NAME/stat.
struct DiskStat {
	int64_t reads = 0, writes = 0, ms = 0, merged = 0;
};

class LoopDevice {
public:
	LoopDevice()
	{
		const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
		char name[] = "/tmp/corescope-biolatency-XXXXXX";
		const int file = mkstemp(name);
		unlink(name);
		// Somebody else may take the free one in between.
		for (int tries = 0; control >= 0 && file >= 0 && fd_ < 0 && tries < 50; tries++) {
			const int number = ftruncate(file, 16 << 20) ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
			if (number < 0)
				break;
			name_ = "loop" + std::to_string(number);
			fd_ = open(path().c_str(), O_RDWR | O_CLOEXEC);
			if (fd_ >= 0 && ioctl(fd_, LOOP_SET_FD, file)) {
				close(fd_);
				fd_ = -1;
			}
		}
		if (fd_ < 0)
			why_ = std::string("cannot make a loop device: ") + std::strerror(errno);
		close(control);
		close(file);
	}
	~LoopDevice()
	{
		if (fd_ < 0)
			return;
		ioctl(fd_, LOOP_CLR_FD, 0);
		close(fd_);
	}
	LoopDevice(const LoopDevice&) = delete;
	LoopDevice& operator=(const LoopDevice&) = delete;

	const std::string& why() const { return why_; } // "" if there is one
	const std::string& name() const { return name_; }
	std::string path() const { return "/dev/" + name_; }
	DiskStat stat() const
	{
		std::ifstream file("/sys/block/" + name_ + "/stat");
		std::vector<int64_t> n;
		for (int64_t one; file >> one;)
			n.push_back(one);
		REQUIRE(n.size() >= 8);
		return {n[0], n[4], n[3] + n[7], n[1] + n[5]};
	}

private:
	int fd_ = -1;
	std::string name_, why_;
};

struct Run {
	std::vector<Json> records;
	int64_t done;
	double wall_ns;
};

// The tool beside a load, in a cgroup if one is given; "PID" in an argument is the load's.
Run beside_io(Words arguments, const Words& load_arguments, const OwnCgroup* group = nullptr)
{
	Load load("ioload", load_arguments, true);
	if (load.ready().is_null())
		return {{}, -1, 0};
	if (group)
		group->take_in(load.pid());
	arguments.insert(arguments.begin(), "biolatency");
	Tool tool(arguments);
	load.go();
	const Json truth = load.truth(1).at(0);
	Run run{tool.stop(), truth.at("done").get<int64_t>(), truth.at("wall_ns").get<double>()};
	CHECK(load.finish() == 0);
	return run;
}

} // namespace

#define NEED_LOOP(disk)              \
	do {                             \
		if (!(disk).why().empty())   \
			SKIP_TEST((disk).why()); \
	} while (false)

TEST_CASE("biolatency: each request to a disk counts once, as the disk's own statistics say")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const LoopDevice disk;
	NEED_LOOP(disk);
	const std::string what = GENERATE("write", "read");
	const auto [arguments, hook] = GENERATE(table<Words, std::string>(
		{{Words{}, ""}, {{"-Q"}, ""}, {{"-m"}, ""}, {Words{}, "raw_tp"}, {{"-Q"}, "tp_btf+insert"}}));
	Words all = arguments;
	all.insert(all.end(), {"-d", disk.name()});
	if (!hook.empty()) {
		if (!takes_hook({"biolatency"}, hook))
			SKIP_TEST("this kernel does not take " + hook);
		all.insert(all.end(), {"--hook", hook});
	}
	CAPTURE(what, all);
	const DiskStat before = disk.stat();
	const Run run = beside_io(all, {what, disk.path(), std::to_string(kCalls)});
	if (run.done < 0)
		SKIP_TEST("no direct I/O to a loop device here");
	const DiskStat after = disk.stat();
	const Hist told = total(run.records);
	CHECK(run.done == kCalls);
	CHECK(told.count == kCalls);
	CHECK(told.count == after.reads - before.reads + after.writes - before.writes);
	// One after the other: all that they took lies within the time of the loop, and what the disk tells in ms.
	CHECK(told.sum_ns > 0);
	CHECK(told.sum_ns <= run.wall_ns);
	CHECK(told.sum_ns <= static_cast<double>(after.ms - before.ms) * 1e6 + 1e6 * kCalls);
}

TEST_CASE("biolatency: writes that the kernel merges are as many as the requests that it makes of them")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const LoopDevice disk;
	NEED_LOOP(disk);
	constexpr int64_t kNeighbours = 64;
	const Words arguments = GENERATE(Words{}, Words{"-Q"}, Words{"-P"});
	const std::string scheduler = GENERATE("none", "mq-deadline");
	CAPTURE(arguments, scheduler);
	std::ofstream set("/sys/block/" + disk.name() + "/queue/scheduler");
	if (!(set << scheduler << std::flush))
		SKIP_TEST("this kernel has no scheduler " + scheduler);
	const DiskStat before = disk.stat();
	Words all{"-d", disk.name()};
	all.insert(all.end(), arguments.begin(), arguments.end());
	const Run run = beside_io(all, {"neighbours", disk.path(), std::to_string(kNeighbours)});
	if (run.done < 0)
		SKIP_TEST("no asynchronous direct I/O to a loop device here");
	const DiskStat after = disk.stat();
	set << "none" << std::flush; // as it was made
	const int64_t requests = after.writes - before.writes, merged = after.merged - before.merged;
	CAPTURE(requests, merged);
	CHECK(run.done == kNeighbours);
	CHECK(requests + merged == kNeighbours);
	CHECK(total(run.records).count == requests);
	if (!merged)
		SKIP_TEST("this kernel merged nothing");
}

TEST_CASE(
	"biolatency --cgroup: 200 direct writes of a process in it are 200, and none for another cgroup (X6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const LoopDevice disk;
	NEED_LOOP(disk);
	const std::string name = "biolatency-test-" + std::to_string(getpid());
	const OwnCgroup group(name), other(name + "-other"), inner("inner", &group);
	const bool inside = GENERATE(true, false);
	const Words arguments = GENERATE(Words{}, Words{"-Q"}, Words{"--by", "cgroup"}, Words{"-F"});
	CAPTURE(inside, arguments);
	Words all{"-c", inside ? group.path() : other.path()};
	all.insert(all.end(), arguments.begin(), arguments.end());
	const Run run = beside_io(all, {"write", disk.path(), std::to_string(kCalls)}, &inner);
	if (run.done < 0)
		SKIP_TEST("no direct I/O to a loop device here");
	CHECK(total(run.records).count == (inside ? kCalls : 0));
	if (inside && arguments == Words{"--by", "cgroup"})
		CHECK(total_of(run.records, "cgroup", inner.path()).count == kCalls);
}

TEST_CASE("biolatency: by disk, by flags in words, by the process that asked")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const LoopDevice disk;
	NEED_LOOP(disk);
	const auto [arguments, key, value] = GENERATE(table<Words, std::string, std::string>({
		{{"-D"}, "disk", "DISK"},
		{{"--by", "disk"}, "disk", "DISK"},
		{{"-d", "DISK", "-F"}, "flags", "Sync-Write"},
		{{"-d", "DISK", "--flag"}, "flags", "Sync-Write"},
		{{"-d", "DISK", "-P"}, "comm", "ioload"},
		{{"-d", "/dev/DISK", "--by", "comm"}, "comm", "ioload"},
	}));
	CAPTURE(arguments);
	const auto filled = [&](std::string word) {
		if (const size_t at = word.find("DISK"); at != word.npos)
			word.replace(at, 4, disk.name());
		return word;
	};
	Words all;
	for (const std::string& word : arguments)
		all.push_back(filled(word));
	const Run run = beside_io(all, {"write", disk.path(), std::to_string(kCalls)});
	if (run.done < 0)
		SKIP_TEST("no direct I/O to a loop device here");
	CHECK(total_of(run.records, key, filled(value)).count == kCalls);
}

TEST_CASE("biolatency: what cannot be is refused, and no long name stands for two options (X10)")
{
	const Words wrong = GENERATE(Words{"-d", "nosuchdisk"}, Words{"--disk=.."}, Words{"--disk", ""},
		Words{"-D", "-F"}, Words{"-D", "-P"}, Words{"--by", "nonsense"});
	CAPTURE(wrong);
	Words line{corescope_path(), "biolatency"};
	line.insert(line.end(), wrong.begin(), wrong.end());
	Process process(line);
	CHECK(process.wait() == 64);
	const std::string errors = process.errors();
	CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

} // namespace corescope::test
