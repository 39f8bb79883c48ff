// SPDX-License-Identifier: BSD-2-Clause
// `corescope probes`: what one can attach a program to, in the words of an object file's sections, and whether this kernel
// lets one.
#include "commands/probes.h"

#include "base/error.h"
#include "bpf/object.h"
#include "cli/tool.h"
#include "cli/version.h"
#include "output/escape.h"
#include "output/listing.h"
#include "output/records.h"

#include <cstdio>
#include <future>
#include <set>

namespace corescope {

namespace {

constexpr std::string_view kFormats[] = {"table", "json", "csv"};
constexpr OptionSpec kOptions[] = {
	option<&ProbesOptions::kinds>(0, "kind", "LIST",
		"only these: tracepoint, tp_btf, syscall, lsm, iter, function; of a binary: usdt, uprobe"),
	option<&ProbesOptions::pid>('p', "pid", "PID", "places in the binaries that this process has mapped"),
	option<&ProbesOptions::binary>(0, "binary", "FILE", "places in this program or library"),
	option<&ProbesOptions::verbose>('v', "verbose", "", "arguments and prototypes too"),
	option<&ProbesOptions::output>(
		0, "output", "FORMAT", "table (default), json (one object a line) or csv", kFormats),
	option<&ProbesOptions::no_header>(0, "no-header", "", "leave out the heading"),
};
constexpr PositionalSpec kPositionals[] = {positional<&ProbesOptions::glob>("GLOB")};

const char* word(Way::Answer answer)
{
	return answer == Way::Answer::yes ? "yes" : answer == Way::Answer::no ? "no" : "?";
}

Way::Answer answer(const Probe& probe)
{
	const Way::Answer kind = probe.kind->way().answer;
	return kind == Way::Answer::yes || probe.attachable == Way::Answer::no ? probe.attachable : kind;
}
TextValue known(const std::string& text) { return text.empty() ? Value::none() : Value::text(text); }

BooleanValue probe_attach(const Probe& p, const FieldContext&)
{
	return answer(p) == Way::Answer::unknown ? Value::none() : Value::boolean(answer(p) == Way::Answer::yes);
}
TextValue probe_kind(const Probe& p, const FieldContext&) { return Value::word(p.kind->name); }
TextValue probe_section(const Probe& p, const FieldContext&) { return Value::text(p.section); }
TextValue probe_name(const Probe& p, const FieldContext&) { return Value::text(p.name); }
TextValue probe_prototype(const Probe& p, const FieldContext&) { return known(p.prototype); }
ListValue probe_arguments(const Probe& p, const FieldContext&)
{
	return p.arguments.empty() ? Value::none() : Value::list(p.arguments);
}

constexpr Field kFields[] = {
	computed<Probe, probe_attach>("ATTACH", "attach", 6, kEverywhere, "whether this kernel lets one attach"),
	computed<Probe, probe_kind>("KIND", "kind", 10, kEverywhere, "what it is"),
	computed<Probe, probe_section>(
		"SECTION", "section", 0, kEverywhere, "as an object file's section for it is named"),
	computed<Probe, probe_name>(nullptr, "name", 0, kInData, "its name"),
	computed<Probe, probe_prototype>(nullptr, "prototype", 0, kInData, "as C; with --verbose"),
	computed<Probe, probe_arguments>(nullptr, "arguments", 0, kInData, "types and names; with --verbose"),
};
constexpr Listing kListing{"probe", kFields};

void append_kind(Buffer& out, const ProbeKind& kind)
{
	out.append("{\"type\":\"kind\",\"kind\":\"");
	out.append(kind.name);
	out.append("\",\"what\":");
	json_string(out, kind.what);
	out.append(",\"found\":");
	out.append_u64(kind.found);
	out.append(",\"ways\":[");
	for (const Way& way : kind.ways) {
		out.append(&way == &kind.ways.front() ? "{\"section\":" : ",{\"section\":");
		json_string(out, way.section);
		out.append(",\"attach\":");
		out.append(way.answer == Way::Answer::unknown ? "null"
				: way.answer == Way::Answer::yes      ? "true"
													  : "false");
		out.append(",\"why\":");
		if (way.why.empty())
			out.append("null");
		else
			json_string(out, way.why);
		out.append('}');
	}
	out.append("]}\n");
}

void append_summary(Buffer& out, size_t found, const std::vector<std::string>& unseen)
{
	out.append("{\"type\":\"summary\",\"found\":");
	out.append_u64(found);
	out.append(",\"not_seen\":[");
	for (size_t i = 0; i < unseen.size(); i++) {
		if (i)
			out.append(',');
		json_string(out, unseen[i]);
	}
	out.append("]}\n");
}

// A line for each, below it what --verbose adds.
void append_verbose(Buffer& out, const std::vector<Probe>& probes, bool header)
{
	const auto row = [&](std::string_view attach, std::string_view kind, std::string_view section) {
		out.append_padded(attach, 7);
		out.append_padded(kind, 11);
		escape_text(out, section);
		out.append('\n');
	};
	if (header)
		row("ATTACH", "KIND", "SECTION");
	for (const Probe& probe : probes) {
		row(word(answer(probe)), probe.kind->name, probe.section);
		const auto more = [&](std::string_view text) {
			out.append("    ");
			escape_text(out, text);
			out.append('\n');
		};
		if (!probe.prototype.empty())
			more(probe.prototype);
		else
			for_each_item(probe.arguments, more);
	}
}

void say_what_cannot(const std::vector<ProbeKind*>& kinds, const std::vector<std::string>& unseen)
{
	for (const std::string& sentence : unseen)
		std::fprintf(stderr, "probes: %s\n", sentence.c_str());
	std::set<std::string> said;
	for (const ProbeKind* kind : kinds)
		for (const Way& way : kind->ways)
			if (kind->found && !way.why.empty() && kind->way().answer != Way::Answer::yes &&
				said.insert(way.why).second)
				std::fprintf(stderr, "probes: %s (%s): %s\n", kind->name, way.section, way.why.c_str());
}

class ProbesTool : public Tool {
public:
	ProbesTool()
		: Tool("probes", Group::command, "what one can attach to in this kernel, a binary or a process")
	{}

	int run(int argc, char** argv) const override
	{
		ProbesOptions options;
		const OptionSet sets[] = {{nullptr, kOptions, &options}};
		parse_command_line(
			{name(), summary(),
				"GLOB (*, ?, [...]) is matched with names and sections; without any of these\n"
				"characters the name is looked up as it stands. Whether this kernel lets one\n"
				"attach is found by trial.\n\n"
				"Examples:\n"
				"  corescope probes 'sched_*'             what of the scheduler has a name so\n"
				"  corescope probes -v --kind tp_btf signal_generate            its arguments\n"
				"  corescope probes --kind usdt -p 1234   what a process's author has marked",
				sets, kPositionals, &options},
			argc, argv);
		if (options.output > OutputFormat::csv)
			throw Error(kUsage, "--output: probes has a table, json or csv");
		if (options.pid && !options.binary.empty())
			throw Error(kUsage, "--binary: cannot be combined with --pid");
		set_libbpf_log(
			false); // what is refused is told by --output json and on standard error, in plain words
		show(options, {argv, argv + argc});
		return kOk;
	}
	std::vector<OptionSpec> options() const override { return {std::begin(kOptions), std::end(kOptions)}; }
	std::vector<Field> fields() const override { return {std::begin(kFields), std::end(kFields)}; }

private:
	static std::vector<ProbeKind*> chosen(const ProbesOptions& options, std::vector<ProbeKind>& kinds)
	{
		const bool binary = options.pid || !options.binary.empty();
		std::vector<ProbeKind*> result;
		for (ProbeKind& kind : kinds) {
			if (!options.kinds.names.empty() && !options.kinds.has(kind.name))
				continue;
			if (kind.in_binary == binary)
				result.push_back(&kind);
			else if (!options.kinds.names.empty())
				throw Error(kUsage,
					std::string("--kind: ") + kind.name +
						(binary ? " is of the kernel, not of a binary"
								: " is of a binary: it goes with --pid or --binary"));
		}
		return result;
	}

	static void show(const ProbesOptions& options, const std::vector<std::string>& arguments)
	{
		std::vector<ProbeKind> all = probe_kinds();
		std::vector<ProbeKind*> kinds = chosen(options, all);
		std::vector<Probe> probes;
		std::vector<std::string> unseen;
		const ProbeSink sink = [&](Probe&& probe) {
			const_cast<ProbeKind*>(probe.kind)->found++;
			probes.push_back(std::move(probe));
		};
		// Only what was asked for is tried: some trials take as long as all the rest. That is waiting for the kernel, so
		// where it is known beforehand what will be asked for it goes on beside the reading.
		const bool binary = options.pid || !options.binary.empty();
		std::future<void> trying;
		if (binary || ProbeGlob(options.glob).all())
			trying = std::async(std::launch::async, [&] { try_ways(kinds); });
		(binary ? binary_probes : kernel_probes)(options, kinds, sink, unseen);
		if (trying.valid()) {
			trying.get();
		} else {
			std::vector<ProbeKind*> tried;
			for (ProbeKind* kind : kinds)
				if (kind->found)
					tried.push_back(kind);
			try_ways(tried);
		}
		for (Probe& probe : probes)
			if (probe.section.empty())
				probe.section = probe.kind->way().section_of(probe.name);
		Buffer out;
		const std::vector<const void*> rows = pointers(probes);
		if (options.output == OutputFormat::json) {
			const WallClock clock;
			append_json_meta(out, {"probes", version(), "", arguments, clock.now_unix_ns()});
			for (const ProbeKind* kind : kinds)
				append_kind(out, *kind);
			append_json(out, kListing, rows);
			append_summary(out, probes.size(), unseen);
		} else if (options.output == OutputFormat::csv) {
			append_csv(out, kListing, rows, !options.no_header);
		} else if (probes.empty()) {
			// Not even a heading.
		} else {
			append_verbose(out, probes, !options.no_header);
		}
		say_what_cannot(kinds, unseen);
		write_out(out);
		if (probes.empty())
			throw Error(kFailure,
				options.glob.empty() ? "nothing is found" : "nothing matches '" + options.glob + "'");
	}
};

const ProbesTool kProbes;

} // namespace

} // namespace corescope
