// SPDX-License-Identifier: BSD-2-Clause
// How a task ended, in words.
#include "output/exit_status.h"

#include <cstdio>

namespace corescope {

TextValue exit_status_text(uint32_t status)
{
	static char text[64];
	if (!ended_by(status)) {
		if (!(status >> 8))
			return Value::text("0");
		std::snprintf(text, sizeof(text), "code %u", status >> 8 & 0xff);
		return Value::text(text);
	}
	std::string_view name = signal_name(ended_by(status));
	name.remove_prefix(name.starts_with("SIG") ? 3 : 0);
	std::snprintf(text, sizeof(text), "signal %u (%.*s)%s", ended_by(status), static_cast<int>(name.size()),
		name.data(), dumped_core(status) ? ", core dumped" : "");
	return Value::text(text);
}

} // namespace corescope
