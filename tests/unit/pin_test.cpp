// SPDX-License-Identifier: BSD-2-Clause
// What a pin and a store keep of a reading, as bytes and back: every number, every key, and no reading beyond the end.
#include "cli/pin.h"

#include "base/pack.h"
#include "hist/pack.h"

#include <catch2/catch.hpp>

#include <random>

using namespace corescope;

namespace {

Snapshot random_snapshot(std::mt19937_64& random)
{
	Snapshot snapshot;
	snapshot.at_ns = random();
	snapshot.window = {0, random() >> (random() % 64), random() % 3, random() % 3};
	for (uint64_t keys = random() % 5; keys; keys--) {
		KeyedHistogram one;
		one.key = {{random(), random() % 2 ? random() : 0}};
		const auto p = static_cast<unsigned>(random() % (kHistMaxP + 1));
		const bool limited = random() % 2;
		one.histogram = Histogram(p, limited ? uint64_t{1} << (p + random() % 30) : Histogram::kNoLimit);
		for (uint64_t values = random() % 50; values; values--)
			one.histogram.add(random() >> (random() % 64), static_cast<HistSum>(random()) * random());
		snapshot.histograms.push_back(std::move(one));
	}
	return snapshot;
}

std::string packed(const Snapshot& snapshot)
{
	Packer out;
	pack_snapshot(out, snapshot);
	return out.bytes();
}

PinAbout example()
{
	PinAbout about;
	about.identity = random_id();
	about.source = {"cpudist", "oncpu", "on-CPU time", "--cgroup=/a\n\"b\xff", "1.2.3", "tp_btf", "host",
		"boot", kMilliseconds};
	about.by = HistBy::unit;
	about.arguments = {"cpudist", "--pin", "x", "", "\x01"};
	about.max_keys = 4000;
	about.since_unix_ns = 1800000000123456789;
	about.since_ns = 77;
	about.losses_at = 64;
	about.programs = 3;
	return about;
}

} // namespace

TEST_CASE("numbers and texts as bytes and back")
{
	Packer out;
	const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, uint64_t{1} << 63, UINT64_MAX};
	for (const uint64_t number : numbers)
		out.number(number);
	out.text("");
	out.text(std::string("a\0b", 3));
	Unpacker in(out.bytes());
	for (const uint64_t number : numbers)
		CHECK(in.number() == number);
	CHECK(in.text().empty());
	CHECK(in.text() == std::string_view("a\0b", 3));
	CHECK(in.left() == 0);
	CHECK_THROWS_AS(in.number(), Malformed);
	CHECK_THROWS_AS(Unpacker("\x05"
							 "ab")
						.text(),
		Malformed);
	CHECK_THROWS_AS(Unpacker(std::string(10, '\xff')).number(), Malformed);         // has no end
	CHECK_THROWS_AS(Unpacker(std::string(9, '\xff') + "\x02").number(), Malformed); // 65 bits
}

TEST_CASE("a snapshot packed and unpacked is the same, and a part of it is refused")
{
	std::mt19937_64 random(20261120);
	for (int i = 0; i < 300; i++) {
		const Snapshot snapshot = random_snapshot(random);
		const std::string bytes = packed(snapshot);
		Unpacker in(bytes);
		const Snapshot back = unpack_snapshot(in);
		CHECK(in.left() == 0);
		REQUIRE(back.at_ns == snapshot.at_ns);
		CHECK(back.window.lost == snapshot.window.lost);
		CHECK(back.window.dropped_keys == snapshot.window.dropped_keys);
		CHECK(back.window.reset_keys == snapshot.window.reset_keys);
		REQUIRE(back.histograms.size() == snapshot.histograms.size());
		for (size_t k = 0; k < back.histograms.size(); k++) {
			CHECK(back.histograms[k].key == snapshot.histograms[k].key);
			CHECK(back.histograms[k].histogram == snapshot.histograms[k].histogram);
		}
		Unpacker part(std::string_view(bytes).substr(0, random() % bytes.size()));
		CHECK_THROWS_AS(unpack_snapshot(part), Malformed);
	}
}

TEST_CASE("bytes that are no snapshot never read beyond their end, and make no histogram that cannot be")
{
	std::mt19937_64 random(7);
	size_t refused = 0;
	for (int i = 0; i < 20000; i++) {
		std::string bytes = packed(random_snapshot(random));
		for (int changes = 0; changes < 3; changes++)
			bytes[random() % bytes.size()] = static_cast<char>(random());
		Unpacker in(bytes);
		try {
			for (const KeyedHistogram& one : unpack_snapshot(in).histograms)
				CHECK(one.histogram.p() <= kHistMaxP);
		} catch (const Malformed&) {
			refused++;
		}
	}
	CHECK(refused > 1000);
}

TEST_CASE("a pin's description comes back whole, and a later version's as far as it is known")
{
	const PinAbout about = example();
	const PinAbout back = unpack_about(pack_about(about));
	CHECK(back.identity == about.identity);
	CHECK(back.source.tool == "cpudist");
	CHECK(back.source.quantity == "oncpu");
	CHECK(back.source.what == "on-CPU time");
	CHECK(back.source.options == about.source.options);
	CHECK(back.source.version == "1.2.3");
	CHECK(back.source.hooks == "tp_btf");
	CHECK(back.source.host == "host");
	CHECK(back.source.boot_id == "boot");
	CHECK(back.source.unit == kMilliseconds);
	CHECK(back.by == HistBy::unit);
	CHECK(back.arguments == about.arguments);
	CHECK(back.max_keys == 4000);
	CHECK(back.since_unix_ns == about.since_unix_ns);
	CHECK(back.since_ns == 77);
	CHECK(back.losses_at == 64);
	CHECK(back.programs == 3);
	CHECK(back.unreadable().empty());

	PinAbout later = about;
	later.layout = kPinLayout + 1;
	later.source.unit = {"parsecs", "pc", 12345, HistBase::none};
	const PinAbout told = unpack_about(pack_about(later));
	CHECK(told.source.tool == "cpudist");
	CHECK(told.unreadable().find("1.2.3") != std::string::npos);
	PinAbout other = about;
	other.row_bytes++;
	CHECK_FALSE(unpack_about(pack_about(other)).unreadable().empty());
	later.layout = kPinLayout; // of this version, but with a unit that it does not have
	CHECK_THROWS_AS(unpack_about(pack_about(later)), Malformed);

	const std::string bytes = pack_about(about);
	for (size_t size = 0; size < bytes.size(); size++)
		CHECK_THROWS_AS(unpack_about(bytes.substr(0, size)), Malformed);
	CHECK_NOTHROW(unpack_about(bytes + std::string(7, '\0'))); // a map's value is a multiple of eight
}

TEST_CASE("names of pins are letters, digits, - and _, and lead nowhere else")
{
	PinName name;
	for (const char* good : {"a", "0", "oncpu", "On-CPU_2", "a-"}) {
		parse_value(name, good);
		CHECK(name.value == good);
	}
	parse_value(name, std::string(64, 'x').c_str());
	for (const std::string& bad :
		{std::string(), std::string(65, 'x'), std::string("."), std::string(".."), std::string("a.b"),
			std::string("a/b"), std::string("../a"), std::string("-a"), std::string("_a"), std::string("@a"),
			std::string("a b"), std::string("a\n"), std::string("\xc3\xa9")})
		CHECK_THROWS_AS(parse_value(name, bad.c_str()), BadValue);
	CHECK(random_id().size() == 32);
	CHECK(random_id() != random_id());
}
