// SPDX-License-Identifier: BSD-2-Clause
// See files.h.
#include "base/files.h"

#include <cstdio>
#include <cstdlib>

namespace corescope {

bool for_each_line(const std::string& path, const std::function<bool(std::string_view line)>& line)
{
	std::FILE* file = std::fopen(path.c_str(), "re");
	if (!file)
		return false;
	char* text = nullptr;
	size_t room = 0;
	for (ssize_t size; (size = getline(&text, &room, file)) > 0;) {
		const auto length = static_cast<size_t>(size);
		if (!line({text, length - (text[length - 1] == '\n')}))
			break;
	}
	std::free(text);
	std::fclose(file);
	return true;
}

std::string first_line(const std::string& path)
{
	std::string first;
	for_each_line(path, [&](std::string_view line) {
		first = line;
		return false;
	});
	return first;
}

} // namespace corescope
