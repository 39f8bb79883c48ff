// SPDX-License-Identifier: BSD-2-Clause
// Rust's mangling since 2018 (RFC 2603, "symbol name mangling v0"), read by recursive descent. References back into the
// name could make it exponentially long, so depth and length have limits; what goes beyond is told as it is mangled.
#include "symbols/demangle.h"
#include "symbols/punycode.h"

#include <cstdint>

namespace corescope {

namespace {

constexpr unsigned kDeepest = 200;
constexpr size_t kLongest = 4096;
constexpr std::string_view kBase62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct Malformed {};

// By their letters, 'a' first; "" for letters that are none.
constexpr const char* kBasicTypes[] = {"i8", "bool", "char", "f64", "str", "f32", "", "u8", "isize", "usize",
	"", "i32", "u32", "i128", "u128", "_", "", "", "i16", "u16", "()", "...", "", "i64", "u64", "!"};

const char* basic_type(char tag)
{
	const char* name = tag >= 'a' && tag <= 'z' ? kBasicTypes[tag - 'a'] : "";
	return *name ? name : nullptr;
}

class Reader {
public:
	explicit Reader(std::string_view name) : in_(name) {}

	std::string read()
	{
		path(true);
		// Behind it, whose crate made this instance; and what compilers append, such as ".llvm.123".
		if (at_ < in_.size() && in_[at_] >= 'A' && in_[at_] <= 'Z') {
			silent_++;
			path(false);
			silent_--;
		}
		if (at_ < in_.size() && in_[at_] != '.' && in_[at_] != '$')
			throw Malformed{};
		return out_;
	}

private:
	struct Deeper {
		explicit Deeper(Reader& reader) : r(reader)
		{
			if (++r.depth_ > kDeepest)
				throw Malformed{};
		}
		~Deeper() { r.depth_--; }
		Reader& r;
	};

	char peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }
	char next()
	{
		if (at_ == in_.size())
			throw Malformed{};
		return in_[at_++];
	}
	bool take(char c)
	{
		if (peek() != c)
			return false;
		at_++;
		return true;
	}
	void put(std::string_view text)
	{
		if (silent_)
			return;
		out_ += text;
		if (out_.size() > kLongest)
			throw Malformed{};
	}
	uint64_t base62()
	{
		uint64_t value = 0;
		if (take('_'))
			return 0;
		for (char c; (c = next()) != '_';) {
			const size_t digit = kBase62.find(c);
			if (digit == std::string_view::npos || value > (UINT64_MAX - 61) / 62)
				throw Malformed{};
			value = value * 62 + digit;
		}
		return value + 1;
	}
	uint64_t disambiguator() { return take('s') ? base62() + 1 : 0; }
	std::string identifier()
	{
		const bool unicode = take('u');
		size_t length = 0;
		if (!take('0')) {
			if (peek() < '0' || peek() > '9')
				throw Malformed{};
			while (peek() >= '0' && peek() <= '9' && length < in_.size())
				length = length * 10 + static_cast<size_t>(next() - '0');
		}
		take('_');
		if (length > in_.size() - at_)
			throw Malformed{};
		const std::string_view bytes = in_.substr(at_, length);
		at_ += length;
		if (!unicode)
			return std::string(bytes);
		const size_t split = bytes.rfind('_');
		const bool ascii = split != std::string_view::npos;
		const auto text =
			from_punycode(ascii ? bytes.substr(0, split) : "", ascii ? bytes.substr(split + 1) : bytes);
		if (!text)
			throw Malformed{};
		return *text;
	}
	// What stood `base62` bytes from the beginning, read here once more.
	template <class Read>
	void back(const Read& read)
	{
		const size_t from = at_ - 1;
		const uint64_t to = base62();
		if (to >= from)
			throw Malformed{};
		if (silent_)
			return;
		const size_t here = at_;
		at_ = static_cast<size_t>(to);
		read();
		at_ = here;
	}
	// in_value: generic arguments are written with "::" before them.
	void path(bool in_value)
	{
		const Deeper deeper(*this);
		switch (next()) {
		case 'C':
			disambiguator();
			put(identifier());
			break;
		case 'M': // inherent impl: where it stands is not told
			impl_path();
			put("<");
			type();
			put(">");
			break;
		case 'X': impl_path(); [[fallthrough]];
		case 'Y':
			put("<");
			type();
			put(" as ");
			path(false);
			put(">");
			break;
		case 'N': nested(in_value); break;
		case 'I':
			path(in_value);
			put(in_value ? "::<" : "<");
			list([&] { generic_argument(); });
			put(">");
			break;
		case 'B': back([&] { path(in_value); }); break;
		default: throw Malformed{};
		}
	}
	void impl_path()
	{
		disambiguator();
		silent_++;
		path(false);
		silent_--;
	}
	void nested(bool in_value)
	{
		const char space = next();
		path(in_value);
		const uint64_t which = disambiguator();
		const std::string name = identifier();
		if (space >= 'A' && space <= 'Z') { // made by the compiler
			put("::{");
			put(space == 'C' ? "closure" : space == 'S' ? "shim" : std::string(1, space));
			if (!name.empty())
				put(":" + name);
			put("#" + std::to_string(which) + "}");
		} else if (space >= 'a' && space <= 'z') {
			if (!name.empty())
				put("::" + name);
		} else {
			throw Malformed{};
		}
	}
	template <class Item>
	unsigned list(const Item& item)
	{
		unsigned count = 0;
		while (!take('E')) {
			if (count++)
				put(", ");
			item();
		}
		return count;
	}
	void generic_argument()
	{
		if (take('L'))
			lifetime(base62());
		else if (take('K'))
			constant();
		else
			type();
	}
	void lifetime(uint64_t index)
	{
		if (!index) {
			put("'_");
			return;
		}
		if (index > bound_)
			throw Malformed{};
		const uint64_t depth = bound_ - index;
		put(depth < 26 ? "'" + std::string(1, static_cast<char>('a' + depth)) : "'_" + std::to_string(depth));
	}
	template <class Body>
	void binder(const Body& body)
	{
		const uint64_t count = take('G') ? base62() + 1 : 0;
		if (count > kDeepest)
			throw Malformed{};
		if (count) {
			put("for<");
			for (uint64_t i = 0; i < count; i++) {
				bound_++;
				put(i ? ", " : "");
				lifetime(1);
			}
			put("> ");
		}
		body();
		bound_ -= count;
	}
	void type()
	{
		const Deeper deeper(*this);
		const char tag = next();
		if (const char* basic = basic_type(tag)) {
			put(basic);
			return;
		}
		switch (tag) {
		case 'A':
			put("[");
			type();
			put("; ");
			constant();
			put("]");
			break;
		case 'S':
			put("[");
			type();
			put("]");
			break;
		case 'T': {
			put("(");
			const unsigned count = list([&] { type(); });
			put(count == 1 ? ",)" : ")");
			break;
		}
		case 'R':
		case 'Q':
			put("&");
			if (take('L'))
				if (const uint64_t index = base62()) {
					lifetime(index);
					put(" ");
				}
			put(tag == 'Q' ? "mut " : "");
			type();
			break;
		case 'P':
		case 'O':
			put(tag == 'P' ? "*const " : "*mut ");
			type();
			break;
		case 'F': binder([&] { function(); }); break;
		case 'D': dynamic(); break;
		case 'B': back([&] { type(); }); break;
		default: at_--; path(false);
		}
	}
	void function()
	{
		if (take('U'))
			put("unsafe ");
		if (take('K')) {
			std::string abi = "C";
			if (!take('C'))
				abi = identifier();
			for (char& c : abi)
				c = c == '_' ? '-' : c;
			put("extern \"" + abi + "\" ");
		}
		put("fn(");
		list([&] { type(); });
		put(")");
		if (take('u'))
			return;
		put(" -> ");
		type();
	}
	void dynamic()
	{
		put("dyn ");
		binder([&] {
			for (bool first = true; !take('E'); first = false) {
				put(first ? "" : " + ");
				dynamic_trait();
			}
		});
		if (!take('L'))
			throw Malformed{};
		if (const uint64_t index = base62()) {
			put(" + ");
			lifetime(index);
		}
	}
	// The trait's path; the types that belong to it stand within its brackets.
	void dynamic_trait()
	{
		path(false);
		bool open = false;
		if (!out_.empty() && out_.back() == '>' && peek() == 'p' && !silent_) {
			out_.pop_back();
			open = true;
		}
		while (take('p')) {
			put(open ? ", " : "<");
			open = true;
			put(identifier() + " = ");
			type();
		}
		if (open)
			put(">");
	}
	void constant()
	{
		const Deeper deeper(*this);
		const char tag = next();
		if (tag == 'B') {
			back([&] { constant(); });
			return;
		}
		if (tag == 'p') {
			put("_");
			return;
		}
		if (!basic_type(tag))
			throw Malformed{};
		const bool negative = take('n');
		uint64_t value = 0;
		const size_t from = at_;
		for (char c; (c = next()) != '_';) {
			if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
				throw Malformed{};
			value = value << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		if (at_ - from > 17) // 128 bits, as they stand
			put((negative ? "-0x" : "0x") + std::string(in_.substr(from, at_ - from - 1)));
		else if (tag == 'b')
			put(value ? "true" : "false");
		else if (tag == 'c' && value >= 0x20 && value < 0x7f)
			put("'" + std::string(1, static_cast<char>(value)) + "'");
		else
			put((negative ? "-" : "") + std::to_string(value));
	}

	std::string_view in_;
	std::string out_;
	size_t at_ = 0;
	unsigned depth_ = 0, silent_ = 0;
	uint64_t bound_ = 0;
};

} // namespace

std::optional<std::string> demangled_rust_v0(std::string_view name)
{
	if (name.substr(0, 2) != "_R" || name.size() < 4)
		return std::nullopt;
	try {
		return Reader(name.substr(2)).read();
	} catch (const Malformed&) {
		return std::nullopt;
	}
}

} // namespace corescope
