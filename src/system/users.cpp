// SPDX-License-Identifier: BSD-2-Clause
// Reads /etc/passwd with fgetpwent_r, which consults that file and nothing else.
#include "system/users.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <pwd.h>
#include <vector>

namespace corescope {

namespace {

// Calls visit(entry) until it answers true.
template <class Visit>
void each_user(Visit&& visit)
{
	struct Close {
		void operator()(FILE* file) const { std::fclose(file); }
	};
	const std::unique_ptr<FILE, Close> file(std::fopen("/etc/passwd", "re"));
	if (!file)
		return;
	std::vector<char> strings(1024);
	for (;;) {
		passwd entry{};
		passwd* found = nullptr;
		const long before = std::ftell(file.get());
		const int error = fgetpwent_r(file.get(), &entry, strings.data(), strings.size(), &found);
		if (error == ERANGE && strings.size() < (1U << 20)) { // a longer line than we had room for: again
			strings.resize(strings.size() * 2);
			if (before < 0 || std::fseek(file.get(), before, SEEK_SET) != 0)
				return;
			continue;
		}
		if (error || !found || visit(*found))
			return;
	}
}

} // namespace

std::optional<uid_t> find_user(std::string_view name)
{
	std::optional<uid_t> uid;
	each_user([&](const passwd& entry) {
		if (name == entry.pw_name)
			uid = entry.pw_uid;
		return uid.has_value();
	});
	return uid;
}

std::string user_name(uid_t uid)
{
	std::string name;
	each_user([&](const passwd& entry) {
		if (entry.pw_uid != uid)
			return false;
		name = entry.pw_name;
		return true;
	});
	return name;
}

} // namespace corescope
