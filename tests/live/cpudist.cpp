// SPDX-License-Identifier: BSD-2-Clause
// See cpudist.h.
#include "cpudist.h"

#include "system/cgroup.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace corescope::test {

void Hist::add(const Json& record)
{
	const double scale = record.at("value_unit") == "ms" ? 1e6 : 1e3;
	count += record.at("count").get<int64_t>();
	sum_ns += record.at("sum").get<double>() * scale;
	window_ns += record.at("window_ns").get<uint64_t>();
	dropped = record.at("dropped_keys").get<int64_t>();
	for (const Json& slot : record.at("slots"))
		slots[slot.at(0).is_null() ? 0 : slot.at(0).get<uint64_t>()] += slot.at(1).get<int64_t>();
}

uint64_t Hist::percentile(double q) const
{
	const auto rank = static_cast<int64_t>(std::ceil(q * static_cast<double>(count)));
	int64_t below = 0;
	for (const auto& [upper, n] : slots) {
		if (upper == 0)
			continue;
		below += n;
		if (below >= rank)
			return upper;
	}
	return UINT64_MAX;
}

Hist total(const std::vector<Json>& records, const std::function<bool(const Json&)>& wanted)
{
	Hist sum;
	for (const Json& record : records)
		if (record.at("type") == "hist" && (!wanted || wanted(record)))
			sum.add(record);
	return sum;
}

size_t hists(const std::vector<Json>& records)
{
	size_t n = 0;
	for (const Json& record : records)
		n += record.at("type") == "hist";
	return n;
}

int64_t Beside::switches_of(const std::vector<Json>& lines)
{
	int64_t n = 0;
	for (const Json& line : lines)
		n += line.at("voluntary").get<int64_t>() + line.at("involuntary").get<int64_t>();
	return n;
}

double Beside::run_ns() const
{
	double ns = 0;
	for (const Json& line : truth)
		ns += line.at("run_ns").get<double>();
	return ns;
}

void until_blocked(pid_t pid)
{
	const std::string path = "/proc/" + std::to_string(pid) + "/status";
	for (int i = 0; i < kPatienceMs; i++) {
		if (contents(path).find("\nState:\tS") != std::string::npos)
			return;
		const timespec nap = {0, 1000000};
		nanosleep(&nap, nullptr);
	}
	FAIL("process " << pid << " does not block");
}

Beside beside(
	const std::vector<Load*>& loads, std::vector<std::string> arguments, size_t lines, const char* name)
{
	for (Load* load : loads)
		until_blocked(load->pid());
	for (std::string& argument : arguments)
		if (argument == "PID")
			argument = std::to_string(loads.front()->pid());
	arguments.insert(arguments.begin(), name);
	// A task may be told as sleeping while it is still about to: then it goes off the CPU under the tool's eyes.
	const auto begin = std::chrono::steady_clock::now();
	Tool tool(arguments);
	for (Load* load : loads)
		load->go();
	Beside result;
	for (Load* load : loads) {
		result.truths.push_back(load->truth(lines));
		INFO("stderr: " << load->errors());
		REQUIRE(result.truths.back().size() == lines);
		until_blocked(load->pid());
	}
	result.outer_ns =
		std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
	result.truth = result.truths.front();
	result.records = tool.stop();
	result.errors = tool.process().errors();
	CHECK(tool.summary().at("end") == "SIGINT");
	for (Load* load : loads)
		CHECK(load->finish() == 0);
	return result;
}

OwnCgroup::OwnCgroup(const std::string& name, const OwnCgroup* parent)
{
	const std::string mount = cgroup2_mount();
	path_ = (parent ? parent->path() : "") + "/" + name;
	directory_ = mount + path_;
	INFO(directory_);
	REQUIRE((mkdir(directory_.c_str(), 0755) == 0 || errno == EEXIST));
}

OwnCgroup::~OwnCgroup()
{
	// A process that has just been reaped may still count as a member for a moment.
	for (int i = 0; i < 2000 && rmdir(directory_.c_str()) != 0 && errno == EBUSY; i++) {
		const timespec nap = {0, 1000000};
		nanosleep(&nap, nullptr);
	}
}

void OwnCgroup::take_in(pid_t pid) const
{
	std::ofstream file(directory_ + "/cgroup.procs");
	file << pid << std::flush;
	REQUIRE(file.good());
}

std::string cannot_make_cgroups()
{
	const std::string mount = cgroup2_mount();
	if (mount.empty())
		return "needs a mounted cgroup2";
	const std::string trial = mount + "/corescope-trial-" + std::to_string(getpid());
	if (mkdir(trial.c_str(), 0755) != 0)
		return "cannot make a cgroup: " + std::string(strerror(errno));
	rmdir(trial.c_str());
	return "";
}

int64_t all_switches()
{
	std::ifstream file("/proc/stat");
	std::string word;
	while (file >> word)
		if (word == "ctxt") {
			int64_t n = 0;
			file >> n;
			return n;
		}
	FAIL("/proc/stat has no ctxt");
	return 0;
}

} // namespace corescope::test
