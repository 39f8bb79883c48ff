// SPDX-License-Identifier: BSD-2-Clause
// execsnoop: each filter shows exactly what it names, and nonsense is refused. What is not to be shown is followed by
// something that is, so that its absence is certain. The numbers E8… are those defects of libbpf-tools' execsnoop that
// a case would show there.
#include "exec_support.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

const std::string kMe = std::to_string(getpid());

// The arguments of those among these programs that the options let through, in their order.
std::vector<Strings> shown(const Strings& options, const std::vector<Strings>& programs)
{
	Strings command = {"execsnoop", "-P", kMe};
	command.insert(command.end(), options.begin(), options.end());
	Tool tool(command);
	for (const Strings& argv : programs)
		run_file(load_path("quiet"), argv);
	tool.stop();
	std::vector<Strings> found;
	for (const Json& event : tool.events())
		found.push_back(exact_list(event, "args"));
	return found;
}

void check_refused(const Strings& options, const std::string& named)
{
	Strings command = {corescope_path(), "execsnoop", "--duration", "1ms"};
	command.insert(command.end(), options.begin(), options.end());
	Process tool(command);
	const std::string out = tool.rest();
	const int status = tool.wait();
	const std::string errors = tool.errors();
	INFO("refused? " << Json(options).dump() << "\nstderr: " << errors);
	CHECK(status == 64);
	CHECK(out.empty());
	CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
	CHECK(errors.rfind("execsnoop: ", 0) == 0);
	CHECK(errors.find(named) != std::string::npos);
}

void become(uid_t uid)
{
	if (setgroups(0, nullptr) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
		_exit(126);
}

} // namespace

TEST_CASE("execsnoop: -u takes a number or a name and shows that user alone (E10)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const passwd* nobody = getpwnam("nobody");
	if (!nobody)
		SKIP_TEST("there is no user nobody");
	const uid_t uid = nobody->pw_uid;
	const ScratchDir dir;
	copy_program(load_path("quiet"), dir / "quiet");
	for (const Strings& option : {Strings{"-u", "nobody"}, {"-u", std::to_string(uid)}, {"--uid=nobody"}}) {
		INFO(option[0]);
		Strings command = {"execsnoop", "-P", kMe};
		command.insert(command.end(), option.begin(), option.end());
		Tool tool(command);
		const pid_t first = run_program({dir / "quiet"}, [&] { become(uid); });
		run_program({dir / "quiet"}); // root
		run_program({dir / "quiet"}, [&] { become(uid + 1); });
		const pid_t last = run_program({dir / "quiet"}, [&] { become(uid); });
		tool.stop();
		const auto events = tool.events();
		REQUIRE(events.size() == 2);
		CHECK(events[0].at("pid") == first);
		CHECK(events[1].at("pid") == last);
		for (const Json& event : events)
			CHECK(event.at("uid") == uid);
	}
	for (const char* root : {"root", "0"}) {
		Tool tool({"execsnoop", "-P", kMe, "-u", root});
		run_program({dir / "quiet"}, [&] { become(uid); });
		const pid_t pid = run_program({dir / "quiet"});
		tool.stop();
		REQUIRE(tool.events().size() == 1);
		CHECK(tool.events()[0].at("pid") == pid);
	}
}

TEST_CASE("execsnoop: -P shows the children of that process alone (E19)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load wanted("execload", {"execve", "--count", "3"}), other("execload", {"execve", "--count", "3"});
	Tool tool({"execsnoop", "--ppid", std::to_string(wanted.pid())});
	other.go();
	REQUIRE(other.finish() == 0);
	wanted.go();
	const auto truths = wanted.truth();
	REQUIRE(wanted.finish() == 0);
	tool.stop();
	const auto events = tool.events();
	REQUIRE(events.size() == 3);
	for (size_t i = 0; i < 3; i++)
		CHECK(events[i].at("pid") == truths[i].at("pid"));
}

TEST_CASE("execsnoop: -l matches the arguments, joined by blanks, and not the name (E8)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Strings a = {"first", "LMARK", "two"}, b = {"second", "a", "b"}, c = {"third", "", "xLMARKx"};
	const std::vector<Strings> all = {a, b, c};
	CHECK(shown({"-l", "LMARK"}, all) == std::vector<Strings>{a, c});
	CHECK(shown({"--line", "LMARK"}, all) == std::vector<Strings>{a, c});
	CHECK(shown({"-l", "quiet"}, all).empty()); // what their comm is
	CHECK(shown({"-l", "^second a b$"}, all) == std::vector<Strings>{b});
	CHECK(shown({"-l", "^(first|second) [aL]"}, all) == std::vector<Strings>{a, b});
	CHECK(shown({"-l", "third  x"}, all) == std::vector<Strings>{c}); // an empty argument between two blanks
	CHECK(shown({"-l", "lmark"}, all).empty());
	// What is not shown counts for the filter all the same.
	const auto cut = shown({"-l", "two$", "--max-args", "1", "--redact", "two"}, all);
	CHECK(cut == std::vector<Strings>{{"first"}});
}

TEST_CASE("execsnoop: -n matches the command's name, whole, or any argument (E9)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Strings a = {"first", "NMARK", "two"}, b = {"second", "a", "b"}, c = {"third", "", "xNMARKx"};
	const std::vector<Strings> all = {a, b, c};
	CHECK(shown({"-n", "NMARK"}, all) == std::vector<Strings>{a, c});
	CHECK(
		shown({"-n", "^NMARK$"}, all) == std::vector<Strings>{a}); // one argument, from its begin to its end
	CHECK(shown({"-n", "NMARK two"}, all).empty());                // and not two of them
	CHECK(shown({"--name", "^quiet$"}, all) == all);
	CHECK(shown({"-n", "^(second|third)$"}, all) == std::vector<Strings>{b, c});
	CHECK(shown({"-n", "/quiet"}, all).empty()); // a name has no folder
	// comm has 15 bytes only.
	const ScratchDir dir;
	const std::string name = "a-command-name-of-more-than-15-bytes";
	copy_program(load_path("quiet"), dir / name);
	for (const char* regex : {"^a-command-name-of-more-than-15-bytes$", "bytes$", "^a-command-name-$"}) {
		INFO(regex);
		Tool tool({"execsnoop", "-P", kMe, "-n", regex});
		run_file(load_path("quiet"), {"another"});
		const pid_t pid = run_file(dir / name, {"x"});
		tool.stop();
		REQUIRE(tool.events().size() == 1);
		CHECK(tool.events()[0].at("pid") == pid);
	}
	// The program's own folder is no part of its name when it names itself by a path.
	CHECK(shown({"-n", "^own-name$"}, {{"/any/folder/own-name", "x"}, {"/own-name/other"}}) ==
		std::vector<Strings>{{"/any/folder/own-name", "x"}});
}

TEST_CASE(
	"execsnoop: -n and -l filter tables and CSV as well, and --no-args leaves the name to -n", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const Strings& options :
		{Strings{"-n", "^MARK$"}, {"-l", "MARK"}, {"-n", "^MARK$", "--output", "csv"}}) {
		Strings mine = options;
		mine.insert(mine.end(), {"-P", kMe});
		TextTool tool(mine);
		run_file(load_path("quiet"), {"no", "match"});
		const pid_t pid = run_file(load_path("quiet"), {"a", "MARK"});
		const Strings lines = tool.stop();
		REQUIRE(lines.size() == 1);
		CHECK(
			lines[0].find(" " + std::to_string(pid) + " ") + lines[0].find("," + std::to_string(pid) + ",") !=
			2 * std::string::npos);
	}
	TextTool tool({"-n", "^quiet$", "--no-args", "-P", kMe});
	run_program({"/bin/true"});
	run_file(load_path("quiet"), {"x"});
	CHECK(tool.stop().size() == 1);
}

TEST_CASE(
	"execsnoop: -c and --cgroup show a cgroup and those below it, and no other (E15, X6)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string name = own_name("");
	const TestCgroup group(name);
	if (!group.problem().empty())
		SKIP_TEST(group.problem());
	const TestCgroup below("below", group.path());
	const TestCgroup deep("deep", below.path());
	const TestCgroup beside(name + "-beside"); // whose path begins alike
	REQUIRE((below.problem() + deep.problem() + beside.problem()).empty());
	for (const Strings& option : {Strings{"-c", group.path()}, {"--cgroup", group.path()}, {"--cgroup", name},
			 {"-c", group.path() + "/"}}) {
		INFO(option[0] << " " << option[1]);
		Tool tool({"execsnoop", option[0], option[1]});
		std::vector<Json> truths;
		const auto exec_in = [&](const TestCgroup& where) {
			Load load("execload", {"cgroup", where.path()});
			load.go();
			const Json truth = load.truth().at(0);
			REQUIRE(load.finish() == 0);
			return truth;
		};
		exec_in(beside);
		truths.push_back(exec_in(group));
		REQUIRE(run_program({load_path("quiet")}) > 0); // in whatever cgroup this test is
		truths.push_back(exec_in(below));
		exec_in(beside);
		truths.push_back(exec_in(deep));
		tool.stop();
		const auto events = tool.events();
		REQUIRE(events.size() == 3);
		for (size_t i = 0; i < 3; i++) {
			CHECK(events[i].at("pid") == truths[i].at("pid"));
			CHECK(events[i].at("cgroup_id") == truths[i].at("cgroup_id"));
		}
		CHECK(events[0].at("cgroup") == group.inside());
		CHECK(events[1].at("cgroup") == below.inside());
		CHECK(events[2].at("cgroup") == deep.inside());
	}
	Tool lower({"execsnoop", "-c", below.path()});
	for (const TestCgroup* where : {&group, &beside, &below}) {
		Load load("execload", {"cgroup", where->path()});
		load.go();
		REQUIRE(load.finish() == 0);
	}
	lower.stop();
	REQUIRE(lower.events().size() == 1);
	CHECK(lower.events()[0].at("cgroup") == below.inside());
}

TEST_CASE("execsnoop: unit and container come from the cgroup, and --unit selects one (E19)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string id(64, 'a'), unit = own_name(".service");
	const TestCgroup service(unit);
	if (!service.problem().empty())
		SKIP_TEST(service.problem());
	const TestCgroup container("docker-" + id + ".scope", service.path());
	const TestCgroup plain(own_name(""));
	Tool all({"execsnoop"});
	Tool tool({"execsnoop", "--unit", unit});
	Tool brief({"execsnoop", "--unit", own_name("")}); // .service is understood
	std::vector<pid_t> pids;
	for (const TestCgroup* where : {&plain, &service, &container}) {
		Load load("execload", {"cgroup", where->path()});
		load.go();
		pids.push_back(load.truth().at(0).at("pid").get<pid_t>());
		REQUIRE(load.finish() == 0);
	}
	for (Tool* one : {&all, &tool, &brief})
		one->stop();
	const auto found = all.events([&](const Json& e) {
		return std::count(pids.begin(), pids.end(), e.at("pid").get<pid_t>()) && e.at("comm") == "quiet";
	});
	REQUIRE(found.size() == 3);
	CHECK(found[0].at("unit").is_null());
	CHECK(found[0].at("container").is_null());
	CHECK(found[1].at("unit") == unit);
	CHECK(found[1].at("container").is_null());
	CHECK(found[2].at("unit") == "docker-" + id + ".scope");
	CHECK(found[2].at("container") == id);
	for (Tool* one : {&tool, &brief}) {
		REQUIRE(one->events().size() == 2);
		CHECK(one->events()[0].at("pid") == pids[1]);
		CHECK(one->events()[1].at("pid") == pids[2]);
	}
}

TEST_CASE("execsnoop: a cgroup that is none is refused, and one of version 1 is called that (E15, X7)",
	"[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* option : {"-c", "--cgroup"}) {
		check_refused({option, "/no/such/cgroup"}, "/no/such/cgroup");
		check_refused({option, "/tmp"}, "/tmp");
		check_refused({option, ""}, "--cgroup");
		check_refused({option, "/etc/passwd"}, "/etc/passwd");
	}
	const ScratchDir dir;
	const OwnHierarchy hierarchy(dir.path());
	if (!hierarchy.mounted())
		SKIP_TEST("no cgroup hierarchy of version 1 can be mounted here");
	check_refused({"-c", dir.path()}, "version 1");
}

TEST_CASE(
	"execsnoop: nonsense is refused with 64 and one line that names the option (E10, X8)", "[execsnoop]")
{
	for (const char* value :
		{"", "nobodyy", "12x", "-1", " 1", "1 ", "+1", "0x10", "4294967295", "99999999999999999999"})
		for (const char* option : {"-u", "--uid"})
			check_refused({option, value}, "--uid");
	for (const char* value : {"", "0", "-1", "1x", "abc", "4194305", "1.5"})
		check_refused({"-P", value}, "--ppid");
	for (const char* value : {"", "0", "-1", "20x", "many", "1.5"})
		check_refused({"--max-args", value}, "--max-args");
	for (const char* value : {"", "0", "-1", "4096x", "131073", "129K", "1M", "K", "1.5K"})
		check_refused({"--max-arg-bytes", value}, "--max-arg-bytes");
	for (const char* value : {"", "[", "(", "*", "a{2,1}", "[[:nonsense:]]"}) {
		check_refused({"-n", value}, "--name");
		check_refused({"-l", value}, "--line");
		check_refused({"--redact", value}, "--redact");
	}
	check_refused({"--cgroup", "/", "--unit", "x"}, "--unit");
	check_refused({"word"}, "word");
	check_refused({"-Tj"}, "'-j'");
}
