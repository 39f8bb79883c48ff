// SPDX-License-Identifier: BSD-2-Clause
// A list of ports as an option takes it: "80,443".
#pragma once

#include "cli/values.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace corescope {

struct PortList {
	std::vector<uint16_t> ports; // none: all
	bool has(uint16_t port) const
	{
		return ports.empty() || std::find(ports.begin(), ports.end(), port) != ports.end();
	}
};

// Each from 1 to 65535; an empty list or item is refused.
inline void parse_value(PortList& out, const char* text)
{
	std::string_view rest = text;
	out.ports.clear();
	for (size_t comma = 0; comma != std::string_view::npos; rest.remove_prefix(comma + 1)) {
		comma = rest.find(',');
		out.ports.push_back(static_cast<uint16_t>(parse_number(rest.substr(0, comma), 1, 65535)));
		if (comma == std::string_view::npos)
			break;
	}
}
inline ArgumentShape argument_shape(const PortList*) { return {ArgumentShape::Kind::list}; }

} // namespace corescope
