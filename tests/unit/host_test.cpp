// SPDX-License-Identifier: BSD-2-Clause
// Who is who by /etc/passwd, and what this host says about itself.
#include "system/host.h"

#include "system/users.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <pwd.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace corescope;

TEST_CASE("users come from /etc/passwd")
{
	REQUIRE(find_user("root") == uid_t{0});
	CHECK(user_name(0) == "root");
	for (const char* nobody : {"", "roo", "root:", "root:x:0", "no such user", "0"})
		CHECK_FALSE(find_user(nobody).has_value());
	CHECK(user_name(4294967293U) == "");
	FILE* file = std::fopen("/etc/passwd", "re");
	REQUIRE(file);
	unsigned count = 0;
	while (const passwd* entry = fgetpwent(file)) {
		const std::string name = entry->pw_name;
		CHECK(find_user(name) == entry->pw_uid);
		CHECK(find_user(user_name(entry->pw_uid)) == entry->pw_uid);
		count++;
	}
	std::fclose(file);
	CHECK(count > 0);
}

TEST_CASE("CPU lists are those of the kernel, or refused")
{
	using List = std::vector<unsigned>;
	CHECK(parse_cpu_list("0") == List{0});
	CHECK(parse_cpu_list("0-3") == List{0, 1, 2, 3});
	CHECK(parse_cpu_list("0,2-3,8") == List{0, 2, 3, 8});
	CHECK(parse_cpu_list("0-255").size() == 256);
	for (const char* wrong :
		{"", ",", "0,", "-1", "a", "0-", "3-1", "0-3x", "1,1", "2,1", "0-4294967295", "99999999999", " 0"})
		CHECK(parse_cpu_list(wrong).empty());
}

TEST_CASE("this host tells who it is")
{
	CHECK(possible_cpus() >= std::thread::hardware_concurrency());
	CHECK(page_size() >= 4096);
	CHECK((page_size() & (page_size() - 1)) == 0);
	CHECK(kernel_release().find('.') != std::string::npos);
	const std::string id = boot_id();
	CHECK(id.size() == 36);
	CHECK(id == boot_id());
	char name[256] = {};
	REQUIRE(gethostname(name, sizeof(name) - 1) == 0);
	CHECK(host_name() == name);
}
