// SPDX-License-Identifier: BSD-2-Clause
// Block devices by name and by number, as /sys tells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace corescope {

struct DiskNumber {
	uint32_t major = 0, minor = 0;

	auto operator<=>(const DiskNumber&) const = default;
};

// Of "vda", "/dev/vda", "cciss/c0d0". None if no block device has the name.
std::optional<DiskNumber> disk_number(std::string name);
// Whether it is a part of another.
bool is_partition(std::string name);

// Its name; that which it had when it was last asked for, where it has gone since; else "MAJOR:MINOR".
std::string disk_name(DiskNumber number);

} // namespace corescope
