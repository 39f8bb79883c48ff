// SPDX-License-Identifier: BSD-2-Clause
// What doctor has found, as lines for people and as JSON.
#include "commands/doctor.h"
#include "output/escape.h"
#include "output/records.h"
#include "system/clock.h"
#include "system/errors.h"

namespace corescope {

namespace {

constexpr size_t kNameWidth = 24, kAnswerWidth = 8;

void append_row(Buffer& out, const std::string& name, Answer answer, const std::string& detail)
{
	out.append(name);
	out.append_fill(' ', name.size() < kNameWidth ? kNameWidth - name.size() : 1);
	const std::string_view word = answer_name(answer);
	out.append(word);
	if (!detail.empty()) {
		out.append_fill(' ', kAnswerWidth - word.size() + 1);
		escape_text(out, detail);
	}
	out.append('\n');
}

// `"type":…` and then members; a record is closed when it goes.
class Record {
public:
	Record(Buffer& out, std::string_view type) : out_(out)
	{
		out_.append("{\"type\":\"");
		out_.append(type);
		out_.append('"');
	}
	~Record() { out_.append("}\n"); }
	Record(const Record&) = delete;
	Record& operator=(const Record&) = delete;

	// "" is null.
	Record& text(std::string_view key, std::string_view value)
	{
		return add(key, value.empty() ? Value::none() : Value::text(value));
	}
	Record& number(std::string_view key, int64_t value) { return add(key, Value::number(value)); }

private:
	Record& add(std::string_view key, const Value& value)
	{
		out_.append(',');
		append_json_member(out_, key, value, clock_, times_);
		return *this;
	}

	Buffer& out_;
	const WallClock clock_;
	TimeFormatter times_;
};

} // namespace

const char* answer_name(Answer answer)
{
	switch (answer) {
	case Answer::yes: return "yes";
	case Answer::limited: return "limited";
	case Answer::no: return "no";
	case Answer::unknown: return "unknown";
	case Answer::info: return "info";
	}
	return "";
}

void append_checks_table(Buffer& out, const std::vector<Check>& checks)
{
	for (size_t i = 0; i < checks.size(); i++) {
		const Check& check = checks[i];
		std::string detail = check.value;
		const auto add = [&](const std::string& more) {
			if (!more.empty())
				detail += (detail.empty() ? "" : "; ") + more;
		};
		// What hinders one mostly hinders all: it is told once, and then only where.
		const Check* first = nullptr;
		for (size_t k = 0; k < i && !first; k++)
			if (checks[k].cause == check.cause && checks[k].remedy == check.remedy && !check.cause.empty())
				first = &checks[k];
		if (first) {
			add("as " + first->name);
		} else {
			add(check.cause);
			add(check.remedy);
		}
		append_row(out, check.name, check.answer, detail);
	}
}

void append_tools_table(Buffer& out, const std::vector<ToolCheck>& checks)
{
	for (const ToolCheck& check : checks)
		append_row(out, check.tool + (check.option.empty() ? "" : " " + check.option), check.answer,
			tool_detail(check));
}

void append_check_json(Buffer& out, const Check& check)
{
	Record record(out, "check");
	record.text("group", check.group).text("name", check.name).text("answer", answer_name(check.answer));
	record.text("value", check.value);
	record.text("stage", check.failure ? stage_name(check.failure->stage) : "");
	const int error = check.failure ? check.failure->error : 0;
	record.text("error", error ? error_name(error) : "");
	record.text("cause", check.cause).text("remedy", check.remedy);
}

void append_tool_json(Buffer& out, const ToolCheck& check)
{
	for (const HookTrial& trial : check.tried) {
		Record record(out, "hook");
		record.text("tool", check.tool).text("option", check.option).text("hooks", trial.hooks.name);
		record.text("answer", answer_name(trial.code ? Answer::no : Answer::yes));
		record.text("cause", trial.cause).text("remedy", trial.remedy).text("cost", trial.hooks.cost);
	}
	Record record(out, "tool");
	record.text("tool", check.tool).text("option", check.option).text("answer", answer_name(check.answer));
	const bool works = check.answer != Answer::no && !check.tried.empty();
	record.text("hooks", works ? check.tried.back().hooks.name : "");
	record.text("best", check.tried.empty() ? "" : check.tried.front().hooks.name);
	record.text("cost", works ? check.tried.back().hooks.cost : "");
	// Why it is not the best, or nothing at all.
	const HookTrial* why = check.answer == Answer::yes || check.tried.empty() ? nullptr
		: works                                                               ? &check.tried.front()
																			  : &check.tried.back();
	record.text("cause", why ? why->cause : "").text("remedy", why ? why->remedy : "");
	record.number("status", check.code);
}

} // namespace corescope
