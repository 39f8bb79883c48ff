// SPDX-License-Identifier: BSD-2-Clause
// Host facts from uname, /proc and /sys.
#include "system/host.h"

#include "base/error.h"
#include "base/files.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <sys/utsname.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr unsigned kMaxCpu = 1U << 20; // far above any NR_CPUS: bounds what a malformed list can ask for

} // namespace

std::string kernel_release()
{
	utsname names{};
	uname(&names);
	return names.release;
}

std::string host_name()
{
	utsname names{};
	uname(&names);
	return names.nodename;
}

uint64_t pid_max()
{
	const std::string text = first_line("/proc/sys/kernel/pid_max");
	uint64_t value = 0;
	std::from_chars(text.data(), text.data() + text.size(), value);
	return value;
}

std::string boot_id() { return first_line("/proc/sys/kernel/random/boot_id"); }

std::vector<unsigned> parse_cpu_list(std::string_view text)
{
	std::vector<unsigned> cpus;
	const char* at = text.data();
	const char* const end = at + text.size();
	while (true) {
		unsigned first = 0;
		auto parsed = std::from_chars(at, end, first);
		if (parsed.ec != std::errc())
			return {};
		unsigned last = first;
		if (parsed.ptr != end && *parsed.ptr == '-') {
			parsed = std::from_chars(parsed.ptr + 1, end, last);
			if (parsed.ec != std::errc())
				return {};
		}
		if (last < first || last >= kMaxCpu || (!cpus.empty() && first <= cpus.back()))
			return {};
		for (unsigned cpu = first; cpu <= last; cpu++)
			cpus.push_back(cpu);
		if (parsed.ptr == end)
			return cpus;
		if (*parsed.ptr != ',')
			return {};
		at = parsed.ptr + 1;
	}
}

unsigned possible_cpus()
{
	static constexpr char kPath[] = "/sys/devices/system/cpu/possible";
	static const unsigned count = static_cast<unsigned>(parse_cpu_list(first_line(kPath)).size());
	if (count == 0)
		throw Error(kUnavailable,
			std::string("cannot count the possible CPUs: ") + kPath +
				" is missing or unreadable; mount sysfs on /sys");
	return count;
}

size_t page_size()
{
	static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
	return size;
}

std::vector<unsigned> online_cpus() { return parse_cpu_list(first_line("/sys/devices/system/cpu/online")); }

} // namespace corescope
