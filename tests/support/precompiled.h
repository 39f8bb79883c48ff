// SPDX-License-Identifier: BSD-2-Clause
// What most test files include, read once by the compiler (Makefile: precompiled): Catch2 and the JSON reader are more
// than the tests themselves. Each file still includes what it uses: lint compiles them without this one.

#include "../../src/precompiled.h"
#include "json.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <thread>
