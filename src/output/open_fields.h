// SPDX-License-Identifier: BSD-2-Clause
// Of calls that open a file: flags, mode and descriptors in words, and as functions of fields.
#pragma once

#include "open_call.h"
#include "output/field.h"

#include <cstdint>
#include <string_view>

namespace corescope {

// "O_WRONLY|O_CREAT|O_CLOEXEC"; what has no name stands last, in hexadecimal. As this architecture numbers them. Holds
// until the next call.
std::string_view open_flags(uint64_t flags);
// Whether the call's mode means anything: it makes a file.
bool open_makes_file(uint64_t flags);
// The mode in octal, "0644"; none where no file would be made. Holds until the next call.
TextValue open_mode(uint64_t flags, unsigned mode);
// "openat"; enum open_call.
std::string_view open_call_name(unsigned call);

template <auto Call>
TextValue open_call_name(const typename EventOf<Call>::Event& e, const FieldContext&)
{
	return Value::word(open_call_name(e.*Call));
}
// None below 0: of an error, or AT_FDCWD.
template <auto Descriptor>
NumberValue descriptor(const typename EventOf<Descriptor>::Event& e, const FieldContext&)
{
	return e.*Descriptor < 0 ? Value::none() : Value::number(int64_t{e.*Descriptor});
}
// The error's number, 0 for none, of what is negative then.
template <auto Returned>
NumberValue error_number(const typename EventOf<Returned>::Event& e, const FieldContext&)
{
	return Value::number(e.*Returned < 0 ? -int64_t{e.*Returned} : 0);
}

} // namespace corescope
