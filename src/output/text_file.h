// SPDX-License-Identifier: BSD-2-Clause
// A file that is replaced as a whole: whoever reads it sees the old contents or the new ones, also when the machine
// loses power in between.
#pragma once

#include <string>
#include <string_view>

namespace corescope {

// Throws Error(kUsage) unless the name ends in .prom, and is more than that: node_exporter reads no other.
void check_textfile_name(const std::string& path);

// Writes beside it, under a name that does not end as `path` does, syncs, renames; mode 0644 whatever the umask. What
// killed runs have left beside it is removed. A symbolic link is replaced, not followed. Needs nothing but the right
// to write in the folder. Throws Error(kIoError); `path` is then as it was, unless only the last sync failed.
void replace_file(const std::string& path, std::string_view bytes);

} // namespace corescope
