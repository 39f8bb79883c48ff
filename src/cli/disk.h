// SPDX-License-Identifier: BSD-2-Clause
// An option's argument that is a disk.
#pragma once

#include "base/parse.h"
#include "system/disk.h"

namespace corescope {

struct Disk : DiskNumber {
	bool given = false;
};

inline void parse_value(Disk& out, const char* text)
{
	const auto number = disk_number(text);
	if (!number)
		throw BadValue{"is no block device; /proc/partitions has their names"};
	if (is_partition(text))
		throw BadValue{"is a partition; requests are those of a whole disk"};
	static_cast<DiskNumber&>(out) = *number;
	out.given = true;
}

} // namespace corescope
