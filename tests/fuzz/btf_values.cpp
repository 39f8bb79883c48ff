// SPDX-License-Identifier: BSD-2-Clause
// Hostile BTF and values of any length through all that reads them. Beside what the sanitizer finds: JSON parses, text
// and tables are one line of printable bytes, a refused value changes nothing, and what is printed of a number can be
// set again and gives the same bytes.
// Links: src/btf/*.cpp src/base/*.cpp src/output/json.cpp src/output/csv.cpp
// Links: src/output/table.cpp src/output/escape.cpp src/output/width.cpp src/output/hist_text.cpp
// Links: src/output/hist_json.cpp src/hist/*.cpp src/system/host.cpp src/system/clock.cpp
#include "base/error.h"
#include "base/parse.h"
#include "btf/assign.h"
#include "btf/columns.h"
#include "btf/print.h"
#include "btf/slots.h"
#include "btf/sum.h"
#include "output/records.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace corescope;

namespace {

constexpr uint64_t kMostLeaves = 500; // of all types together; more are as right, but slow
constexpr uint32_t kLargest = 1 << 16;
constexpr uint32_t kMostTypes = 100;
constexpr uint32_t kMostTried = 10; // with values; all are made

#define DEMAND(what)                                                                \
	do {                                                                            \
		if (!(what)) {                                                              \
			std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			std::abort();                                                           \
		}                                                                           \
	} while (0)

// What is left of the input.
struct Input {
	std::string_view rest;

	uint8_t byte()
	{
		if (rest.empty())
			return 0;
		const auto value = static_cast<uint8_t>(rest.front());
		rest.remove_prefix(1);
		return value;
	}
	std::string_view take(size_t size)
	{
		const std::string_view taken = rest.substr(0, size);
		rest.remove_prefix(taken.size());
		return taken;
	}
};

// A blob as it stands, if the input begins as one; else types and names with a header that fits them, since few
// mutations of a header leave it one.
std::string blob(Input& input)
{
	btf_header header = {};
	if (input.rest.size() >= sizeof(header)) {
		std::memcpy(&header, input.rest.data(), sizeof(header));
		const uint64_t size = uint64_t{header.hdr_len} + header.str_off + header.str_len;
		if (header.magic == BTF_MAGIC)
			return std::string(input.take(static_cast<size_t>(std::min<uint64_t>(size, input.rest.size()))));
	}
	const size_t words = input.byte();
	const std::string types(input.take(words * 4));
	const std::string names = '\0' + std::string(input.take(input.byte())) + '\0';
	header = {BTF_MAGIC, BTF_VERSION, 0, sizeof(header), 0, static_cast<uint32_t>(types.size()),
		static_cast<uint32_t>(types.size()), static_cast<uint32_t>(names.size())};
	return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + types + names;
}

bool one_line(std::string_view text)
{
	return std::all_of(
		text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
}

// Of two enumerators of one name, which C does not have, only the first can be set by it.
bool has_namesakes(const BtfType& type)
{
	for (const BtfEnumerator& a : type.enumerators)
		for (const BtfEnumerator& b : type.enumerators)
			if (a.name == b.name && a.value != b.value)
				return true;
	return false;
}

bool is_settable_number(const BtfType& type)
{
	if (has_namesakes(type))
		return false;
	return type.kind == BtfType::Kind::integer || type.kind == BtfType::Kind::enumeration ||
		(type.kind == BtfType::Kind::array && type.count && is_settable_number(*type.element) &&
			!type.is_string() && type.element->kind != BtfType::Kind::array);
}

void print(const BtfType& type, std::string_view bytes)
{
	Buffer out(4096);
	append_btf_json(out, type, bytes);
	DEMAND(nlohmann::json::accept(out.view()));
	DEMAND(one_line(out.view()));
	out.clear();
	out.append('{');
	append_btf_json_member(out, "key", type, bytes);
	out.append('}');
	DEMAND(nlohmann::json::accept(out.view()));
	out.clear();
	append_btf_text(out, type, bytes);
	DEMAND(one_line(out.view()));
	DEMAND(type.size_in(bytes.size()) <= std::max<size_t>(type.size, bytes.size()));
}

void write_records(const BtfType& type, std::string_view bytes, size_t padding)
{
	static const FieldContext context;
	static WallClock clock;
	const BtfColumns columns(type, {.padding = padding});
	const BtfRecord record{bytes};
	Buffer out(4096);
	json_writer(columns.fields(), context, clock)->event(out, &record);
	DEMAND(nlohmann::json::accept(out.view()));
	DEMAND(one_line(out.view().substr(0, out.size() - 1)));
	out.clear();
	csv_writer(columns.fields(), true, context, clock)->event(out, &record);
	DEMAND(one_line(out.view().substr(0, out.size() - 1)));
	out.clear();
	const auto table = table_writer(columns.fields(), {}, {}, true, context, clock);
	for (int i = 0; i < 2; i++) // the second from what the first left
		table->event(out, &record);
	DEMAND(std::count(out.view().begin(), out.view().end(), '\n') == 2);
	DEMAND(one_line(columns.mismatch(bytes)));
}

void set(const BtfType& type, std::string_view bytes, std::string_view path, std::string_view value)
{
	std::vector<char> variable(type.size);
	bytes.copy(variable.data(), variable.size());
	const std::vector<char> before = variable;
	try {
		btf_assign(type, variable, path, value);
	} catch (const BadValue& bad) {
		DEMAND(variable == before);
		DEMAND(!bad.why.empty() && one_line(bad.why));
	}
	if (!is_settable_number(type))
		return;
	Buffer told(256);
	append_btf_text(told, type, {before.data(), before.size()});
	std::vector<char> again(type.size, '\x55');
	btf_assign(type, again, "", told.view());
	DEMAND(again == before);
}

void add_up(const BtfType& type, std::string_view bytes)
{
	Buffer out(4096);
	if (const auto slots = btf_slots(type)) {
		std::vector<uint64_t> sum;
		btf_add_slots(sum, *slots, bytes);
		append_log2_text(out, sum, "value");
	}
	if (btf_summable(type)) {
		std::vector<char> sum(type.size);
		btf_add(type, sum, bytes);
		btf_add(type, sum, bytes);
	}
}

void all(const BtfType& type, Input input)
{
	const size_t padding = input.byte() % 8;
	const std::string path(input.take(input.byte() % 16));
	const std::string value(input.take(input.byte() % 32));
	// Heap copies of exactly that length, so that a read past their end is seen.
	const std::vector<char> copy(input.rest.begin(), input.rest.end());
	for (const size_t length : {copy.size(), std::min<size_t>(copy.size(), type.size), copy.size() / 2}) {
		const std::vector<char> exact(copy.begin(), copy.begin() + static_cast<ptrdiff_t>(length));
		const std::string_view bytes(exact.data(), exact.size());
		print(type, bytes);
		add_up(type, bytes);
		try {
			write_records(type, bytes, padding);
		} catch (const Error& error) {
			DEMAND(one_line(error.message));
		}
	}
	set(type, {copy.data(), copy.size()}, path, value);
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***)
{
	libbpf_set_print(nullptr);
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
	Input input{{reinterpret_cast<const char*>(data), size}};
	const std::string bytes = blob(input);
	const std::unique_ptr<btf, void (*)(btf*)> source(
		btf__new(bytes.data(), static_cast<uint32_t>(bytes.size())), btf__free);
	if (!source)
		return 0;
	BtfTypes types(source.get());
	const std::string wanted(input.take(input.byte() % 16));
	types.find(wanted);
	types.struct_names();
	const uint32_t count = std::min(btf__type_cnt(source.get()), kMostTypes);
	const uint32_t first = input.byte();
	uint64_t told = 0;
	uint32_t tried = 0;
	for (uint32_t i = 0; i <= count; i++) {
		try {
			const BtfType& type = types.at((first + i) % (count + 1));
			if (tried == kMostTried || told + type.leaves > kMostLeaves || type.size > kLargest)
				continue;
			told += type.leaves;
			tried++;
			all(type, input);
		} catch (const Error& error) {
			DEMAND(error.code == kDataError && one_line(error.message));
		}
	}
	return 0;
}
