// SPDX-License-Identifier: BSD-2-Clause
// One walk over type and bytes; what is written on the way differs between JSON, its base64 twin and text.
#include "btf/print.h"

#include "btf/load.h"
#include "btf/number.h"
#include "output/escape.h"

#include <string>
#include <utility>

namespace corescope {

namespace {

using Kind = BtfType::Kind;

constexpr uint32_t kRepeats = 4; // as many equal elements are told as one

std::string_view tail(std::string_view bytes, size_t offset)
{
	return offset < bytes.size() ? bytes.substr(offset) : std::string_view{};
}

// What a member may read: its own bytes, or all that follow where it may be longer than its type.
std::string_view bytes_of(const BtfType& holder, const BtfMember& member, std::string_view bytes)
{
	const std::string_view rest = tail(bytes, member.offset());
	return holder.is_tail(member) ? rest : rest.substr(0, member.type->size);
}

std::string_view string_of(const BtfType& type, std::string_view bytes)
{
	const std::string_view text = type.flexible ? bytes : bytes.substr(0, type.size);
	return text.substr(0, text.find('\0'));
}

// Elements that an array has in those bytes, and that are looked at.
uint32_t elements(const BtfType& type, std::string_view bytes)
{
	return type.flexible ? static_cast<uint32_t>(bytes.size() / type.element->size) : type.count;
}

// Numbers, names and addresses. quoted: what is no number in JSON gets quotes. False if the bytes are too few.
bool append_scalar(
	Buffer& out, const BtfType& type, std::string_view bytes, uint64_t bit_offset, unsigned bits, bool quoted)
{
	const uint64_t width = bits ? bits : uint64_t{type.size} * 8;
	if (bit_offset + width > uint64_t{bytes.size()} * 8)
		return false;
	const char* quote = quoted ? "\"" : "";
	if (type.kind == Kind::floating) {
		const size_t start = out.size();
		bool finite;
		append_btf_floating(out, bytes.substr(0, type.size), &finite);
		if (!finite && quoted) {
			const std::string text(out.view_from(start));
			out.truncate(start);
			out.append('"');
			out.append(text);
			out.append('"');
		}
		return true;
	}
	const BtfBits value = btf_load(type, bytes, bit_offset, bits);
	if (type.kind == Kind::pointer) {
		out.append(quote);
		out.append("0x");
		out.append_hex(static_cast<uint64_t>(value));
		out.append(quote);
		return true;
	}
	const BtfEnumerator* named =
		type.kind == Kind::enumeration ? type.enumerator(static_cast<uint64_t>(value)) : nullptr;
	if (named) {
		out.append(quote);
		out.append(named->name);
		out.append(quote);
	} else if (type.kind == Kind::boolean && value <= 1) {
		out.append(value ? "true" : "false");
	} else {
		append_btf_integer(out, value, type.is_signed);
	}
	return true;
}

class Json {
public:
	Json(Buffer& out, bool strings_in_base64) : out_(out), base64_(strings_in_base64) {}

	// False: a string of this value (but of its members, who tell it themselves) is not what its bytes are.
	bool value(const BtfType& type, std::string_view bytes, uint64_t bit_offset = 0, unsigned bits = 0)
	{
		switch (type.kind) {
		case Kind::opaque: out_.append("null"); return true;
		case Kind::array: return type.is_string() ? string(type, bytes) : array(type, bytes);
		case Kind::record:
		case Kind::choice: {
			const bool as_base64 = std::exchange(base64_, false);
			out_.append('{');
			first_ = true;
			members(type, bytes);
			out_.append('}');
			first_ = false;
			base64_ = as_base64;
			return true;
		}
		default:
			if (!append_scalar(out_, type, bytes, bit_offset, bits, true))
				out_.append("null");
			return true;
		}
	}

	void member(std::string_view key, const BtfType& type, std::string_view bytes, uint64_t bit_offset = 0,
		unsigned bits = 0)
	{
		json_string(out_, key);
		out_.append(':');
		if (value(type, bytes, bit_offset, bits))
			return;
		out_.append(',');
		json_string(out_, std::string(key) + "_b64");
		out_.append(':');
		Json(out_, true).value(type, bytes);
	}

private:
	void members(const BtfType& type, std::string_view bytes)
	{
		for (const BtfMember& m : type.members) {
			if (m.name.empty()) {
				members(*m.type, bytes_of(type, m, bytes));
				continue;
			}
			if (!first_)
				out_.append(',');
			first_ = false;
			if (m.bits)
				member(m.name, *m.type, bytes, m.bit_offset, m.bits);
			else
				member(m.name, *m.type, bytes_of(type, m, bytes));
			first_ = false;
		}
	}

	bool string(const BtfType& type, std::string_view bytes)
	{
		if (bytes.empty() && type.size) {
			out_.append("null");
			return true;
		}
		const std::string_view text = string_of(type, bytes);
		if (!base64_)
			return json_string(out_, text);
		out_.append('"');
		corescope::base64(out_, text);
		out_.append('"');
		return true;
	}

	bool array(const BtfType& type, std::string_view bytes)
	{
		bool exact = true;
		out_.append('[');
		for (uint32_t i = 0, count = elements(type, bytes); i < count; i++) {
			if (i)
				out_.append(',');
			const std::string_view rest = tail(bytes, size_t{i} * type.element->size);
			exact = value(*type.element, rest.substr(0, type.element->size)) && exact;
		}
		out_.append(']');
		return exact;
	}

	Buffer& out_;
	bool base64_;
	bool first_ = true;
};

class Text {
public:
	explicit Text(Buffer& out) : out_(out) {}

	void value(const BtfType& type, std::string_view bytes, uint64_t bit_offset = 0, unsigned bits = 0)
	{
		switch (type.kind) {
		case Kind::opaque: out_.append('-'); return;
		case Kind::array:
			if (!type.is_string())
				return array(type, bytes);
			if (bytes.empty() && type.size)
				return out_.append('?');
			return quote_text(out_, string_of(type, bytes));
		case Kind::record:
		case Kind::choice:
			out_.append('{');
			members(type, bytes, true);
			return out_.append('}');
		default:
			if (!append_scalar(out_, type, bytes, bit_offset, bits, false))
				out_.append('?');
		}
	}

private:
	// first: nothing stands between the brace and here.
	bool members(const BtfType& type, std::string_view bytes, bool first)
	{
		for (const BtfMember& m : type.members) {
			if (m.name.empty() && m.type->kind == type.kind) {
				first = members(*m.type, bytes_of(type, m, bytes), first);
				continue;
			}
			if (!first)
				out_.append(type.kind == Kind::choice ? '|' : ' ');
			first = false;
			if (!m.name.empty()) {
				out_.append(m.name);
				out_.append('=');
			}
			if (m.bits)
				value(*m.type, bytes, m.bit_offset, m.bits);
			else
				value(*m.type, bytes_of(type, m, bytes));
		}
		return first;
	}

	void array(const BtfType& type, std::string_view bytes)
	{
		const uint32_t count = elements(type, bytes);
		const size_t each = type.element->size;
		const auto element = [&](uint32_t i) { return tail(bytes, i * each).substr(0, each); };
		out_.append('[');
		for (uint32_t i = 0; i < count;) {
			uint32_t same = i + 1;
			while (same < count && element(same) == element(i))
				same++;
			const uint32_t once = same - i >= kRepeats ? 1 : same - i;
			for (uint32_t n = 0; n < once; n++) {
				if (i + n)
					out_.append(',');
				value(*type.element, element(i));
			}
			if (once != same - i) {
				out_.append('*');
				out_.append_u64(same - i);
			}
			i = same;
		}
		out_.append(']');
	}

	Buffer& out_;
};

} // namespace

bool append_btf_json(Buffer& out, const BtfType& type, std::string_view bytes)
{
	return Json(out, false).value(type, bytes);
}

void append_btf_json_b64(Buffer& out, const BtfType& type, std::string_view bytes)
{
	Json(out, true).value(type, bytes);
}

void append_btf_json_member(Buffer& out, std::string_view key, const BtfType& type, std::string_view bytes)
{
	Json(out, false).member(key, type, bytes);
}

void append_btf_text(Buffer& out, const BtfType& type, std::string_view bytes)
{
	if (type.is_string() && (!bytes.empty() || type.size == 0))
		escape_text(out, string_of(type, bytes));
	else
		Text(out).value(type, bytes);
}

} // namespace corescope
