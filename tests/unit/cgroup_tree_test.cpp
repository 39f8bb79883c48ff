// SPDX-License-Identifier: BSD-2-Clause
// The cgroup2 tree of this machine, where it can be written: groups made for the test are found by id, path
// and unit, by handle and by walking, and what is no group is refused.
#include "system/cgroup.h"

#include "base/error.h"
#include "support/skip.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/capability.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace corescope;

namespace {

#define ID "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605"

// A directory in the cgroup2 tree of this machine that goes away with the test.
class Tree {
public:
	Tree() : mount_(cgroup2_mount()), top_("/corescope-test-" + std::to_string(getpid()))
	{
		writable_ = !mount_.empty() && make("");
	}
	~Tree()
	{
		for (size_t i = made_.size(); i > 0; i--)
			rmdir(made_[i - 1].c_str());
	}
	bool writable() const { return writable_; }
	const std::string& mount() const { return mount_; }
	// Path below the mount of a directory in this tree.
	std::string path(const std::string& below) const { return top_ + below; }
	bool make(const std::string& below)
	{
		const std::string full = mount_ + path(below);
		if (mkdir(full.c_str(), 0755) != 0)
			return false;
		made_.push_back(full);
		return true;
	}
	void remove(const std::string& below) { rmdir((mount_ + path(below)).c_str()); }

private:
	std::string mount_, top_;
	std::vector<std::string> made_;
	bool writable_;
};

template <class F>
Error error_of(F&& call)
{
	try {
		call();
	} catch (const Error& error) {
		return error;
	}
	return {kOk, "no error"};
}

bool is_one_line(const std::string& text)
{
	return !text.empty() && text.find('\n') == std::string::npos && text.find('\x1b') == std::string::npos;
}

} // namespace

TEST_CASE("ids and paths agree on this machine, by handle and by walking")
{
	Tree tree;
	if (!tree.writable())
		SKIP_TEST("no cgroup2 tree that we may write");
	const std::string scope = "/docker-" ID ".scope";
	REQUIRE(tree.make(scope));
	REQUIRE(tree.make(scope + "/inner"));
	const uint64_t id = cgroup_id(tree.path(scope));
	REQUIRE(id != 0);
	REQUIRE(cgroup_id(tree.mount() + tree.path(scope)) == id);
	REQUIRE(cgroup_id(tree.path(scope) + "/") == id);
	REQUIRE(cgroup_id(tree.path(scope).substr(1)) == id);
	REQUIRE(cgroup_id(tree.path(scope + "/inner")) != id);
	struct stat status;
	REQUIRE(stat((tree.mount() + tree.path(scope)).c_str(), &status) == 0);
	REQUIRE(status.st_ino == id);

	for (const bool by_walk : {false, true}) {
		CgroupResolver resolver;
		if (by_walk)
			resolver.use_tree_walk();
		REQUIRE(resolver.available());
		const Attribution* found = resolver.lookup(id);
		REQUIRE(found);
		CHECK(found->path == tree.path(scope));
		CHECK(found->container == ID);
		CHECK(found->runtime == "docker");
		CHECK(resolver.lookup(id) == found); // cached
		CHECK_FALSE((by_walk && resolver.by_handle()));
		const Attribution* root = resolver.lookup(cgroup_id("/"));
		REQUIRE(root);
		CHECK(root->path == "/");
		CHECK(resolver.lookup(0) == nullptr);
	}
}

TEST_CASE("where handles are refused the tree is walked")
{
	Tree tree;
	if (!tree.writable())
		SKIP_TEST("no cgroup2 tree that we may write");
	REQUIRE(tree.make("/here"));
	const uint64_t id = cgroup_id(tree.path("/here"));
	const pid_t child = fork();
	if (child == 0) {
		const cap_t none = cap_init();
		cap_set_proc(none);
		cap_free(none);
		CgroupResolver resolver;
		const Attribution* found = resolver.lookup(id);
		_exit(found && found->path == tree.path("/here") && !resolver.by_handle() ? 0 : 1);
	}
	int status = -1;
	REQUIRE(waitpid(child, &status, 0) == child);
	CHECK(status == 0);
}

TEST_CASE("a cgroup that is gone stays known if it was seen, else is unknown")
{
	Tree tree;
	if (!tree.writable())
		SKIP_TEST("no cgroup2 tree that we may write");
	REQUIRE(tree.make("/seen"));
	REQUIRE(tree.make("/unseen"));
	const uint64_t seen = cgroup_id(tree.path("/seen"));
	const uint64_t unseen = cgroup_id(tree.path("/unseen"));
	for (const bool by_walk : {false, true}) {
		CgroupResolver resolver;
		if (by_walk)
			resolver.use_tree_walk();
		if (!by_walk) {
			REQUIRE(resolver.lookup(seen));
			tree.remove("/seen");
			tree.remove("/unseen");
			const Attribution* late = resolver.lookup(seen);
			REQUIRE(late);
			CHECK(late->path == tree.path("/seen"));
		}
		CHECK(resolver.lookup(unseen) == nullptr);
		const size_t cached = resolver.cached();
		CHECK(resolver.lookup(unseen) == nullptr); // from the negative entry
		CHECK(resolver.cached() == cached);
	}
}

TEST_CASE("the cache is bounded and forgets what was not used")
{
	Tree tree;
	if (!tree.writable())
		SKIP_TEST("no cgroup2 tree that we may write");
	constexpr size_t kLimit = 4;
	std::vector<uint64_t> ids;
	for (int i = 0; i < 20; i++) {
		const std::string name = "/g" + std::to_string(i);
		REQUIRE(tree.make(name));
		ids.push_back(cgroup_id(tree.path(name)));
	}
	CgroupResolver resolver(kLimit);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ids.size(); i++) {
			const Attribution* found = resolver.lookup(ids[i]);
			REQUIRE(found);
			CHECK(found->path == tree.path("/g" + std::to_string(i)));
			REQUIRE(resolver.lookup(ids[0])); // used all the time: never lost
			CHECK(resolver.cached() <= 2 * kLimit);
		}
	}
}

TEST_CASE("levels count from the root of the hierarchy")
{
	Tree tree;
	if (!tree.writable())
		SKIP_TEST("no cgroup2 tree that we may write");
	REQUIRE(tree.make("/a"));
	REQUIRE(tree.make("/a/b"));
	CHECK(cgroup_level("/") == 0);
	CHECK(cgroup_level(tree.mount()) == 0);
	CHECK(cgroup_level(tree.path("")) == 1);
	CHECK(cgroup_level(tree.path("/a")) == 2);
	CHECK(cgroup_level(tree.mount() + tree.path("/a/b/")) == 3);
	CHECK(cgroup_directory(tree.path("/a/../a/b")) == tree.mount() + tree.path("/a/b"));
}

TEST_CASE("what is no cgroup is refused in one line")
{
	if (cgroup2_mount().empty())
		SKIP_TEST("cgroup2 is not mounted");
	for (const char* wrong :
		{"", "/no/such/group", "no-such-group", "/etc", "/proc/self/status", "/\x1b[2J\n"}) {
		const Error error = error_of([&] { cgroup_id(wrong); });
		INFO(wrong << ": " << error.message);
		CHECK(error.code == kUsage);
		CHECK(is_one_line(error.message));
	}
	// A file in the tree is no group, and one cannot climb out of the tree.
	CHECK(error_of([] { cgroup_id("/cgroup.procs"); }).code == kUsage);
	CHECK(error_of([] { cgroup_id("/../../../../etc"); }).code == kUsage);
}

TEST_CASE("a directory of a version 1 hierarchy is named as such")
{
	std::ifstream mountinfo("/proc/self/mountinfo");
	std::string line, point;
	while (point.empty() && std::getline(mountinfo, line)) {
		std::istringstream words(line);
		std::string skipped;
		if (line.find(" - cgroup ") != std::string::npos)
			words >> skipped >> skipped >> skipped >> skipped >> point;
	}
	if (point.empty() || cgroup2_mount().empty())
		SKIP_TEST("this machine has no hybrid cgroups");
	const Error error = error_of([&] { cgroup_id(point); });
	CHECK(error.code == kUsage);
	CHECK(error.message.find("version 1") != std::string::npos);
	CHECK(error.message.find(cgroup2_mount()) != std::string::npos);
}

TEST_CASE("units are found by name, the system's own first")
{
	Tree tree;
	if (!tree.writable())
		SKIP_TEST("no cgroup2 tree that we may write");
	const std::string name = "cstest" + std::to_string(getpid());
	const auto missing = error_of([&] { find_unit(name); });
	CHECK(missing.code == kUnavailable);
	CHECK(missing.message.find(name + ".service") != std::string::npos);
	CHECK(is_one_line(missing.message));
	CHECK(error_of([] { find_unit(""); }).code == kUsage);
	CHECK(error_of([] { find_unit("a/b"); }).code == kUsage);

	const auto full = [&](const std::string& below) { return tree.mount() + tree.path(below); };
	REQUIRE(tree.make("/docker-" ID ".scope"));
	const std::string contained = "/docker-" ID ".scope/" + name + ".service";
	REQUIRE(tree.make(contained));
	CHECK(find_unit(name) == full(contained));

	REQUIRE(tree.make("/user@1.service"));
	REQUIRE(tree.make("/user@1.service/" + name + ".service"));
	CHECK(find_unit(name) == full("/user@1.service/" + name + ".service"));
	REQUIRE(tree.make("/user@2.service"));
	REQUIRE(tree.make("/user@2.service/" + name + ".service"));
	const auto twice = error_of([&] { find_unit(name); });
	CHECK(twice.code == kUsage);
	CHECK(is_one_line(twice.message));

	REQUIRE(tree.make("/deep"));
	REQUIRE(tree.make("/deep/system.slice"));
	REQUIRE(tree.make("/deep/system.slice/" + name + ".service"));
	CHECK(find_unit(name) == full("/deep/system.slice/" + name + ".service"));
	CHECK(find_unit(name + ".service") == find_unit(name));
	CHECK(cgroup_id(find_unit(name)) == cgroup_id(tree.path("/deep/system.slice/" + name + ".service")));

	REQUIRE(tree.make("/" + name + ".scope"));
	CHECK(find_unit(name + ".scope") == full("/" + name + ".scope"));
}
