// SPDX-License-Identifier: BSD-2-Clause
// A field of a record, declared once: heading and width for the table, key for JSON and CSV, how to read it from the
// event. All writers work from this line, so a field cannot be in one output and wrong in another.
#pragma once

#include "output/value.h"
#include "system/errors.h"

#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace corescope {

enum FieldFlags : unsigned {
	kInTable = 1,  // a column unless the tool hides it
	kInData = 2,   // in JSON and CSV
	kRight = 4,    // numbers to the right
	kOptional = 8, // a column only when the tool shows it
	kEverywhere = kInTable | kInData,
};

// What a field may need beside its event.
struct FieldContext {
	const void* options = nullptr; // the tool's own
	class CgroupResolver* cgroups = nullptr;
	uint64_t start_boot_ns = 0;
	uint64_t interval_end_boot_ns = 0, window_ns = 0; // of what is told at intervals
	bool quote = false;                               // arguments in quotes, in tables

	template <class Options>
	const Options& opts() const
	{
		return *static_cast<const Options*>(options);
	}
};

struct Field {
	const char* heading; // of the column; null for none
	const char* key;     // in JSON and CSV, and the name by which a tool shows or hides the column
	unsigned width;      // columns; 0: as long as it is (the last one)
	unsigned flags;
	// self: the field's own, below.
	Value (*get)(const void* event, const FieldContext& context, const void* self);
	const char* doc;
	FieldType type;
	bool always;                // never none
	const void* self = nullptr; // what `get` needs to know where one function serves several fields

	Value value(const void* event, const FieldContext& context) const { return get(event, context, self); }
};

template <auto Member>
struct EventOf;
template <class E, class T, T E::*Member>
struct EventOf<Member> {
	using Event = E;
	using Type = T;
};

template <class T>
Value to_value(const T& x)
{
	if constexpr (std::is_array_v<T>)
		return Value::text({x, strnlen(x, sizeof(x))});
	else if constexpr (std::is_signed_v<T>)
		return Value::number(static_cast<int64_t>(x));
	else
		return Value::number(static_cast<uint64_t>(x));
}

template <class T>
constexpr FieldType type_of_member()
{
	return std::is_array<T>::value ? FieldType::text : FieldType::number;
}

// A member as it stands.
template <auto Member>
constexpr Field field(const char* heading, const char* key, unsigned width, unsigned flags, const char* doc)
{
	using Event = typename EventOf<Member>::Event;
	return {heading, key, width, flags,
		[](const void* event, const FieldContext&, const void*) {
			return to_value(static_cast<const Event*>(event)->*Member);
		},
		doc, type_of_member<typename EventOf<Member>::Type>(), true};
}

// A member of a member.
template <auto Member, auto Inner>
constexpr Field field(const char* heading, const char* key, unsigned width, unsigned flags, const char* doc)
{
	using Event = typename EventOf<Member>::Event;
	return {heading, key, width, flags,
		[](const void* event, const FieldContext&, const void*) {
			return to_value((static_cast<const Event*>(event)->*Member).*Inner);
		},
		doc, type_of_member<typename EventOf<Inner>::Type>(), true};
}

// A member that means something only where one of these bits of the event's `flags` is set; else none.
template <auto Member, auto Bits>
constexpr Field field_where(
	const char* heading, const char* key, unsigned width, unsigned flags, const char* doc)
{
	using Event = typename EventOf<Member>::Event;
	return {heading, key, width, flags,
		[](const void* event, const FieldContext&, const void*) {
			const auto& e = *static_cast<const Event*>(event);
			return e.flags & Bits ? to_value(e.*Member) : Value::none();
		},
		doc, type_of_member<typename EventOf<Member>::Type>(), false};
}

// What a function makes of the event. Get: NumberValue, TextValue, BooleanValue or ListValue (const Event&, const
// FieldContext&).
template <class Event, auto Get>
constexpr Field computed(
	const char* heading, const char* key, unsigned width, unsigned flags, const char* doc)
{
	using Result = std::invoke_result_t<decltype(Get), const Event&, const FieldContext&>;
	return {heading, key, width, flags,
		[](const void* event, const FieldContext& context, const void*) -> Value {
			return Get(*static_cast<const Event*>(event), context);
		},
		doc, Result::kType, false};
}

// Whether one of these bits of the event's `flags` is set; for data.
template <class Event, auto Bits>
BooleanValue has_flag(const Event& e, const FieldContext&)
{
	return Value::boolean(e.flags & Bits);
}
template <class Event, auto Bits>
constexpr Field flag_field(const char* key, const char* doc)
{
	return computed<Event, has_flag<Event, Bits>>(nullptr, key, 0, kInData, doc);
}

// The kernel's stamp (CLOCK_BOOTTIME ns): HH:MM:SS in a column, RFC 3339 in data.
template <auto Member>
constexpr Field time_field(unsigned flags)
{
	using Event = typename EventOf<Member>::Event;
	return {"TIME", "ts", 8, flags,
		[](const void* event, const FieldContext&, const void*) {
			return Value::time(static_cast<const Event*>(event)->*Member);
		},
		"when it happened, taken in the kernel", FieldType::time, true};
}

// The same as seconds since the tool began, a column only.
template <auto Member>
constexpr Field elapsed_field()
{
	using Event = typename EventOf<Member>::Event;
	return {"TIME(s)", "elapsed", 8, kOptional,
		[](const void* event, const FieldContext& context, const void*) {
			const uint64_t at = static_cast<const Event*>(event)->*Member;
			return Value::seconds(at > context.start_boot_ns ? at - context.start_boot_ns : 0);
		},
		"seconds since the tool began", FieldType::seconds, true};
}

// A return value: below 0 it is the negative of an error number.
template <auto Member>
constexpr Field error_field()
{
	using Event = typename EventOf<Member>::Event;
	return {nullptr, "error", 0, kInData,
		[](const void* event, const FieldContext&, const void*) {
			const auto ret = static_cast<const Event*>(event)->*Member;
			return ret < 0 ? Value::word(error_name(-ret)) : Value::none();
		},
		"the error's name", FieldType::text, false};
}
// An error number, 0 for none.
template <auto Member>
constexpr Field error_number_field(const char* doc)
{
	using Event = typename EventOf<Member>::Event;
	return {nullptr, "error", 0, kInData,
		[](const void* event, const FieldContext&, const void*) {
			const auto number = static_cast<int>(static_cast<const Event*>(event)->*Member);
			return number ? Value::word(error_name(number)) : Value::none();
		},
		doc, FieldType::text, false};
}

// Which part of a cgroup's attribution; defined in attribution.cpp, so that only tools that have a cgroup need it.
enum class CgroupPart { path, unit, container, pod };
Value cgroup_part(uint64_t id, const FieldContext& context, CgroupPart part);

template <auto Member, CgroupPart Part>
constexpr Field cgroup_field(const char* key, const char* doc)
{
	using Event = typename EventOf<Member>::Event;
	return {nullptr, key, 0, kInData,
		[](const void* event, const FieldContext& context, const void*) {
			return cgroup_part(static_cast<const Event*>(event)->*Member, context, Part);
		},
		doc, FieldType::text, false};
}

template <auto Member>
constexpr Field cgroup_path_field()
{
	return cgroup_field<Member, CgroupPart::path>("cgroup", "cgroup v2 path");
}
template <auto Member>
constexpr Field unit_field()
{
	return cgroup_field<Member, CgroupPart::unit>("unit", "systemd unit, from the cgroup path");
}
template <auto Member>
constexpr Field container_field()
{
	return cgroup_field<Member, CgroupPart::container>("container", "container id, from the cgroup path");
}
template <auto Member>
constexpr Field pod_field()
{
	return cgroup_field<Member, CgroupPart::pod>("pod", "Kubernetes pod uid, from the cgroup path");
}

// All that a cgroup id says, for a tool's list of fields. Member: where the record has the id. doc: whose it is.
#define CGROUP_FIELDS(Member, doc)                                                                           \
	field<Member>(nullptr, "cgroup_id", 0, kInData, doc), cgroup_path_field<Member>(), unit_field<Member>(), \
		container_field<Member>(), pod_field<Member>()

} // namespace corescope
