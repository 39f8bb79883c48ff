// SPDX-License-Identifier: BSD-2-Clause
// What may be drawn where the output goes.
#include "output/terminal.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr unsigned kNarrowest = 20, kWidest = 1000;

bool is_utf8(const char* locale)
{
	std::string name = locale ? locale : "";
	std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
	return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
}

} // namespace

Terminal terminal_of(const char* locale, const char* term, const char* colorterm, const char* no_color,
	const char* columns, bool is_terminal, unsigned window)
{
	Terminal result;
	const std::string name = term ? term : "";
	const bool able = !name.empty() && name != "dumb";
	result.unicode = able && is_utf8(locale);
	result.colours = able && is_terminal && !(no_color && *no_color) &&
		(name.find("256color") != std::string::npos || (colorterm && *colorterm));
	const unsigned long asked = columns ? std::strtoul(columns, nullptr, 10) : 0;
	if (asked)
		result.width = static_cast<unsigned>(std::min<unsigned long>(asked, kWidest));
	else if (window)
		result.width = window;
	result.width = std::clamp(result.width, kNarrowest, kWidest);
	return result;
}

Terminal stdout_terminal()
{
	const char* locale = nullptr;
	for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
		locale = std::getenv(name);
		if (locale && *locale)
			break;
	}
	winsize size{};
	const bool is_terminal = isatty(STDOUT_FILENO);
	if (is_terminal)
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return terminal_of(locale, std::getenv("TERM"), std::getenv("COLORTERM"), std::getenv("NO_COLOR"),
		std::getenv("COLUMNS"), is_terminal, size.ws_col);
}

} // namespace corescope
