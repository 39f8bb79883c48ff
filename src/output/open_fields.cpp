// SPDX-License-Identifier: BSD-2-Clause
// Names of O_* flags; those that contain others come before them.
#include "output/open_fields.h"

#include <cinttypes>
#include <cstdio>
#include <fcntl.h>
#include <string>

namespace corescope {

namespace {

// glibc says 0 where a 64-bit program needs none; 32-bit programs do pass it.
#if defined(__aarch64__)
constexpr uint64_t kLargeFile = 0400000;
#else
constexpr uint64_t kLargeFile = 0100000;
#endif

constexpr struct {
	uint64_t bits;
	const char* name;
} kNames[] = {{O_CREAT, "O_CREAT"}, {O_EXCL, "O_EXCL"}, {O_NOCTTY, "O_NOCTTY"}, {O_TRUNC, "O_TRUNC"},
	{O_APPEND, "O_APPEND"}, {O_NONBLOCK, "O_NONBLOCK"}, {O_SYNC, "O_SYNC"}, {O_DSYNC, "O_DSYNC"},
	{O_ASYNC, "O_ASYNC"}, {O_DIRECT, "O_DIRECT"}, {kLargeFile, "O_LARGEFILE"}, {O_TMPFILE, "O_TMPFILE"},
	{O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"}, {O_NOATIME, "O_NOATIME"},
	{O_CLOEXEC, "O_CLOEXEC"}, {O_PATH, "O_PATH"}};

} // namespace

std::string_view open_flags(uint64_t flags)
{
	static std::string text;
	constexpr const char* kAccess[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "3"};
	text = kAccess[flags & O_ACCMODE];
	uint64_t left = flags & ~uint64_t{O_ACCMODE};
	for (const auto& one : kNames) {
		if ((left & one.bits) != one.bits)
			continue;
		text += '|';
		text += one.name;
		left &= ~one.bits;
	}
	if (left) {
		char rest[24];
		std::snprintf(rest, sizeof(rest), "|0x%" PRIx64, left);
		text += rest;
	}
	return text;
}

bool open_makes_file(uint64_t flags) { return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE; }

TextValue open_mode(uint64_t flags, unsigned mode)
{
	static char text[16];
	if (!open_makes_file(flags))
		return Value::none();
	std::snprintf(text, sizeof(text), "%04o", mode);
	return Value::word(text);
}

std::string_view open_call_name(unsigned call)
{
	constexpr std::string_view kCalls[] = {"open", "creat", "openat", "openat2"};
	return call < std::size(kCalls) ? kCalls[call] : "?";
}

} // namespace corescope
