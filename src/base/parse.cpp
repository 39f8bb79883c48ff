// SPDX-License-Identifier: BSD-2-Clause
// Numbers and regular expressions; see parse.h.
#include "base/parse.h"

#include <charconv>
#include <cstring>

namespace corescope {

uint64_t parse_number(std::string_view text, uint64_t least, uint64_t most)
{
	uint64_t value = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
	if (text.empty() || error == std::errc::invalid_argument || end != text.data() + text.size())
		throw BadValue{"is not a whole number"};
	if (error == std::errc::result_out_of_range || value < least || value > most)
		throw BadValue{"must lie between " + std::to_string(least) + " and " + std::to_string(most)};
	return value;
}

void parse_value(Regex& out, const char* text)
{
	if (!*text)
		throw BadValue{"is empty"};
	auto compiled = std::shared_ptr<regex_t>(new regex_t, [](regex_t* r) {
		regfree(r);
		delete r;
	});
	// A failed regcomp leaves nothing that regfree may see.
	std::memset(compiled.get(), 0, sizeof(regex_t));
	const int error = regcomp(compiled.get(), text, REG_EXTENDED);
	if (error) {
		char why[128];
		regerror(error, compiled.get(), why, sizeof(why));
		throw BadValue{std::string("is no regular expression: ") + why};
	}
	out.compiled_ = std::move(compiled);
}

bool Regex::matches(const char* text) const { return regexec(compiled_.get(), text, 0, nullptr, 0) == 0; }

std::optional<Regex::Range> Regex::find(const char* text, size_t from, size_t* next) const
{
	regmatch_t match[2];
	if (regexec(compiled_.get(), text + from, 2, match, from ? REG_NOTBOL : 0))
		return std::nullopt;
	const regmatch_t& told = compiled_->re_nsub > 0 && match[1].rm_so >= 0 ? match[1] : match[0];
	// An empty match must not be found for ever.
	*next = from + static_cast<size_t>(match[0].rm_eo > match[0].rm_so ? match[0].rm_eo : match[0].rm_eo + 1);
	return Range{from + static_cast<size_t>(told.rm_so), from + static_cast<size_t>(told.rm_eo)};
}

} // namespace corescope
