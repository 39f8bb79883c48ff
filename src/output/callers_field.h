// SPDX-License-Identifier: BSD-2-Clause
// The functions behind a call, as a field of a record that carries them: at callers_at behind `data`, 0 if nobody asked.
#pragma once

#include "output/field.h"
#include "symbols/callers.h"

#include <cstddef>

namespace corescope {

// None where they could not be read either.
template <class Event>
ListValue callers_of(const Event& e, const FieldContext&)
{
	static_assert(offsetof(Event, data) % alignof(user_callers) == 0);
	const auto* callers = reinterpret_cast<const user_callers*>(e.data + e.callers_at);
	return e.callers_at && callers->count >= 0 ? Value::list(caller_names(e.pid, e.nspid, *callers))
											   : Value::none();
}

template <class Event>
constexpr Field callers_field(const char* doc)
{
	return computed<Event, callers_of<Event>>("CALLERS", "callers", 0, kOptional | kInData, doc);
}

} // namespace corescope
