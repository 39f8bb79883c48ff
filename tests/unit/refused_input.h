// SPDX-License-Identifier: BSD-2-Clause
// Input that must be refused as such.
#pragma once

#include "base/error.h"

#include <string>

#include <catch2/catch.hpp>

namespace corescope::test {

// What is said of data that `read` refuses; "" if it takes them.
template <class Read>
std::string refusal(Read&& read)
{
	try {
		read();
	} catch (const Error& error) {
		CHECK(error.code == kDataError);
		return error.message;
	}
	return "";
}

} // namespace corescope::test
