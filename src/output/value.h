// SPDX-License-Identifier: BSD-2-Clause
// One value of a record, on its way from an event to whichever writer. It points into the event and owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace corescope {

class Buffer;

// Whoever can write what is neither a number nor a string: an array, a struct, an address.
class Composite {
public:
	virtual void table(Buffer& out, std::string_view bytes) const = 0; // one line, escaped
	virtual void csv(Buffer& out, std::string_view bytes) const = 0;   // the writer does the quoting
	virtual void json(Buffer& out, std::string_view bytes) const = 0;  // one valid JSON value
	// In base64, what of it is strings that are not UTF-8; false if there are none, and nothing is appended.
	virtual bool json_b64(Buffer& out, std::string_view bytes) const = 0;

protected:
	~Composite() = default;
};

struct Value {
	enum class Kind : uint8_t {
		none, // not known, or does not apply
		unsigned_number,
		signed_number,
		boolean,
		text,    // any bytes
		word,    // printable ASCII without blanks, needs no escaping
		list,    // strings closed by NUL each, one after the other
		time,    // CLOCK_BOOTTIME ns
		seconds, // ns, told as seconds
		composite,
	};

	Kind kind = Kind::none;
	uint64_t bits =
		0; // a number; for a list, how many bytes of note stand behind it; for a composite, its writer
	std::string_view bytes{};

	static constexpr Value none() { return {}; }
	static constexpr Value number(uint64_t n) { return {Kind::unsigned_number, n, {}}; }
	static constexpr Value number(int64_t n) { return {Kind::signed_number, static_cast<uint64_t>(n), {}}; }
	static constexpr Value boolean(bool b) { return {Kind::boolean, b, {}}; }
	static constexpr Value text(std::string_view t) { return {Kind::text, 0, t}; }
	static constexpr Value word(std::string_view t) { return {Kind::word, 0, t}; }
	// What was cut is noted, for tables, by printable text that lies in memory right behind the items.
	static constexpr Value list(std::string_view items, size_t note_size = 0)
	{
		return {Kind::list, note_size, items};
	}
	static constexpr Value time(uint64_t boot_ns) { return {Kind::time, boot_ns, {}}; }
	static constexpr Value seconds(uint64_t ns) { return {Kind::seconds, ns, {}}; }
	// The writer outlives the value.
	static Value composite(const Composite& writer, std::string_view b)
	{
		return {Kind::composite, reinterpret_cast<uintptr_t>(&writer), b};
	}

	const Composite& writer() const { return *reinterpret_cast<const Composite*>(bits); }
	std::string_view note() const { return {bytes.data() + bytes.size(), kind == Kind::list ? bits : 0}; }
};

// What a field always is, unless it is none: known before there is an event, for whoever describes the output.
// any: not known before there is a type, or of a composite.
enum class FieldType : uint8_t { number, text, boolean, list, time, seconds, any };

// A value that is of one type, or none: what the function of a computed field returns.
template <FieldType Type>
struct TypedValue : Value {
	static constexpr FieldType kType = Type;
	// NOLINTNEXTLINE(google-explicit-constructor): it is one
	constexpr TypedValue(const Value& value) : Value(value) {}
};
using NumberValue = TypedValue<FieldType::number>;
using TextValue = TypedValue<FieldType::text>;
using BooleanValue = TypedValue<FieldType::boolean>;
using ListValue = TypedValue<FieldType::list>;

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
