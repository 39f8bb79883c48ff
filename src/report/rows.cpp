// SPDX-License-Identifier: BSD-2-Clause
// See rows.h.
#include "report/rows.h"

namespace corescope::report {

namespace {

// Lists of texts as an operator reads them; whatever lies deeper is left to the JSON itself.
std::string cell_text(const JsonLine& line, uint32_t value)
{
	using Kind = JsonLine::Kind;
	if (line.is(value, Kind::null))
		return "";
	if (!line.is(value, Kind::array) && !line.is(value, Kind::object))
		return line.string(value);
	std::string text;
	if (line.is(value, Kind::array))
		line.items(value, [&](uint32_t item) {
			if (text.size() <= Rows::kMaxCell)
				text += (text.empty() ? "" : " ") + cell_text(line, item);
		});
	else
		line.members(value, [&](std::string_view name, uint32_t item) {
			if (text.size() <= Rows::kMaxCell)
				text += (text.empty() ? "" : " ") + std::string(name) + "=" + cell_text(line, item);
		});
	return text;
}

} // namespace

void Rows::add(const JsonLine& line)
{
	count_++;
	if (rows_.size() >= most_)
		return;
	std::vector<Cell> row(columns_.size());
	line.members(0, [&](std::string_view raw, uint32_t value) {
		const std::string name = line.string(value - 1);
		if (name == "type" || (raw.ends_with("_b64") && line.find(0, raw.substr(0, raw.size() - 4))))
			return;
		auto place = index_.find(name);
		if (place == index_.end()) {
			if (columns_.size() >= kMaxColumns) {
				columns_missing_ = true;
				return;
			}
			place = index_.emplace(name, columns_.size()).first;
			columns_.push_back(name);
		}
		if (place->second >= row.size())
			row.resize(place->second + 1);
		std::string text = cell_text(line, value);
		if (text.size() > kMaxCell) {
			text.resize(kMaxCell);
			while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
				text.pop_back();
			if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0)
				text.pop_back();
			text += "…";
			cut_++;
		}
		row[place->second] = {std::move(text), line.is(value, JsonLine::Kind::number)};
	});
	rows_.push_back(std::move(row));
}

} // namespace corescope::report
