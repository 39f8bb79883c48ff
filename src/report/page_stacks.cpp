// SPDX-License-Identifier: BSD-2-Clause
// Stacks: the flame graph's data, and the functions in a table.
#include "report/page.h"

#include <algorithm>
#include <vector>

namespace corescope::report {

namespace {

constexpr size_t kMaxDrawn = 250000; // nodes that a page gets; of more, the least are left out, and said
constexpr size_t kMaxFunctions = 500;

Weight sum(const std::array<Weight, 2>& both) { return both[0] + both[1]; }

// The least total that a node is drawn for.
Weight threshold(const std::vector<std::array<Weight, 2>>& totals)
{
	if (totals.size() <= kMaxDrawn)
		return 0;
	std::vector<Weight> all;
	all.reserve(totals.size());
	for (const auto& total : totals)
		all.push_back(sum(total));
	std::nth_element(all.begin(), all.begin() + kMaxDrawn, all.end(), std::greater<>());
	return all[kMaxDrawn] + 1;
}

// {"names":[…],"nodes":[name,kind,children,self(,self of B)…]} in preorder. What is left out is its parent's own.
uint64_t data(Buffer& out, const StackGroup& group, const std::vector<std::array<Weight, 2>>& totals,
	std::string_view side_a, std::string_view side_b)
{
	const Stacks& stacks = group.stacks;
	const std::vector<Stacks::Node>& nodes = stacks.nodes();
	const Weight least = threshold(totals);
	const auto drawn = [&](uint32_t node) { return sum(totals[node]) >= least; };
	std::vector<uint32_t> new_names(stacks.names(), UINT32_MAX);
	std::vector<uint32_t> names;
	uint64_t left_out = 0;
	out.append("<script type=\"application/json\" class=\"data\">{\"unit\":");
	append_script_string(out, group.unit);
	if (stacks.two_sides()) {
		out.append(",\"sides\":[");
		append_script_string(out, side_a);
		out.append(',');
		append_script_string(out, side_b);
		out.append(']');
	}
	out.append(",\"nodes\":[");
	for (uint32_t at = 0;;) {
		const Stacks::Node& node = nodes[at];
		uint32_t& name = new_names[node.name];
		if (name == UINT32_MAX) {
			name = static_cast<uint32_t>(names.size());
			names.push_back(node.name);
		}
		uint64_t children = 0;
		std::array<Weight, 2> self = node.self;
		for (uint32_t child = node.first_child; child; child = nodes[child].sibling) {
			if (drawn(child)) {
				children++;
			} else {
				left_out++;
				for (const unsigned side : {0U, 1U})
					self[side] += totals[child][side];
			}
		}
		if (at)
			out.append(",");
		out.append_u64(name);
		out.append(',');
		out.append_u64(static_cast<uint64_t>(node.kind));
		out.append(',');
		out.append_u64(children);
		out.append(',');
		append_script_number(out, self[0]);
		if (stacks.two_sides()) {
			out.append(',');
			append_script_number(out, self[1]);
		}
		// The next in preorder that is drawn.
		const auto first_drawn = [&](uint32_t child) {
			while (child && !drawn(child))
				child = nodes[child].sibling;
			return child;
		};
		uint32_t next = first_drawn(node.first_child);
		for (uint32_t up = at; !next && up; up = nodes[up].parent)
			next = first_drawn(nodes[up].sibling);
		if (!next)
			break;
		at = next;
	}
	out.append("],\"names\":[");
	for (size_t i = 0; i < names.size(); i++) {
		if (i)
			out.append(',');
		append_script_string(out, stacks.name(names[i]));
	}
	out.append("]}</script>\n");
	return left_out;
}

void share_cell(Buffer& out, Weight part, Weight whole)
{
	out.append("<td class=\"n\">");
	percent_text(out, whole ? static_cast<double>(part) / static_cast<double>(whole) : 0);
	out.append("</td>");
}

void weight_cell(Buffer& out, Weight weight)
{
	out.append("<td class=\"n\">");
	append_weight(out, weight);
	out.append("</td>");
}

void function_table(Buffer& out, const StackGroup& group, const std::array<Weight, 2>& whole)
{
	const std::vector<Stacks::Function> functions = group.stacks.functions();
	const size_t shown = std::min(functions.size(), kMaxFunctions);
	std::string summary = "Functions: " + std::to_string(functions.size()) + ", by their totals";
	if (shown < functions.size())
		summary += "; the first " + std::to_string(shown);
	const bool two = group.stacks.two_sides();
	if (two)
		open_table(out, summary,
			{"function", "A, total", "A, share", "B, total", "B, share", "A, self", "B, self"}, true);
	else
		open_table(out, summary, {"function", "total", "share", "self", "share"}, true);
	for (size_t i = 0; i < shown; i++) {
		const Stacks::Function& one = functions[i];
		out.append("<tr>");
		text_cell(out, group.stacks.name(one.name));
		for (const unsigned side : {0U, 1U}) {
			if (side && !two)
				break;
			weight_cell(out, one.total[side]);
			share_cell(out, one.total[side], whole[side]);
		}
		weight_cell(out, one.self[0]);
		if (two)
			weight_cell(out, one.self[1]);
		else
			share_cell(out, one.self[0], whole[0]);
		out.append("</tr>\n");
	}
	close_table(out);
}

} // namespace

void append_stacks(
	Buffer& out, const StackGroup& group, size_t number, std::string_view side_a, std::string_view side_b)
{
	const std::vector<std::array<Weight, 2>> totals = group.stacks.totals();
	const bool two = group.stacks.two_sides();
	out.append("<section class=\"card\" data-kind=\"stacks\" id=\"s" + std::to_string(number) + "\">\n<h2>");
	append_html(out, group.tool.empty() ? "Stacks" : group.tool);
	out.append(two ? " <span>before and after</span>" : "");
	out.append("</h2>\n<dl class=\"facts\">\n");
	for (const unsigned side : {0U, 1U}) {
		if (side && !two)
			break;
		Buffer text(64);
		append_weight(text, totals[0][side]);
		if (!group.unit.empty())
			text.append(" " + group.unit);
		text.append(" in " + std::to_string(group.stacks.stacks(side)) + " stacks");
		std::string name = "in all";
		if (two)
			name = side ? "B: " + std::string(side_b) : "A: " + std::string(side_a);
		fact(out, name, text.view());
	}
	fact(out, "functions", std::to_string(group.stacks.names() - 1));
	out.append(
		"</dl>\n<figure data-chart=\"flame\"><figcaption>Flame graph <span>callers above, what they call below; the width "
		"is the share of all</span></figcaption></figure>\n");
	function_table(out, group, totals[0]);
	const uint64_t left_out = data(out, group, totals, side_a, side_b);
	if (left_out)
		out.append("<p class=\"loss\">The flame graph leaves out " + std::to_string(left_out) +
			" frames, the least of all, with what is below them; their callers bear what was met in them. The table is of all.</p>\n");
	out.append("</section>\n");
}

void append_rows(Buffer& out, const RowGroup& group, size_t number)
{
	const Rows& rows = group.rows;
	out.append("<section class=\"card\" data-kind=\"rows\" id=\"s" + std::to_string(number) + "\">\n<h2>");
	append_html(out, group.tool.empty() ? group.type : group.tool);
	if (!group.tool.empty()) {
		out.append(" <span>");
		append_html(out, group.type);
		out.append("</span>");
	}
	out.append("</h2>\n");
	if (rows.cut_cells())
		out.append("<p class=\"loss\">" + std::to_string(rows.cut_cells()) +
			" texts are cut, with … behind them.</p>\n");
	if (rows.columns_missing())
		out.append("<p class=\"loss\">There are more than " + std::to_string(Rows::kMaxColumns) +
			" columns; the rest are left out.</p>\n");
	std::string summary = "Records: " + std::to_string(rows.count());
	if (!rows.all_shown())
		summary += "; the first " + std::to_string(rows.rows().size()) + " (--rows shows more)";
	open_table(out, summary, {rows.columns().begin(), rows.columns().end()}, true);
	for (const std::vector<Rows::Cell>& row : rows.rows()) {
		out.append("<tr>");
		for (size_t i = 0; i < rows.columns().size(); i++) {
			if (i < row.size() && row[i].number)
				out.append("<td class=\"n\">");
			else
				out.append("<td>");
			if (i < row.size())
				append_html(out, row[i].text);
			out.append("</td>");
		}
		out.append("</tr>\n");
	}
	close_table(out);
	out.append("</section>\n");
}

} // namespace corescope::report
