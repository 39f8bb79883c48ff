// SPDX-License-Identifier: BSD-2-Clause
// Line by line into samples, then what holds between them.
#include "support/exposition.h"

#include "output/escape.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <utility>

namespace corescope::test {

namespace {

using Labels = std::map<std::string, std::string>;

bool word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool word(char c) { return word_start(c) || (c >= '0' && c <= '9'); }

class Reader {
public:
	explicit Reader(bool openmetrics) : openmetrics_(openmetrics) {}

	Exposition read(std::string_view text)
	{
		need(text.empty() || text.back() == '\n', "no final newline");
		need(valid_utf8(text), "not UTF-8");
		bool ended = false;
		while (!text.empty()) {
			number_++;
			const size_t end = text.find('\n');
			line_ = rest_ = text.substr(0, end);
			text.remove_prefix(end + 1);
			need(!ended, "text after # EOF");
			for (const char c : line_)
				need(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control character");
			need(!line_.empty(), "an empty line");
			if (openmetrics_ && line_ == "# EOF")
				ended = true;
			else if (line_[0] == '#')
				comment();
			else
				sample();
		}
		need(ended || !openmetrics_, "no # EOF");
		line_ = "at the end";
		for (const auto& [family, type] : result_.types) {
			need(result_.helps.contains(family), "no HELP for " + family);
			need(done_.contains(family) || family == family_, "no sample of " + family);
		}
		check_series();
		return std::move(result_);
	}

private:
	[[noreturn]] void refuse(const std::string& what) const
	{
		throw BadExposition("line " + std::to_string(number_) + ": " + what + ": " + std::string(line_));
	}

	void need(bool good, const std::string& what) const
	{
		if (!good)
			refuse(what);
	}

	std::string take_word()
	{
		size_t n = 0;
		need(!rest_.empty() && word_start(rest_[0]), "no name");
		while (n < rest_.size() && word(rest_[n]))
			n++;
		std::string name(rest_.substr(0, n));
		rest_.remove_prefix(n);
		return name;
	}

	void take(std::string_view text)
	{
		need(rest_.starts_with(text), "expected '" + std::string(text) + "'");
		rest_.remove_prefix(text.size());
	}

	void comment()
	{
		take("# ");
		const std::string what = take_word();
		take(" ");
		const std::string family = take_word();
		take(" ");
		need(!rest_.empty(), "nothing said");
		need(!done_.contains(family) && family != family_, "after the samples of its family");
		if (what == "HELP") {
			need(result_.helps.emplace(family, rest_).second, "a second HELP");
		} else if (what == "TYPE") {
			need(rest_ == "counter" || rest_ == "gauge" || rest_ == "histogram", "no known type");
			need(result_.types.emplace(family, rest_).second, "a second TYPE");
		} else {
			need(openmetrics_ && what == "UNIT", "a comment that says nothing");
			need(family.ends_with("_" + std::string(rest_)), "a unit that the name does not end in");
			need(result_.units.emplace(family, rest_).second, "a second UNIT");
		}
	}

	char take_char()
	{
		if (rest_.empty())
			refuse("no closing quote");
		const char c = rest_[0];
		rest_.remove_prefix(1);
		return c;
	}

	std::string value_in_quotes()
	{
		take("\"");
		std::string value;
		for (;;) {
			const char c = take_char();
			if (c == '"')
				return value;
			if (c != '\\') {
				value += c;
				continue;
			}
			const size_t at = std::string_view("\\\"n").find(take_char());
			need(at != std::string_view::npos, "an unknown escape");
			value += "\\\"\n"[at];
		}
	}

	double take_number(std::string* text)
	{
		const std::string number(rest_.substr(0, rest_.find(' ')));
		rest_.remove_prefix(number.size());
		need(!number.empty() && number.find_first_not_of("0123456789.e+-") == number.npos, "no number");
		char* end = nullptr;
		const double value = std::strtod(number.c_str(), &end);
		need(*end == 0 && std::isfinite(value), "no number");
		if (text)
			*text = number;
		return value;
	}

	// The family that a sample's name belongs to, by the types that were told.
	std::string family_of(const std::string& name) const
	{
		const auto has = [&](const std::string& family, const char* type) {
			const auto found = result_.types.find(family);
			return found != result_.types.end() && found->second == type;
		};
		for (const std::string_view suffix : {"_bucket", "_sum", "_count"})
			if (name.ends_with(suffix) && has(name.substr(0, name.size() - suffix.size()), "histogram"))
				return name.substr(0, name.size() - suffix.size());
		if (openmetrics_) {
			if (name.ends_with("_total") && has(name.substr(0, name.size() - 6), "counter"))
				return name.substr(0, name.size() - 6);
		} else if (has(name, "counter")) {
			need(name.ends_with("_total"), "a counter that does not end in _total");
			return name;
		}
		return has(name, "gauge") ? name : "";
	}

	void sample()
	{
		Sample one;
		one.name = take_word();
		one.family = family_of(one.name);
		need(!one.family.empty(), "no TYPE for it");
		need(result_.helps.contains(one.family), "no HELP for it");
		if (one.family != family_) {
			need(done_.insert(one.family).second, "a family in two places");
			family_ = one.family;
		}
		if (rest_.starts_with("{")) {
			std::string before;
			do {
				rest_.remove_prefix(1);
				const std::string label = take_word();
				take("=");
				need(one.labels.emplace(label, value_in_quotes()).second, "a label twice");
				need(!label.starts_with("__"), "a label that is Prometheus' own");
			} while (rest_.starts_with(","));
			take("}");
		}
		take(" ");
		one.value = take_number(&one.number);
		if (openmetrics_) {
			take(" ");
			one.time_s = take_number(nullptr);
		}
		need(rest_.empty(), "something behind the value");
		result_.samples.push_back(std::move(one));
	}

	// What has been seen of a histogram at one time.
	struct Point {
		double le = -std::numeric_limits<double>::infinity();
		double below = 0;
		bool sum = false, count = false;
	};

	void check_series()
	{
		struct Series {
			std::map<double, Point> points;
			std::map<std::string, std::pair<double, double>> last; // by name and le: time, value
			std::vector<std::string> bounds, first_bounds;
		};
		std::map<std::pair<std::string, Labels>, Series> all;
		std::set<std::pair<std::string, Labels>> left;
		std::pair<std::string, Labels> current;
		std::set<std::tuple<std::string, Labels, double>> seen;
		for (const Sample& one : result_.samples) {
			line_ = one.name;
			const std::string& type = result_.types.at(one.family);
			Labels labels = one.labels;
			const auto le = labels.extract("le");
			need(le.empty() != (type == "histogram" && one.name.ends_with("_bucket")),
				"le where it does not belong");
			const std::pair<std::string, Labels> key{one.family, labels};
			// The runs by result are two series of one family, in no need of more.
			if (key != current) {
				need(left.insert(key).second, "a series in two places");
				current = key;
			}
			const double time = one.time_s.value_or(0);
			need(seen.insert({one.name, one.labels, time}).second, "a series twice");
			Series& series = all[key];
			if (type != "gauge") {
				need(one.value >= 0, "less than nothing");
				const auto [last, first] = series.last.emplace(
					one.name + (le.empty() ? "" : le.mapped()), std::pair(time, one.value));
				if (!first) {
					need(time > last->second.first, "times that do not ascend");
					need(one.value >= last->second.second, "a counter that falls");
					last->second = {time, one.value};
				}
			}
			if (type != "histogram")
				continue;
			need(series.points.empty() || time >= series.points.rbegin()->first, "points that are mixed");
			Point& point = series.points[time];
			if (!le.empty()) {
				char* end = nullptr;
				const double bound = std::strtod(le.mapped().c_str(), &end);
				need(*end == 0 && !std::isnan(bound), "le that is no number");
				need(std::isinf(bound) == (le.mapped() == "+Inf"), "infinity in another spelling");
				need(bound > point.le, "le that does not ascend");
				need(one.value >= point.below, "buckets that are not cumulative");
				need(!point.sum && !point.count, "a bucket behind the sum");
				point.le = bound;
				point.below = one.value;
			} else if (one.name.ends_with("_sum")) {
				point.sum = true;
			} else {
				need(one.value == point.below, "_count is not +Inf");
				point.count = true;
			}
		}
		for (const auto& [key, series] : all)
			for (const auto& [time, point] : series.points) {
				line_ = key.first;
				need(std::isinf(point.le), "no +Inf");
				need(point.sum && point.count, "no _sum or no _count");
			}
	}

	const bool openmetrics_;
	Exposition result_;
	std::set<std::string> done_;
	std::string family_;
	size_t number_ = 0;
	std::string_view line_, rest_;
};

} // namespace

const Sample& Exposition::at(const std::string& name, const Labels& labels) const
{
	for (const Sample& one : samples)
		if (one.name == name && one.labels == labels)
			return one;
	throw std::out_of_range("no sample " + name);
}

std::vector<Sample> Exposition::all(const std::string& name) const
{
	std::vector<Sample> found;
	for (const Sample& one : samples)
		if (one.name == name)
			found.push_back(one);
	return found;
}

Exposition read_prometheus(std::string_view text) { return Reader(false).read(text); }
Exposition read_openmetrics(std::string_view text) { return Reader(true).read(text); }

} // namespace corescope::test
