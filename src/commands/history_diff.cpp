// SPDX-License-Identifier: BSD-2-Clause
// `corescope history diff`: what was before beside what is now, and conditions on it for scripts. A side is one histogram,
// a time, a store, or what lies before or after a moment.
#include "commands/history_sides.h"

#include "base/error.h"
#include "base/parse.h"
#include "hist/compare.h"
#include "output/hist_json.h"
#include "output/hist_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace corescope {

namespace {

struct Gates {
	std::vector<HistGate> all;
};
ArgumentShape argument_shape(const Gates*) { return {ArgumentShape::Kind::text, {}, true}; }
void parse_value(Gates& out, const char* text) { out.all.push_back(parse_gate(text)); }

struct Options {
	OutputFormat output = OutputFormat::table;
	Gates fail_if;
	Count min_count;
	TimeSpan before, after, split;
	std::vector<std::string> sides;
};

constexpr OptionSpec kSpecs[] = {
	option<&Options::before>(0, "before", "TIME", "A is what had ended by this time, such as 2d (ago)"),
	option<&Options::after>(0, "after", "TIME", "B is what began at this time or later"),
	option<&Options::split>(0, "split", "TIME", "both at the same time, such as that of a deployment"),
	option<&Options::fail_if>(0, "fail-if", "CONDITION",
		"exit with 1 where it holds, such as 'p99>+20%' or 'count-rate<-50%'; of p50, p90, p99, p99.9, max, mean, count-rate; any of them "
		"when given again"),
	option<&Options::min_count>(0, "min-count", "N",
		"with fewer values on a side --fail-if decides nothing, and exits with 69 (default 100; for a percentile 10 values above it: 1000 for p99)"),
	option<&Options::output>(0, "output", "FORMAT", "table (default) or json", kTableOrJson),
};
constexpr PositionalSpec kSides[] = {positional<&Options::sides>("A B", true)};

std::string percent(const std::optional<double>& change)
{
	if (!change)
		return "-";
	char text[32];
	std::snprintf(text, sizeof(text), "%+.1f%%", *change * 100);
	return text;
}

std::string number(double value)
{
	char text[48];
	std::snprintf(text, sizeof(text), value >= 100 ? "%.0f" : value >= 1 ? "%.1f" : "%.3f", value);
	return text;
}

class Report {
public:
	Report(const Side& a, const Side& b)
		: a_(a), b_(b), a_total_(a.pool.total()), b_total_(b.pool.total()), unit_(a_total_.source->unit),
		  comparison_(compare(a_total_.histogram, a_total_.window, b_total_.histogram, b_total_.window))
	{
		if (a_total_.source->tool != b_total_.source->tool ||
			a_total_.source->quantity != b_total_.source->quantity)
			throw Error(kDataError,
				"A is " + series_text(*a_total_.source, {}) + ", B is " + series_text(*b_total_.source, {}) +
					": they cannot be compared; choose with --tool and --quantity");
		if (!(unit_ == b_total_.source->unit))
			throw Error(kDataError,
				std::string("A is in ") + unit_.name + ", B in " + b_total_.source->unit.name +
					": their buckets do not match; choose with --value-unit");
	}

	const HistComparison& comparison() const { return comparison_; }

	void tell_table()
	{
		tell_side("A", a_, a_total_);
		tell_side("B", b_, b_total_);
		const double scale = static_cast<double>(unit_.scale);
		line("\n%-10s  %21s  %21s  %8s\n", unit_.heading, "A", "B", "change");
		line("%-10s  %21s  %21s  %8s\n", "count/s",
			number(hist_rate(comparison_.a, comparison_.a_window)).c_str(),
			number(hist_rate(comparison_.b, comparison_.b_window)).c_str(),
			percent(comparison_.rate_change).c_str());
		line("%-10s  %21s  %21s  %8s\n", "mean", number(comparison_.a.mean() / scale).c_str(),
			number(comparison_.b.mean() / scale).c_str(), percent(comparison_.mean_change).c_str());
		for (const HistFigure& figure : comparison_.figures) {
			const bool same = figure.a && figure.b && figure.a->low == figure.b->low;
			line("%-10s  %21s  %21s  %8s\n", figure.name, bucket(figure.a).c_str(), bucket(figure.b).c_str(),
				same ? "same" : percent(figure.change).c_str());
		}
		buffer_.append('\n');
		if (comparison_.same_within_buckets)
			buffer_.append(
				"no difference beyond bucket width: p50, p90, p99 and p99.9 lie in the same buckets\n");
		tell_shift();
		write_out(buffer_);
	}

	void tell_json(const std::vector<std::pair<HistGate, GateResult>>& gates)
	{
		buffer_.append("{\"type\":\"diff\",");
		append_text_member(buffer_, "tool", a_total_.source->tool);
		buffer_.append(',');
		append_text_member(buffer_, "quantity", a_total_.source->quantity);
		buffer_.append(
			std::string(",\"same_within_buckets\":") + (comparison_.same_within_buckets ? "true" : "false"));
		const auto change = [&](const char* name, const std::optional<double>& value, char before) {
			buffer_.append(before);
			buffer_.append(std::string("\"") + name + "\":" + json_number(value));
		};
		change("change\":{\"count_rate", comparison_.rate_change, ',');
		change("mean", comparison_.mean_change, ',');
		for (const HistFigure& figure : comparison_.figures)
			change(figure.q == 0.999 ? "p99_9" : figure.name, figure.change, ',');
		buffer_.append("},\"fail_if\":[");
		for (const auto& [gate, result] : gates) {
			buffer_.append(&gate == &gates[0].first ? "{" : ",{");
			append_text_member(buffer_, "condition", gate.text);
			change("change", result.change, ',');
			buffer_.append(std::string(",\"verdict\":\"") +
				(result.verdict == GateResult::fails          ? "fails"
						: result.verdict == GateResult::holds ? "holds"
															  : "unknown") +
				"\"}");
		}
		buffer_.append(']');
		for (const auto& [name, side, total, histogram] :
			{std::tuple<const char*, const Side*, const HistRecord*, const Histogram*>{
				 "a", &a_, &a_total_, &comparison_.a},
				{"b", &b_, &b_total_, &comparison_.b}}) {
			buffer_.append(std::string(",\"") + name + "\":{");
			append_text_member(buffer_, "what", side->text);
			buffer_.append(",\"histograms\":" + std::to_string(side->pool.records()) +
				",\"intervals\":" + std::to_string(side->pool.intervals()) +
				",\"count_rate\":" + json_number(hist_rate(*histogram, total->window)) + ",\"mean\":" +
				json_number(histogram->empty() ? std::optional<double>()
											   : histogram->mean() / static_cast<double>(unit_.scale)) +
				",");
			append_hist_json(buffer_, *histogram, unit_, total->window);
			buffer_.append('}');
		}
		buffer_.append("}\n");
		write_out(buffer_);
	}

private:
	static std::string json_number(const std::optional<double>& value)
	{
		if (!value || !std::isfinite(*value))
			return "null";
		char text[64];
		std::snprintf(text, sizeof(text), "%.6f", *value);
		return text;
	}

	void tell_side(const char* name, const Side& side, const HistRecord& total)
	{
		line("%s: %s; ", name, side.text.c_str());
		buffer_.append(series_text(*total.source, total.labels));
		line(": %zu histogram%s, %s .. %s\n   ", side.pool.records(), side.pool.records() == 1 ? "" : "s",
			local_time(total.start_unix_ns).c_str(), local_time(side.pool.last_unix_ns()).c_str());
		line("count %llu, window %s", static_cast<unsigned long long>(total.histogram.count()),
			window_text(total.window.window_ns).c_str());
		if (total.window.lost)
			line(", lost %llu", static_cast<unsigned long long>(total.window.lost));
		if (total.window.dropped_keys)
			line(", dropped %llu", static_cast<unsigned long long>(total.window.dropped_keys));
		buffer_.append('\n');
	}

	static std::string bucket(const std::optional<HistBucket>& one)
	{
		if (!one || one->overflow)
			return bound_text(one);
		return std::to_string(one->low) + ".." + std::to_string(one->high);
	}

	// Shares of either side's own count, so that a longer window does not look like more.
	void tell_shift()
	{
		struct Pair {
			uint64_t a = 0, b = 0;
		};
		std::vector<HistBucket> rows = comparison_.a.rows();
		const std::vector<HistBucket> others = comparison_.b.rows();
		const bool longer = others.size() > rows.size();
		const std::vector<HistBucket>& bounds = longer ? others : rows;
		const auto count = [](const std::vector<HistBucket>& of, size_t i) {
			return i < of.size() ? of[i].count : 0;
		};
		std::vector<double> shares_a, shares_b;
		double greatest = 0;
		for (size_t i = 0; i < bounds.size(); i++) {
			shares_a.push_back(share(count(rows, i), comparison_.a));
			shares_b.push_back(share(count(others, i), comparison_.b));
			greatest = std::max(greatest, std::abs(shares_b[i] - shares_a[i]));
		}
		line("%21s : %7s %7s %8s  %20s|\n", unit_.heading, "A", "B", "shift", "less ");
		for (size_t i = 0; i < bounds.size(); i++) {
			const double shift = shares_b[i] - shares_a[i];
			const auto bar =
				greatest > 0 ? static_cast<size_t>(std::lround(std::abs(shift) / greatest * 20)) : 0;
			const std::string high = bounds[i].overflow ? "inf" : std::to_string(bounds[i].high);
			line("%10llu -> %-7s : %6.1f%% %6.1f%% %+7.1f%%  ",
				static_cast<unsigned long long>(bounds[i].low), high.c_str(), shares_a[i] * 100,
				shares_b[i] * 100, shift * 100);
			buffer_.append_fill(' ', shift < 0 ? 20 - bar : 20);
			if (shift < 0)
				buffer_.append_fill('-', bar);
			buffer_.append('|');
			if (shift > 0)
				buffer_.append_fill('+', bar);
			buffer_.append('\n');
		}
	}

	static double share(uint64_t count, const Histogram& of)
	{
		return of.count() ? static_cast<double>(count) / static_cast<double>(of.count()) : 0;
	}

	template <class... Values>
	void line(const char* format, Values... values)
	{
		char text[512];
		const int size = std::snprintf(text, sizeof(text), format, values...);
		buffer_.append(std::string_view(text, std::min<size_t>(static_cast<size_t>(size), sizeof(text) - 1)));
	}

	const Side& a_;
	const Side& b_;
	HistRecord a_total_, b_total_;
	HistUnit unit_;
	HistComparison comparison_;
	Buffer buffer_;
};

// What the conditions decide, told on standard error: a script reads the status, its log should have the reason.
int decide(const std::vector<std::pair<HistGate, GateResult>>& gates, const HistComparison& comparison,
	const Options& options)
{
	int status = kOk;
	for (const auto& [gate, result] : gates) {
		const uint64_t needed = options.min_count ? options.min_count.value : values_needed(gate);
		const uint64_t least = std::min(comparison.a.count(), comparison.b.count());
		if (result.verdict == GateResult::unknown) {
			std::fprintf(stderr,
				"history: --fail-if %s: undecided; A has %llu values, B %llu, and %llu are needed%s\n",
				gate.text.c_str(), static_cast<unsigned long long>(comparison.a.count()),
				static_cast<unsigned long long>(comparison.b.count()),
				static_cast<unsigned long long>(needed),
				least >= needed ? " (which there are, but the value is above the buckets, or 0)" : "");
			status = status == kOk ? kUnavailable : status;
		} else if (result.verdict == GateResult::fails) {
			std::fprintf(stderr, "history: --fail-if %s: it is %s\n", gate.text.c_str(),
				result.change ? percent(result.change).c_str() : "beyond the buckets");
			status = kFailure;
		}
	}
	return status;
}

std::vector<std::pair<HistGate, GateResult>> check_all(
	const Options& options, const HistComparison& comparison)
{
	std::vector<std::pair<HistGate, GateResult>> results;
	for (const HistGate& gate : options.fail_if.all) {
		GateResult result = check(gate, comparison);
		const uint64_t needed = options.min_count ? options.min_count.value : values_needed(gate);
		if (std::min(comparison.a.count(), comparison.b.count()) < needed)
			result.verdict = GateResult::unknown;
		results.emplace_back(gate, result);
	}
	return results;
}

} // namespace

int history_diff(int argc, char** argv)
{
	HistorySelection selection;
	Options options;
	const OptionSet sets[] = {{nullptr, kSpecs, &options},
		{"Which histograms, on both sides:", history_selection_specs(), &selection}};
	parse_command_line(
		{"corescope history diff",
			"Compares A with B, each an id (or several: 17,18), a time (all that began in 2026-11-19, yesterday or 3d..2d; or what was counted "
			"at 14:05 or 2d ago) or a store. Counts are told by the second of the time that was traced, percentiles as the buckets that hold "
			"them.",
			"EXAMPLES:\n"
			"  corescope history diff 1041 1317\n"
			"  corescope history diff --tool cpudist yesterday today\n"
			"  corescope history diff before.db after.db\n"
			"  corescope history diff --since 7d --before 2d --after 1d\n"
			"  corescope history diff --since 1h --split 14:05 --fail-if 'p99>+20%'",
			sets, kSides, &options},
		argc, argv);
	const SideMoments moments = side_moments(options.split, options.before, options.after);
	if (moments.given ? !options.sides.empty() : options.sides.size() != 2)
		throw Error(kUsage,
			moments.given
				? "--before, --after and --split make both sides; A and B cannot be given too"
				: "needs A and B, --before and --after, or --split; see corescope history diff --help");
	std::pair<Side, Side> sides;
	if (moments.given) {
		sides = sides_of_moments(selection, moments.before_ns, moments.after_ns);
	} else {
		sides.first = side_of(selection, options.sides[0]);
		sides.second = side_of(selection, options.sides[1]);
	}
	Report report(sides.first, sides.second);
	const auto gates = check_all(options, report.comparison());
	if (options.output == OutputFormat::json)
		report.tell_json(gates);
	else
		report.tell_table();
	return decide(gates, report.comparison(), options);
}

} // namespace corescope
