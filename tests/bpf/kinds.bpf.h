// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Constants of every kind, to be set before an object is loaded.
#pragma once

#include "kinds.h"

#define RODATA const volatile

RODATA __u8 a_u8 = 1;
RODATA __s8 a_s8 = -1;
RODATA __u16 a_u16 = 2;
RODATA __s16 a_s16 = -2;
RODATA __u32 a_u32 = 3;
RODATA __s32 a_s32 = -3;
RODATA __u64 a_u64 = 4;
RODATA __s64 a_s64 = -4;
RODATA bool a_bool = true;
RODATA char a_char = 'x';
RODATA enum fruit a_fruit = PEAR;
RODATA enum sign a_sign = MINUS;
RODATA float a_float = 1.5F;
RODATA double a_double = -0.25;
RODATA char a_string[16] = "begin";
RODATA __u32 numbers[6] = {1, 2, 3};
RODATA __s16 grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
RODATA char names[3][8] = {"a", "b"};
