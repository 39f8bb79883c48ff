// SPDX-License-Identifier: BSD-2-Clause
// Which of the names that there are someone may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// "; did you mean a or b?" with at most three names that are a slip of the keyboard away; else "; there is a, b, c"
// with up to `listed` of them and how many more there are. Empty if there are no names.
std::string similar_names(
	std::string_view wanted, const std::vector<std::string_view>& names, size_t listed = 12);

} // namespace corescope
