// SPDX-License-Identifier: BSD-2-Clause
// Lines of the trace pipe and formats of bpf_printk, both as an object's author or a traced process may make them. A line
// that is taken apart holds what it was made of, and a format knows what it has printed.
// Links: src/bpf/printk.cpp src/base/*.cpp src/output/escape.cpp src/output/width.cpp src/output/json.cpp
// Links: src/system/clock.cpp src/system/host.cpp
#include "bpf/printk.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace corescope;

namespace {

#define DEMAND(what)                                                                \
	do {                                                                            \
		if (!(what)) {                                                              \
			std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			std::abort();                                                           \
		}                                                                           \
	} while (0)

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
	const std::string_view input(reinterpret_cast<const char*>(data), size);
	const size_t half = input.find('\n');
	const std::string_view line = input.substr(0, half);
	PrintkLine parsed;
	if (parse_printk(line, parsed)) {
		DEMAND(line.size() >= parsed.text.size() &&
			line.substr(line.size() - parsed.text.size()) == parsed.text);
		DEMAND(line.find(parsed.comm) != std::string_view::npos);
	}
	parse_printk_loss(line);
	// The same text, as the kernel writes it.
	const std::string whole =
		"          <idle>-0       [001] d..2.  1234.567890: bpf_trace_printk: " + std::string(line);
	DEMAND(parse_printk(whole, parsed));
	DEMAND(parsed.text == line && parsed.cpu == 1 && parsed.tid == 0 && parsed.comm == "<idle>");
	if (half != std::string_view::npos) {
		PrintkFormats formats;
		std::string_view format = input.substr(half + 1);
		formats.add(format);
		formats.could_be(line);
		while (!format.empty() && format.back() == '\n') // which the trace ends its lines with
			format.remove_suffix(1);
		if (format.find('%') == std::string_view::npos)
			DEMAND(formats.empty() || formats.could_be(format));
	}
	return 0;
}
