// SPDX-License-Identifier: BSD-2-Clause
// How a task ended: its exit code as the kernel keeps it (task_struct.exit_code, as wait4() gives it), in words and fields.
#pragma once

#include "output/field.h"
#include "system/signals.h"

namespace corescope {

// The signal that ended it; 0 for none.
constexpr unsigned ended_by(uint32_t status) { return status & 0x7f; }
constexpr bool dumped_core(uint32_t status) { return status & 0x80; }

// "0", "code 3", "signal 11 (SEGV), core dumped". Holds until the next call.
TextValue exit_status_text(uint32_t status);

template <auto Status>
TextValue exit_status(const typename EventOf<Status>::Event& e, const FieldContext&)
{
	return exit_status_text(e.*Status);
}
template <auto Status>
NumberValue exit_code(const typename EventOf<Status>::Event& e, const FieldContext&)
{
	return ended_by(e.*Status) ? Value::none() : Value::number(uint64_t{e.*Status >> 8 & 0xff});
}
template <auto Status>
NumberValue exit_signal(const typename EventOf<Status>::Event& e, const FieldContext&)
{
	return ended_by(e.*Status) ? Value::number(uint64_t{ended_by(e.*Status)}) : Value::none();
}
template <auto Status>
TextValue exit_signal_name(const typename EventOf<Status>::Event& e, const FieldContext&)
{
	return ended_by(e.*Status) ? Value::word(signal_name(ended_by(e.*Status))) : Value::none();
}
template <auto Status>
BooleanValue exit_dumped_core(const typename EventOf<Status>::Event& e, const FieldContext&)
{
	return Value::boolean(dumped_core(e.*Status));
}

// NOLINTBEGIN(bugprone-macro-parentheses): arguments of templates
// Status: &Event::code.
#define EXIT_STATUS_FIELDS(Event, Status)                                                               \
	computed<Event, exit_status<Status>>(                                                               \
		"EXIT_CODE", "status", 0, kInTable, "exit code, or the signal that ended it"),                  \
		computed<Event, exit_code<Status>>(                                                             \
			nullptr, "exit_code", 0, kInData, "exit code; null if a signal ended it"),                  \
		computed<Event, exit_signal<Status>>(nullptr, "sig", 0, kInData, "the signal that ended it"),   \
		computed<Event, exit_signal_name<Status>>(nullptr, "signame", 0, kInData, "the signal's name"), \
		computed<Event, exit_dumped_core<Status>>(                                                      \
			nullptr, "core_dumped", 0, kInData, "whether a core dump was written")
// NOLINTEND(bugprone-macro-parentheses)

} // namespace corescope
