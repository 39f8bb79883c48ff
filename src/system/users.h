// SPDX-License-Identifier: BSD-2-Clause
// User names by /etc/passwd alone: a static binary has no NSS, and a lookup must not reach for the network.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace corescope {

// The uid of a login name; nullopt if /etc/passwd does not know it. Digits are looked up as a name too.
std::optional<uid_t> find_user(std::string_view name);

// The first login name of a uid, "" if there is none. Reads the file: not for the event path.
std::string user_name(uid_t uid);

} // namespace corescope
