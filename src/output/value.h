// SPDX-License-Identifier: BSD-2-Clause
// One value of a record, on its way from an event to whichever writer. It points into the event and owns nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace corescope {

struct Value {
	enum class Kind : uint8_t {
		none,     // not known, or does not apply
		unsigned_number,
		signed_number,
		boolean,
		text,     // any bytes
		word,     // printable ASCII without blanks, needs no escaping
		list,     // strings closed by NUL each, one after the other
		time,     // CLOCK_BOOTTIME ns
		seconds,  // ns, told as seconds
	};

	Kind kind = Kind::none;
	uint64_t bits = 0;
	std::string_view bytes{};
	std::string_view note{}; // behind a list, in tables: what was cut

	static constexpr Value none() { return {}; }
	static constexpr Value number(uint64_t n) { return {Kind::unsigned_number, n, {}, {}}; }
	static constexpr Value number(int64_t n) { return {Kind::signed_number, static_cast<uint64_t>(n), {}, {}}; }
	static constexpr Value boolean(bool b) { return {Kind::boolean, b, {}, {}}; }
	static constexpr Value text(std::string_view t) { return {Kind::text, 0, t, {}}; }
	static constexpr Value word(std::string_view t) { return {Kind::word, 0, t, {}}; }
	static constexpr Value list(std::string_view items, std::string_view note) { return {Kind::list, 0, items, note}; }
	static constexpr Value time(uint64_t boot_ns) { return {Kind::time, boot_ns, {}, {}}; }
	static constexpr Value seconds(uint64_t ns) { return {Kind::seconds, ns, {}, {}}; }
};

// Calls each(item) for every string of a list; a last one without NUL counts too.
template <class Each>
void for_each_item(std::string_view list, Each&& each)
{
	while (!list.empty()) {
		const size_t end = list.find('\0');
		each(list.substr(0, end));
		list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
	}
}

} // namespace corescope
