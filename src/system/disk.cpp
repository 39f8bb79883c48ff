// SPDX-License-Identifier: BSD-2-Clause
// See disk.h. The kernel's `uevent` file tells the name as it is below /dev.
#include "system/disk.h"

#include "base/files.h"

#include <charconv>
#include <map>
#include <string_view>
#include <unistd.h>

namespace corescope {

namespace {

// The folder in /sys/class/block; "" for what can be none. A slash in a name is a '!' there.
std::string folder_of(std::string name)
{
	if (name.rfind("/dev/", 0) == 0)
		name.erase(0, 5);
	if (name.empty() || name[0] == '.' || name[0] == '/')
		return "";
	for (char& c : name)
		c = c == '/' ? '!' : c;
	return "/sys/class/block/" + name;
}

} // namespace

std::optional<DiskNumber> disk_number(std::string name)
{
	const std::string folder = folder_of(std::move(name));
	const std::string text = folder.empty() ? "" : first_line(folder + "/dev");
	const char* const end = text.data() + text.size();
	DiskNumber number;
	const auto major = std::from_chars(text.data(), end, number.major);
	if (major.ec != std::errc() || major.ptr == end || *major.ptr != ':')
		return std::nullopt;
	const auto minor = std::from_chars(major.ptr + 1, end, number.minor);
	if (minor.ec != std::errc() || minor.ptr != end)
		return std::nullopt;
	return number;
}

bool is_partition(std::string name)
{
	return access((folder_of(std::move(name)) + "/partition").c_str(), F_OK) == 0;
}

std::string disk_name(DiskNumber number)
{
	static std::map<DiskNumber, std::string> names;
	const std::string numbers = std::to_string(number.major) + ":" + std::to_string(number.minor);
	std::string& name = names[number];
	for_each_line("/sys/dev/block/" + numbers + "/uevent", [&](std::string_view line) {
		constexpr std::string_view kKey = "DEVNAME=";
		const bool found = line.substr(0, kKey.size()) == kKey;
		if (found)
			name = line.substr(kKey.size());
		return !found;
	});
	return name.empty() ? numbers : name;
}

} // namespace corescope
