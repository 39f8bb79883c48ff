// SPDX-License-Identifier: BSD-2-Clause
// An event of the tests' own, with every kind of value, and writers for it whose clock is fixed.
#pragma once

#include "output/records.h"

#include "decode.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

namespace corescope::test {

struct Event {
	uint64_t ts;
	uint32_t pid;
	int32_t ret;
	char comm[16];
	std::string path; // none if empty
	std::string list; // closed by NUL each
	std::string note;
	bool flag;
};

struct Chosen {
	bool flags = true;
};

inline TextValue path(const Event& e, const FieldContext&)
{
	return e.path.empty() ? Value::none() : Value::text(e.path);
}
inline BooleanValue flag(const Event& e, const FieldContext& c)
{
	return c.opts<Chosen>().flags ? Value::boolean(e.flag) : Value::none();
}
inline TextValue error(const Event& e, const FieldContext&)
{
	return e.ret < 0 ? Value::word("EPERM") : Value::none();
}
inline ListValue list(const Event& e, const FieldContext&)
{
	static std::string text;
	text = e.list + e.note;
	return Value::list(std::string_view(text).substr(0, e.list.size()), e.note.size());
}

inline constexpr Field kFields[] = {
	time_field<&Event::ts>(kOptional | kInData),
	elapsed_field<&Event::ts>(),
	field<&Event::comm>("COMM", "comm", 16, kEverywhere, "name"),
	field<&Event::pid>("PID", "pid", 7, kEverywhere, "number"),
	field<&Event::ret>("RET", "ret", 4, kEverywhere | kRight, "result"),
	computed<Event, error>("ERROR", "error", 8, kEverywhere, "word"),
	computed<Event, path>("PATH", "path", 12, kEverywhere, "text"),
	computed<Event, flag>("FLAG", "flag", 4, kEverywhere | kRight, "boolean"),
	computed<Event, list>("ARGS", "args", 0, kEverywhere, "list"),
};

constexpr int64_t kOffset = 1795000000123456789;
constexpr uint64_t kStart = 5000000000;

// Boot time and wall clock a constant apart.
struct FixedClock {
	ClockReading operator()() const { return {kStart, kOffset + static_cast<int64_t>(kStart), kStart}; }
};

enum class Format { table, json, csv };

class Writer {
public:
	explicit Writer(Format format, const std::vector<std::string_view>& shown = {},
		const std::vector<std::string_view>& hidden = {}, bool header = true)
	{
		context_.options = &chosen_;
		context_.start_boot_ns = kStart;
		if (format == Format::table)
			writer_ = table_writer(kFields, shown, hidden, header, context_, clock_);
		else if (format == Format::json)
			writer_ = json_writer(kFields, context_, clock_);
		else
			writer_ = csv_writer(kFields, header, context_, clock_);
	}

	FieldContext& context() { return context_; }
	Chosen& chosen() { return chosen_; }
	RecordWriter& operator*() { return *writer_; }

	std::string heading()
	{
		return line([&](Buffer& out) {
			writer_->meta(out, {"trial", "1.0", "hook", {"trial", "-x"}, kOffset});
		});
	}
	std::string event(const Event& event)
	{
		return line([&](Buffer& out) { writer_->event(out, &event); });
	}
	std::string lost(const Loss& loss)
	{
		return line([&](Buffer& out) { writer_->lost(out, loss, kOffset); });
	}
	std::string summary(const Summary& summary)
	{
		return line([&](Buffer& out) { writer_->summary(out, summary); });
	}

private:
	// What is appended: whole lines, of which there is at most one.
	template <class Write>
	std::string line(Write&& write)
	{
		Buffer out;
		out.append("before");
		write(out);
		std::string text(out.view_from(6));
		if (text.empty())
			return text;
		REQUIRE(text.back() == '\n');
		text.pop_back();
		CHECK(text.find('\n') == std::string::npos);
		return text;
	}

	Chosen chosen_;
	FieldContext context_;
	FixedClock source_;
	WallClock clock_{source_};
	std::unique_ptr<RecordWriter> writer_;
};

inline std::string flat(const Strings& strings)
{
	std::string bytes;
	for (const std::string& s : strings)
		bytes += s + '\0';
	return bytes;
}

inline Event make(const std::string& comm = "name", const Strings& args = {"a", "b c"})
{
	Event event{kStart + 1500000000, 4711, 0, {}, "/x", flat(args), "", true};
	comm.copy(event.comm, sizeof(event.comm));
	return event;
}

inline std::string random_bytes(std::mt19937& random, size_t most)
{
	std::string text;
	for (size_t size = random() % (most + 1); size > 0; size--)
		text += random() % 2 ? static_cast<char>(' ' + random() % 95) : static_cast<char>(1 + random() % 255);
	return text;
}

inline Event random_event(std::mt19937& random)
{
	Event event = make(random_bytes(random, 16));
	event.ts = kStart + random();
	event.pid = static_cast<uint32_t>(random());
	event.ret = static_cast<int32_t>(random());
	event.path = random_bytes(random, 40);
	Strings args;
	for (size_t count = random() % 5; count > 0; count--)
		args.push_back(random_bytes(random, 30));
	event.list = flat(args);
	event.note = random() % 4 ? "" : "[cut]";
	event.flag = random() % 2;
	return event;
}

inline Strings items(const Event& event)
{
	Strings all;
	for_each_item(event.list, [&](std::string_view item) { all.emplace_back(item); });
	return all;
}

inline std::string comm_of(const Event& event)
{
	return {event.comm, strnlen(event.comm, sizeof(event.comm))};
}

} // namespace corescope::test
