// SPDX-License-Identifier: BSD-2-Clause
// Times as an operator types them, in local time unless they say otherwise.
#pragma once

#include <cstdint>
#include <string>

namespace corescope {

// An instant (until = from), or a span that `until` no longer belongs to. Nanoseconds since 1970.
struct TimeSpan {
	bool given = false;
	std::string text;
	int64_t from_ns = 0;
	int64_t until_ns = 0;
	bool instant() const { return from_ns == until_ns; }
};

// Spans:    2026-11-20 (that day), today, yesterday, A..B (from A to B; a day as B is included)
// Instants: now, 7d, 90m, 30s (so long ago), 14:05, 14:05:30 (today), 2026-11-20 14:05[:30[.5]] or with a T between, and Z or
//           +01:00 behind, @1795202400 (seconds since 1970)
// Throws BadValue.
TimeSpan parse_time_span(const std::string& text, int64_t now_ns);

void parse_value(TimeSpan& out, const char* text);

} // namespace corescope
