// SPDX-License-Identifier: BSD-2-Clause
// Names of C++ and of both of Rust's manglings, and what is none of them.
#include "symbols/demangle.h"

#include <catch2/catch.hpp>

using namespace corescope;

TEST_CASE("demangle: C++")
{
	CHECK(demangled("_ZN9stackload6BurnerIiE4burnEl") == "stackload::Burner<int>::burn(long)");
	CHECK(demangled("_Znwm") == "operator new(unsigned long)");
	CHECK(demangled("main") == "main");
	CHECK(demangled("_start") == "_start");
	CHECK(demangled("_Zbroken") == "_Zbroken");
	CHECK(demangled("") == "");
}

TEST_CASE("demangle: Rust's older mangling")
{
	CHECK(demangled("_ZN4demo4core17h0123456789abcdefE") == "demo::core");
	CHECK(
		demangled(
			"_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE") ==
		"<Test + 'static as foo::Bar<Test>>::bar");
	CHECK(
		demangled(
			"_ZN4core3ptr85drop_in_place$LT$std..rt..lang_start$LT$$LP$$RP$$GT$..$u7b$$u7b$closure$u7d$$u7d$$GT$17h0123456789abcdefE") ==
		"core::ptr::drop_in_place<std::rt::lang_start<()>::{{closure}}>");
	// The last part is no hash: C++.
	CHECK(demangled("_ZN4demo4coreE") == "demo::core");
	CHECK_FALSE(demangled_rust_legacy("_ZN4demo17h0123456789abcdefgE"));
	CHECK_FALSE(demangled_rust_legacy("_ZN99999demo17h0123456789abcdefE"));
}

TEST_CASE("demangle: Rust's own mangling, by the examples of RFC 2603")
{
	CHECK(demangled("_RNvCs1234_7mycrate3foo") == "mycrate::foo");
	CHECK(demangled("_RNvNtCs1234_7mycrate3foo3bar") == "mycrate::foo::bar");
	CHECK(demangled("_RNCNvCsgStHSCytQ6I_7mycrate4main0B3_") == "mycrate::main::{closure#0}");
	CHECK(demangled("_RNvMs_Cs4Cv8Wi1oAIB_7mycrateNtB4_7Example3foo") == "<mycrate::Example>::foo");
	CHECK(demangled("_RNvXCs15kBYyAo9fc_7mycrateNtB2_7ExampleNtB2_5Trait3foo") ==
		"<mycrate::Example as mycrate::Trait>::foo");
	CHECK(demangled("_RINvCs7QNnYTk8fWG_7mycrate7exampleNtB2_7ExampleEB2_") ==
		"mycrate::example::<mycrate::Example>");
	CHECK(demangled("_RINvCs1234_7mycrate3fooAhj20_RShEB2_") == "mycrate::foo::<[u8; 32], &[u8]>");
	CHECK(demangled("_RINvC7mycrate3fooFUKCmEuDG_NtC3std2FnEL_E") ==
		"mycrate::foo::<unsafe extern \"C\" fn(u32), dyn for<'a> std::Fn>");
	CHECK(demangled("_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y") ==
		"utf8_idents::საჭმელად_გემრიელი_სადილი");
}

TEST_CASE("demangle: what is hostile stays as it is, and takes no time")
{
	CHECK(demangled("_R") == "_R");
	CHECK(demangled("_RNvB_3foo") == "_RNvB_3foo"); // refers to itself
	CHECK(demangled("_RNvC99999999999999999999x") == "_RNvC99999999999999999999x");
	std::string deep = "_R";
	for (int i = 0; i < 5000; i++)
		deep += "Nv";
	CHECK(demangled(deep) == deep);
	// Each part stands twice in the next: it would be 2^40 bytes long.
	std::string twice = "_RINvC1a1bT";
	size_t at = 8;
	twice += "TuuE";
	for (int i = 0; i < 40; i++) {
		const size_t here = twice.size() - 2;
		std::string number;
		for (size_t n = at; n; n /= 62)
			number.insert(
				number.begin(), "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[n % 62]);
		const std::string back = "B" + number + "_";
		twice += "T" + back + back + "E";
		at = here - 1;
	}
	twice += "EE";
	const std::string result = demangled(twice);
	CHECK(result.size() < 8192);
}
