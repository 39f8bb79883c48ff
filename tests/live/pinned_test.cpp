// SPDX-License-Identifier: BSD-2-Clause
// A pinned histogram tool counts on with nobody there, tells the truth to whoever asks, and goes when it is told to.
#include "cpudist.h"
#include "pinned.h"

#include "cli/pin.h"

#include <fstream>
#include <memory>
#include <unistd.h>

namespace corescope::test {

TEST_CASE(
	"--pin: with nobody left in user space, two readings differ by the kernel's own count of switches (3)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words way =
		GENERATE(Words{}, Words{"-P", "--max-keys", "8000"}, Words{"--by", "comm", "--max-keys", "4000"});
	CAPTURE(way);
	const OwnPin pin("truth");
	Words command = {"cpudist", "-I", "--pin", pin.name()};
	command.insert(command.end(), way.begin(), way.end());
	Load load("switchload", {"pingpong", "30000"}, true);
	NEED_LOAD(load);
	CHECK(must(command).empty()); // and it has ended
	// The kernel's counter is read on both sides of both readings, so that what it says is a bound and not a guess.
	const int64_t before_first = all_switches();
	const std::vector<Json> first = read_pin(pin.name());
	const int64_t after_first = all_switches();
	load.go();
	load.truth(2);
	const int64_t before_second = all_switches();
	const std::vector<Json> second = read_pin(pin.name());
	const int64_t after_second = all_switches();
	const int64_t counted = total(second).count - total(first).count;
	const int64_t least = before_second - after_first, most = after_second - before_first;
	CAPTURE(counted, least, most);
	CHECK(least > 50000);
	CHECK(counted >= least - least / 100);
	CHECK(counted <= most + most / 100);
	CHECK(total(second).dropped == 0);
	CHECK(second.back().at("window_ns") > first.back().at("window_ns"));
	CHECK(second.front().at("tool") == "cpudist");
	CHECK(second.front().at("ts").get<std::string>().substr(0, 16) ==
		first.front().at("ts").get<std::string>().substr(0, 16));
	CHECK(load.finish() == 0);
}

TEST_CASE("--pin: what was chosen is what is counted: a process, by its name, in milliseconds")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto [way, key] = GENERATE(
		table<Words, std::string>({{{"--by", "comm"}, "comm"}, {{"-P", "-m"}, "pid"}, {{"-L"}, "tid"}}));
	CAPTURE(way);
	Load load("switchload", {"burn", "150", "150", "1500"}, true);
	NEED_LOAD(load);
	until_blocked(load.pid());
	const OwnPin pin("chosen");
	Words command = {"cpudist", "--pin", pin.name(), "-p", std::to_string(load.pid())};
	command.insert(command.end(), way.begin(), way.end());
	must(command);
	load.go();
	const std::vector<Json> truth = load.truth(1);
	until_blocked(load.pid());
	const std::vector<Json> told = read_pin(pin.name());
	CHECK(hists(told) == 1);
	const Json expected = key == "comm" ? Json("switchload") : Json(load.pid());
	const Hist one = total_of(told, key, expected);
	CAPTURE(one.count, truth[0].dump());
	CHECK(within_one_percent(one.count, Beside::switches_of(truth)));
	CHECK(told[1].at("value_unit") == (way.size() == 2 && way[1] == "-m" ? "ms" : "us"));
	const Json line = listed_pin(pin.name());
	CHECK(line.at("by") == key);
	CHECK(line.at("options") == "--by=" + key + " --pid=" + std::to_string(load.pid()));
	CHECK(load.finish() == 0);
}

TEST_CASE("pinned list: says what is pinned, by which version and since when, and that it can be read")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("list");
	must({"cpudist", "-O", "--by", "unit", "--max-keys", "77", "--pin", pin.name()});
	const Json line = listed_pin(pin.name());
	REQUIRE(line.is_object());
	CHECK(line.at("tool") == "cpudist");
	CHECK(line.at("quantity") == "offcpu");
	CHECK(line.at("what") == "off-CPU time");
	CHECK(line.at("options") == "--by=unit");
	CHECK(line.at("by") == "unit");
	CHECK(line.at("value_unit") == "us");
	CHECK(line.at("max_keys") == 77);
	CHECK(line.at("layout") == kPinLayout);
	CHECK(line.at("readable") == "yes");
	CHECK(line.at("problem").is_null());
	CHECK(line.at("hooks") == "tp_btf");
	CHECK(line.at("identity").get<std::string>().size() == 32);
	CHECK(line.at("argv").at(1) == "-O");
	CHECK(must({"--version"}).find(" " + line.at("version").get<std::string>() + " ") != std::string::npos);
	std::ifstream boot("/proc/sys/kernel/random/boot_id");
	std::string id;
	boot >> id;
	CHECK(line.at("boot_id") == id);
	const std::string table = must({"pinned", "list"});
	CHECK(table.rfind("NAME ", 0) == 0);
	const size_t row = table.find("\n" + pin.name() + " ");
	REQUIRE(row != std::string::npos);
	const std::string text = table.substr(row + 1, table.find('\n', row + 1) - row - 1);
	CHECK(text.find(" cpudist offcpu ") != std::string::npos);
	CHECK(text.find(" " + line.at("since").get<std::string>().substr(0, 19) + "Z ") != std::string::npos);
	CHECK(must({"pinned", "list", "--no-header"}).find("NAME") == std::string::npos);
}

TEST_CASE("pinned read: what found no room is told, in the record, the summary and on standard error")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"threads", "4", "60", "40", "1000"}, true);
	NEED_LOAD(load);
	until_blocked(load.pid());
	const OwnPin pin("loss");
	must({"cpudist", "-L", "--max-keys", "2", "-p", std::to_string(load.pid()), "--pin", pin.name()});
	load.go();
	const std::vector<Json> truth = load.truth(1);
	until_blocked(load.pid());
	std::string errors;
	const std::vector<Json> told = read_pin(pin.name(), {}, &errors);
	const Hist all = total(told);
	CAPTURE(truth[0].dump(), all.count, all.dropped);
	CHECK(hists(told) == 2);
	CHECK(all.dropped > 0);
	CHECK(within_one_percent(all.count + all.dropped, truth[0].at("switches"), 5));
	CHECK(told.back().at("lost") == all.dropped);
	CHECK(told.back().at("lost_by_reason").at("table full") == all.dropped);
	CHECK(is_one_line(errors));
	CHECK(errors.find("lost " + std::to_string(all.dropped) + " values: table full") != std::string::npos);
	CHECK(load.finish() == 0);
}

TEST_CASE("pinned remove: when it returns, the programs have left the kernel, and the name is free (3)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("remove");
	for (const Words& way : {Words{}, Words{"-O"}, Words{"--by", "comm"}}) {
		CAPTURE(way);
		Words command = {"cpudist", "--pin", pin.name()};
		command.insert(command.end(), way.begin(), way.end());
		must(command);
		const std::vector<uint32_t> programs = programs_of_pin(pin.folder());
		REQUIRE(programs.size() == 1);
		CHECK(program_exists(programs[0]));
		CHECK(must({"pinned", "remove", pin.name()}).empty());
		CHECK_FALSE(program_exists(programs[0]));
		CHECK(access(pin.folder().c_str(), F_OK) != 0);
		CHECK(listed_pin(pin.name()).is_null());
	}
	for (const char* word : {"read", "remove"}) {
		const Done again = corescope({"pinned", word, pin.name()});
		CHECK(again.status == 1);
		CHECK(again.out.empty());
		CHECK(is_one_line(again.err));
		CHECK(again.err.find("'" + pin.name() + "'") != std::string::npos);
	}
}

TEST_CASE("--pin: a name that is taken is 75, one line, and what is there counts on")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("taken");
	must({"cpudist", "--pin", pin.name()});
	const Json before = listed_pin(pin.name());
	const Done second = corescope({"cpudist", "-O", "--pin", pin.name()});
	CHECK(second.status == 75);
	CHECK(second.out.empty());
	CHECK(is_one_line(second.err));
	CHECK(second.err.find("'" + pin.name() + "' is taken") != std::string::npos);
	CHECK(listed_pin(pin.name()) == before);
	read_pin(pin.name());
}

TEST_CASE("--pin: twenty at once under one name: one has it, the others are told, and nothing else stays")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnPin pin("race");
	std::vector<std::unique_ptr<Process>> all;
	for (int i = 0; i < 20; i++)
		all.push_back(std::make_unique<Process>(Words{corescope_path(), "cpudist", "--pin", pin.name()}));
	int pinned = 0;
	for (const auto& one : all) {
		const int status = one->wait();
		CAPTURE(one->errors());
		CHECK((status == 0 || status == 75));
		pinned += status == 0;
	}
	CHECK(pinned == 1);
	CHECK(programs_of_pin(pin.folder()).size() == 1);
	read_pin(pin.name());
}

TEST_CASE("--pin: what makes no sense with it is 64 and names the option; nothing is pinned")
{
	const OwnPin pin("refused");
	const std::vector<std::pair<Words, std::string>> cases = {{{"1"}, "INTERVAL"}, {{"1", "2"}, "INTERVAL"},
		{{"--duration", "1"}, "--duration"}, {{"--count", "1"}, "--count"},
		{{"--output", "json"}, "--output"}, {{"--store"}, "--store"}, {{"--store=/tmp/x.db"}, "--store"},
		{{"--textfile", "/tmp/x.prom"}, "--textfile"}, {{"--top", "3"}, "--top"}, {{"-T"}, "--timestamp"},
		{{"-e"}, "--extension"}, {{"--keep", "1d"}, "--keep"}, {{"--max-size", "1G"}, "--max-size"},
		{{"--no-header"}, "--no-header"}, {{"--lock", "a"}, "--lock"}, {{"--align", "5m"}, "--align"},
		{{"--jitter", "5m"}, "--jitter"}, {{"--max-runtime", "5m"}, "--max-runtime"},
		{{"-P", "-L"}, "--pids"}};
	for (const auto& [words, named] : cases) {
		CAPTURE(words);
		Words command = {"cpudist", "--pin", pin.name()};
		command.insert(command.end(), words.begin(), words.end());
		const Done done = corescope(command);
		CHECK(done.status == 64);
		CHECK(done.out.empty());
		CAPTURE(done.err);
		CHECK(is_one_line(done.err));
		CHECK(done.err.find(named) != std::string::npos);
	}
	for (const std::string bad : {"", "a/b", "..", "a.b", "-a", "@x"}) {
		const Done done = corescope({"cpudist", "--pin=" + bad});
		CHECK(done.status == 64);
		CHECK(is_one_line(done.err));
		CHECK(done.err.find("--pin: ") != std::string::npos);
		const Done read = corescope({"pinned", "read", "--", bad});
		CHECK(read.status == 64);
		CHECK(is_one_line(read.err));
	}
	if (geteuid() == 0)
		CHECK(access(pin.folder().c_str(), F_OK) != 0);
}

TEST_CASE("--pin: a stream tool knows it, and says why not")
{
	for (const char* tool : {"execsnoop", "killsnoop", "sigsnoop"}) {
		const Done done = corescope({tool, "--pin", "x"});
		CHECK(done.status == 64);
		CHECK(done.out.empty());
		CHECK(is_one_line(done.err));
		CHECK(done.err.find("only histogram tools") != std::string::npos);
	}
}

TEST_CASE("pinned: words that make no sense are 64 and one line")
{
	for (const Words& words : {Words{"nonsense"}, Words{"--nonsense"}, Words{"read"}, Words{"remove"},
			 Words{"read", "a", "b"}, Words{"list", "a"}, Words{"list", "--output", "csv"},
			 Words{"read", "x", "--output", "xml"}, Words{"remove", "x", "--output", "json"}}) {
		CAPTURE(words);
		Words command = {"pinned"};
		command.insert(command.end(), words.begin(), words.end());
		const Done done = corescope(command);
		CHECK(done.status == 64);
		CHECK(done.out.empty());
		CHECK(is_one_line(done.err));
	}
	for (const Words& words : {Words{}, Words{"--help"}, Words{"--version"}, Words{"list", "--help"},
			 Words{"read", "--help"}, Words{"remove", "--help"}}) {
		Words command = {"pinned"};
		command.insert(command.end(), words.begin(), words.end());
		CHECK(must(command).find(words == Words{"--version"} ? "libbpf" : "pinned") != std::string::npos);
	}
}

} // namespace corescope::test
