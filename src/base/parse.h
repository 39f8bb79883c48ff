// SPDX-License-Identifier: BSD-2-Clause
// Text from a user, taken whole or refused: no trailing junk, no silent zero, no wrap-around. A refusal says what
// would have been right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <regex.h>

namespace corescope {

// Thrown by the parse functions: why the text is refused, to be read after "--option: 'text' ".
struct BadValue {
	std::string why;
};

// What an argument is, for manuals and completions. Where a type is more than text, argument_shape(const T*) stands
// beside its parse_value().
struct ArgumentShape {
	enum class Kind { text, words, list, file, folder, pid, user, cgroup, unit, hook, pin, tool };
	Kind kind = Kind::text;
	std::vector<std::string> words{}; // of which it is one; of a list, several with commas between
	bool again = false;               // whether it may be given again, and then adds to what it was
};

// A word and what it stands for. The table of a type's words is what its parse_value() takes and its shape tells.
template <class T>
struct Word {
	std::string_view name;
	T value;
};

// "a, b, c".
template <class Words>
std::string joined_words(const Words& words)
{
	std::string all;
	for (const auto& word : words)
		all.append(all.empty() ? "" : ", ").append(word);
	return all;
}

template <class T, size_t N>
std::vector<std::string> names_of(const Word<T> (&words)[N])
{
	std::vector<std::string> names;
	for (const Word<T>& word : words)
		names.emplace_back(word.name);
	return names;
}

// Throws BadValue where it is none of them.
template <class T, size_t N>
T parse_word(const Word<T> (&words)[N], std::string_view text)
{
	for (const Word<T>& word : words)
		if (word.name == text)
			return word.value;
	throw BadValue{"is none of " + joined_words(names_of(words))};
}

// A decimal number between `least` and `most`, both included.
uint64_t parse_number(std::string_view text, uint64_t least, uint64_t most);

// POSIX extended regular expression, searched for anywhere in the text.
class Regex {
public:
	Regex() = default;
	explicit operator bool() const { return compiled_ != nullptr; }
	// Bytes up to a NUL are looked at.
	bool matches(const char* text) const;
	struct Range {
		size_t begin, end;
	};
	// The first match at or after `from`: of the first parenthesis if there is one, else the whole. *next: where to
	// look for another.
	std::optional<Range> find(const char* text, size_t from, size_t* next) const;

private:
	friend void parse_value(Regex& out, const char* text);
	std::shared_ptr<regex_t> compiled_;
};
void parse_value(Regex& out, const char* text);

} // namespace corescope
