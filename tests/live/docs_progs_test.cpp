// SPDX-License-Identifier: BSD-2-Clause
// docs/progs.md: its commands, headings, keys and words are those of `corescope progs`; and the options of docs/probes.md and
// docs/load.md.
#include "bpf_trial.h"
#include "documented.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace corescope::test {

namespace {

std::string sentence_without_numbers(const std::string& line)
{
	std::string form;
	for (const char c : line)
		if (!isdigit(c))
			form += c;
		else if (form.empty() || form.back() != '0')
			form += '0';
	return form;
}

// Cells stand below their heading: where a column begins (or, of numbers, ends) no row has a space instead.
void check_aligned(const Lines& table)
{
	const std::string& heading = table[0];
	for (const std::string& line : table) {
		INFO(heading << "\n" << line);
		for (size_t at = 1; at < heading.size(); at++) {
			const bool begins = heading[at] != ' ' && heading[at - 1] == ' ';
			const size_t ends =
				heading.find(' ', at) == heading.npos ? heading.size() : heading.find(' ', at);
			if (begins)
				CHECK(((line.size() > at && line[at] != ' ' && line[at - 1] == ' ') ||
					(line.size() >= ends && line[ends - 1] != ' ' &&
						(line.size() == ends || line[ends] == ' '))));
		}
	}
}

std::set<std::string> words_in_table(const std::string& page_path, const std::string& heading)
{
	std::set<std::string> found;
	for (const auto& row : table_rows(section(page(page_path), heading)))
		found.insert(code_spans(row[0]).at(0));
	return found;
}

std::string why_not()
{
	const std::string why = cannot_trace();
	return why.empty() ? no_pages() : why;
}

} // namespace

TEST_CASE("docs of progs and probes have every option that --help shows, and no other")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	for (const std::string command : {"progs", "probes"}) {
		const auto in_page = options_in(page("docs/" + command + ".md"));
		size_t own = 0;
		for (const Option& option : options_in_help(command)) {
			if (contains({"help", "usage", "version"}, option.name))
				continue;
			INFO(command << " --help shows " << option);
			own++;
			CHECK(std::count_if(in_page.begin(), in_page.end(),
					  [&](const Documented& one) { return one.option == option; }) == 1);
		}
		CHECK(own == in_page.size());
	}
}

TEST_CASE("docs/load.md names every option that load --help shows, and no other in its tables")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	std::string text;
	for (const std::string& line : page("docs/load.md"))
		text += line + " ";
	const auto named = [](const std::string& span) { return span.substr(0, span.find_first_of(" =")); };
	std::set<std::string> mentioned, tabled, shown;
	for (const std::string& span : code_spans(text))
		mentioned.insert(named(span));
	for (const auto& row : table_rows(page("docs/load.md")))
		for (const std::string& span : code_spans(row[0]))
			if (span.rfind("--", 0) == 0)
				tabled.insert(named(span));
	for (const Option& option : options_in_help("load")) {
		shown.insert("--" + option.name);
		INFO("load --help shows " << option);
		CHECK((contains({"help", "usage", "version"}, option.name) || mentioned.count("--" + option.name)));
		CHECK((option.letter.empty() || option.letter == "?" || option.letter == "V" ||
			mentioned.count("-" + option.letter)));
	}
	CHECK(tabled.size() > 5);
	for (const std::string& option : tabled) {
		INFO("load has no option " << option);
		CHECK(shown.count(option) == 1);
	}
}

TEST_CASE("docs/progs.md: the tables of its samples have the columns that its commands print")
{
	if (const auto why = why_not(); !why.empty())
		SKIP_TEST(why);
	const Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_sample");
	const Fd link(bpf_raw_tracepoint_open("task_rename", prog.get()));
	size_t seen = 0;
	for (const Sample& sample : samples_of("docs/progs.md")) {
		INFO(sample.command);
		REQUIRE(!sample.output.empty());
		const bool watch = sample.command.find("--watch") != std::string::npos;
		Process process({"/bin/sh", "-c", "exec '" + corescope_path() + "' " + sample.command});
		Lines real{process.line().value_or("")};
		CHECK(words(real[0]) == words(sample.output[0]));
		if (watch) { // it would go on
			load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_sample");
			real.push_back(process.line().value_or(""));
			process.signal(SIGINT);
		}
		for (const std::string& line : split(process.rest(), '\n'))
			if (!line.empty() && !watch)
				real.push_back(line);
		CHECK(process.wait() == 0);
		REQUIRE(real.size() > 1);
		// A line that is no row: a sentence with numbers.
		const auto sentence = [](Lines& lines) {
			if (lines.back().rfind("# ", 0) != 0)
				return std::string();
			const std::string form = sentence_without_numbers(lines.back());
			lines.pop_back();
			return form;
		};
		Lines shown = sample.output;
		CHECK(sentence(real) == sentence(shown));
		check_aligned(shown);
		seen++;
	}
	CHECK(seen == 3); // once, --stats, --watch
}

TEST_CASE(
	"docs/progs.md has the keys of all records with their types, and the words for what keeps a program")
{
	if (const auto why = why_not(); !why.empty())
		SKIP_TEST(why);
	const PinFolder folder;
	const Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_documented");
	const Fd link(bpf_raw_tracepoint_open("task_rename", prog.get()));
	const Fd array(bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "see_calls", 4, 4, 1, nullptr));
	const uint32_t zero = 0;
	const int fd = prog.get();
	REQUIRE(bpf_map_update_elem(array.get(), &zero, &fd, BPF_ANY) == 0);
	if (!folder.path().empty())
		REQUIRE(bpf_obj_pin(prog.get(), (folder.path() + "/prog").c_str()) == 0);
	const std::string listed = run_tool("progs --output json").out;
	CHECK(check_all_keys("docs/progs.md", listed) ==
		std::set<std::string>{"meta", "prog", "map", "link", "summary"});
	const std::string costs = run_tool("progs --stats 0.2 --count 1 --output json").out;
	auto types = check_all_keys("docs/progs.md", costs);
	types.erase("stats"); // if none ran
	CHECK(types == std::set<std::string>{"meta", "interval"});

	Process watch({corescope_path(), "progs", "--watch", "--output", "json"});
	REQUIRE(watch.line());
	load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_watched");
	const Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "see_map", 4, 4, 1, nullptr));
	const Fd another(bpf_raw_tracepoint_open("task_rename", prog.get()));
	std::set<std::string> objects;
	while (objects.size() < 3) {
		const auto line = watch.line();
		REQUIRE(line);
		check_all_keys("docs/progs.md", *line);
		objects.insert(Json::parse(*line).at("object").get<std::string>());
	}
	CHECK(objects == std::set<std::string>{"prog", "map", "link"});
	std::set<std::string> events;
	for (const auto& row : table_rows(section(page("docs/progs.md"), "event")))
		if (code_spans(row[0]).at(0) == "event")
			for (const std::string& word : code_spans(row[2]))
				events.insert(word);
	CHECK(events == std::set<std::string>{"load", "unload", "create", "destroy", "attach", "detach"});

	// The words.
	std::set<std::string> in_keys;
	for (const auto& row : table_rows(section(page("docs/progs.md"), "prog")))
		if (code_spans(row[0]).at(0) == "kept_by")
			for (const std::string& word : code_spans(row[2]))
				in_keys.insert(word);
	const auto in_table = words_in_table("docs/progs.md", "What keeps a program");
	CHECK(in_keys == in_table);
	for (const std::string& line : split(listed, '\n'))
		if (!line.empty() && Json::parse(line).at("type") == "prog") {
			const Json one = Json::parse(line);
			for (const Json& by : one.at("kept_by"))
				CHECK(in_table.count(by) == 1);
			if (one.at("id") == prog_id(prog))
				CHECK(one.at("kept_by") ==
					(folder.path().empty() ? Json({"process", "map"}) : Json({"process", "pin", "map"})));
		}
}

TEST_CASE(
	"docs/progs.md: what is said of a program that nobody explains, and of terminals that are too narrow",
	"[alone]")
{
	if (const auto why = why_not(); !why.empty())
		SKIP_TEST(why);
	int ends[2];
	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	const Fd near(ends[0]), far(ends[1]);
	{
		const Fd prog = load_prog(BPF_PROG_TYPE_SOCKET_FILTER, "see_nobodys");
		const int fd = prog.get();
		REQUIRE(setsockopt(near.get(), SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)) == 0);
	}
	std::string text;
	for (const std::string& line : page("docs/progs.md"))
		text += line + " ";
	CHECK(contains(code_spans(text), "nothing seen"));
	const std::string table = run_tool("progs").out;
	CHECK(table.find("nothing seen") != std::string::npos);
	CHECK(table.find("corescope itself") != std::string::npos);

	if (!no_terminal().empty())
		return; // the rest needs one
	const size_t from = text.find("left out, from the right: ") + 26;
	const auto order = split(text.substr(from, text.find(';', from) - from), ',');
	const auto all = words(split(table, '\n').at(0));
	size_t fewest = all.size();
	for (unsigned short width = 240; width >= 60; width = static_cast<unsigned short>(width - 20)) {
		Process::Setup setup;
		setup.out = Process::Out::terminal;
		setup.in_child = [width] {
			winsize size = {25, width, 0, 0};
			ioctl(STDOUT_FILENO, TIOCSWINSZ, &size);
		};
		Process narrow({corescope_path(), "progs"}, setup);
		std::string heading = narrow.line().value_or("");
		if (!heading.empty() && heading.back() == '\r')
			heading.pop_back();
		narrow.rest();
		CHECK(narrow.wait() == 0);
		auto left = all;
		for (size_t gone = 0; gone < all.size() - words(heading).size(); gone++) {
			REQUIRE(gone < order.size());
			left.erase(std::remove(left.begin(), left.end(), trimmed(order[gone])), left.end());
		}
		INFO("on " << width << " columns: " << heading);
		// What does not fit on the last line ends in dots.
		auto shown = words(heading);
		if (const size_t dots = shown.empty() ? std::string::npos : shown.back().find("...");
			dots != std::string::npos && left.back().compare(0, dots, shown.back(), 0, dots) == 0)
			shown.back() = left.back();
		CHECK(shown == left);
		CHECK(left.size() <= fewest);
		fewest = left.size();
	}
	CHECK(fewest == all.size() - order.size());
}

TEST_CASE("docs/progs.md: its questions to JSON are answered")
{
	if (const auto why = why_not(); !why.empty())
		SKIP_TEST(why);
	if (Process({"/bin/sh", "-c", "command -v jq"}).wait() != 0)
		SKIP_TEST("jq is missing");
	size_t asked = 0;
	for (const CodeBlock& block : code_blocks(page("docs/progs.md")))
		for (const std::string& line : block.lines) {
			if (block.language != "sh" || line[0] == '#')
				continue;
			const Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_asked");
			const PinFolder folder;
			if (folder.path().empty())
				SKIP_TEST("needs a BPF file system");
			REQUIRE(bpf_obj_pin(prog.get(), (folder.path() + "/prog").c_str()) == 0);
			const std::string place = corescope_path().substr(0, corescope_path().rfind('/'));
			const Said said = say("PATH='" + place + "':$PATH; " + line);
			INFO(line << "\n" << said.out);
			CHECK(said.status == 0);
			CHECK(said.out.find("[" + std::to_string(prog_id(prog)) +
					  ",\"see_asked\",[\"process\",\"pin\"]") != std::string::npos);
			asked++;
		}
	CHECK(asked == 1);
}

} // namespace corescope::test
