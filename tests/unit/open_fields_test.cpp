// SPDX-License-Identifier: BSD-2-Clause
// What is told of calls that open a file, against the C library's own flags.
#include <catch2/catch.hpp>

#include "output/open_fields.h"

#include <fcntl.h>
#include <string>

using namespace corescope;

namespace {

struct Event {
	int ret;
	unsigned short call;
};

} // namespace

TEST_CASE("flags of open are told in words, and what has no name as a number", "[open_fields]")
{
	CHECK(open_flags(O_RDONLY) == "O_RDONLY");
	CHECK(open_flags(O_WRONLY | O_CREAT | O_CLOEXEC) == "O_WRONLY|O_CREAT|O_CLOEXEC");
	CHECK(open_flags(O_RDWR | O_TRUNC | O_APPEND) == "O_RDWR|O_TRUNC|O_APPEND");
	CHECK(open_flags(O_RDONLY | 1ULL << 40) == "O_RDONLY|0x10000000000");
	// O_TMPFILE has O_DIRECTORY's bit in it.
	CHECK(std::string(open_flags(O_RDWR | O_TMPFILE)).find("O_TMPFILE") != std::string::npos);
	CHECK(open_flags(O_DIRECTORY) == "O_RDONLY|O_DIRECTORY");
}

TEST_CASE("the mode is told only of calls that make a file", "[open_fields]")
{
	CHECK(open_mode(O_RDONLY, 0644).kind == Value::Kind::none);
	CHECK(open_mode(O_DIRECTORY, 0644).kind == Value::Kind::none);
	CHECK(open_mode(O_WRONLY | O_CREAT, 0644).bytes == "0644");
	CHECK(open_mode(O_RDWR | O_TMPFILE, 04755).bytes == "4755");
	CHECK(open_mode(O_CREAT, 0).bytes == "0000");
}

TEST_CASE("descriptors, errors and calls of a record", "[open_fields]")
{
	CHECK(descriptor<&Event::ret>({3, 0}, {}).bits == 3);
	CHECK(descriptor<&Event::ret>({0, 0}, {}).kind == Value::Kind::signed_number);
	CHECK(descriptor<&Event::ret>({-2, 0}, {}).kind == Value::Kind::none);
	CHECK(error_number<&Event::ret>({-2, 0}, {}).bits == 2);
	CHECK(error_number<&Event::ret>({7, 0}, {}).bits == 0);
	CHECK(open_call_name<&Event::call>({0, OPEN_OPEN}, {}).bytes == "open");
	CHECK(open_call_name<&Event::call>({0, OPEN_CREAT}, {}).bytes == "creat");
	CHECK(open_call_name<&Event::call>({0, OPEN_OPENAT}, {}).bytes == "openat");
	CHECK(open_call_name<&Event::call>({0, OPEN_OPENAT2}, {}).bytes == "openat2");
	CHECK(open_call_name(4) == "?");
}
