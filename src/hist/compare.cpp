// SPDX-License-Identifier: BSD-2-Clause
// See compare.h.
#include "hist/compare.h"

#include "base/floating.h"
#include "base/parse.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace corescope {

namespace {

constexpr std::pair<const char*, double> kFigures[] = {
	{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}};
constexpr uint64_t kLeastValues = 100;

std::optional<double> change_of(double a, double b)
{
	if (a <= 0)
		return std::nullopt;
	return b / a - 1;
}

BadValue no_condition()
{
	return BadValue{
		"is no condition (such as 'p99>+20%', 'count-rate<-50%'; of p50, p90, p99, p99.9, max, mean, count-rate)"};
}

} // namespace

double hist_rate(const Histogram& histogram, const HistWindow& window)
{
	return window.window_ns
		? static_cast<double>(histogram.count()) / (static_cast<double>(window.window_ns) / 1e9)
		: 0;
}

HistComparison compare(
	const Histogram& a, const HistWindow& a_window, const Histogram& b, const HistWindow& b_window)
{
	const unsigned p = std::min(a.p(), b.p());
	const uint64_t limit = std::min(a.limit(), b.limit());
	HistComparison result{
		a.folded(p).limited(limit), b.folded(p).limited(limit), a_window, b_window, {}, {}, {}, false};
	result.same_within_buckets = !a.empty() && !b.empty();
	for (const auto& [name, q] : kFigures) {
		HistFigure figure{name, q, result.a.percentile(q), result.b.percentile(q), std::nullopt};
		if (figure.a && figure.b) {
			if (!figure.a->overflow && !figure.b->overflow)
				figure.change =
					change_of(static_cast<double>(figure.a->high), static_cast<double>(figure.b->high));
			result.same_within_buckets &= q == 1.0 || figure.a->low == figure.b->low;
		}
		result.figures.push_back(figure);
	}
	if (!a.empty() && !b.empty())
		result.mean_change = change_of(a.mean(), b.mean());
	if (a_window.window_ns && b_window.window_ns)
		result.rate_change = change_of(hist_rate(a, a_window), hist_rate(b, b_window));
	return result;
}

HistGate parse_gate(std::string_view text)
{
	HistGate gate;
	gate.text = text;
	const size_t sign = text.find_first_of("<>");
	if (sign == std::string_view::npos || text.size() < sign + 4 || text.back() != '%')
		throw no_condition();
	gate.figure = text.substr(0, sign);
	gate.rise = text[sign] == '>';
	if (text[sign + 1] != (gate.rise ? '+' : '-'))
		throw BadValue{gate.rise ? "needs a + after the >: a rise" : "needs a - after the <: a fall"};
	const std::string_view number = text.substr(sign + 2, text.size() - sign - 3);
	double percent = 0;
	if (number.find_first_not_of("0123456789.") != number.npos ||
		read_floating(number, percent) != FloatingRead::ok)
		throw no_condition();
	gate.limit = (gate.rise ? percent : -percent) / 100;
	const auto* figure = std::find_if(
		std::begin(kFigures), std::end(kFigures), [&](const auto& f) { return gate.figure == f.first; });
	if (figure != std::end(kFigures))
		gate.q = figure->second;
	else if (gate.figure != "mean" && gate.figure != "count-rate")
		throw no_condition();
	if (!gate.rise && percent > 100)
		throw BadValue{"nothing falls by more than 100%"};
	return gate;
}

uint64_t values_needed(const HistGate& gate)
{
	if (gate.figure == "count-rate")
		return 0;
	if (gate.q == 0 || gate.q >= 1)
		return kLeastValues;
	return std::max(kLeastValues, static_cast<uint64_t>(std::llround(10 / (1 - gate.q))));
}

GateResult check(const HistGate& gate, const HistComparison& comparison)
{
	GateResult result;
	bool beyond = false; // the scheme: risen or fallen, but nobody knows how far
	if (gate.figure == "mean") {
		result.change = comparison.mean_change;
	} else if (gate.figure == "count-rate") {
		result.change = comparison.rate_change;
	} else {
		for (const HistFigure& figure : comparison.figures)
			if (gate.figure == figure.name && figure.a && figure.b) {
				result.change = figure.change;
				beyond = figure.a->overflow != figure.b->overflow && figure.b->overflow == gate.rise;
			}
	}
	if (beyond)
		result.verdict = GateResult::fails;
	else if (result.change)
		result.verdict = (gate.rise ? *result.change > gate.limit : *result.change < gate.limit)
			? GateResult::fails
			: GateResult::holds;
	return result;
}

} // namespace corescope
