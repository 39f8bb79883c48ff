// SPDX-License-Identifier: BSD-2-Clause
// Writes what is generated from the tools' declarations: manual pages and completions. Linked from the same objects as
// corescope itself, and never shipped.
#include "base/error.h"
#include "cli/describe.h"
#include "cli/version.h"
#include "docs/lib/completions.h"
#include "docs/lib/man.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace corescope;
using namespace corescope::docs;

namespace {

namespace fs = std::filesystem;

struct Options {
	std::string man, completions, readme, templates, date;
	std::vector<std::string> pages;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::man>(0, "man", "DIR", "write manual pages there"),
	option<&Options::completions>(0, "completions", "DIR", "write completions there"),
	option<&Options::readme>(0, "readme", "FILE", "of which the requirements are told in corescope(8)"),
	option<&Options::date>(0, "date", "YYYY-MM-DD", "which the manual pages bear"),
	option<&Options::templates>(0, "templates", "DIR", "of completions"),
};
constexpr PositionalSpec kPages[] = {positional<&Options::pages>("PAGE.md", true)};

std::string contents_of(const fs::path& path)
{
	std::ifstream in(path, std::ios::binary);
	if (!in)
		throw Error(kIoError, "cannot read " + path.string() + ": " + std::strerror(errno));
	return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& text)
{
	std::ofstream out(path, std::ios::binary);
	out << text;
	out.close();
	if (!out)
		throw Error(kIoError, "cannot write " + path.string() + ": " + std::strerror(errno));
}

void write_files(const fs::path& folder, const std::map<std::string, std::string>& files)
{
	fs::create_directories(folder);
	for (const auto& [name, text] : files)
		write_file(folder / name, text);
}

void write_man(const Options& options)
{
	Subjects subjects;
	for (const fs::path page : options.pages)
		subjects[page.stem()] = read_markdown(page);
	write_files(options.man,
		Manual({version(), options.date}, std::move(subjects), read_markdown(options.readme)).pages());
}

void write_completions(const Options& options)
{
	const fs::path folder = options.completions, templates = options.templates;
	const std::vector<Described> all = describe_all();
	const auto from = [&](const char* shell, const std::string& data) {
		return filled(contents_of(templates / (std::string("corescope.") + shell)), data);
	};
	write_files(folder / "bash", {{"corescope", from("bash", bash_data(all))}});
	write_files(folder / "zsh", {{"_corescope", from("zsh", zsh_data(all))}});
	write_files(folder / "fish", {{"corescope.fish", from("fish", fish_data(all))}});
	write_files(folder / "links/zsh", zsh_links(all));
	write_files(folder / "links/fish", fish_links(all));
	fs::create_directories(folder / "links/bash");
	for (const Described& one : all)
		if (one.tool->traces())
			fs::create_symlink("../../bash/corescope", folder / "links/bash" / one.tool->name());
}

} // namespace

int main(int argc, char** argv)
{
	try {
		Options options;
		const OptionSet sets[] = {{nullptr, kOptions, &options}};
		parse_command_line(
			{"pages", "write manual pages and completions", nullptr, sets, kPages, &options}, argc, argv);
		if (!options.man.empty())
			write_man(options);
		if (!options.completions.empty())
			write_completions(options);
		return kOk;
	} catch (const Error& error) {
		std::fprintf(stderr, "pages: %s\n", error.message.c_str());
		return error.code;
	} catch (const fs::filesystem_error& error) {
		std::fprintf(stderr, "pages: %s\n", error.what());
		return kIoError;
	}
}
