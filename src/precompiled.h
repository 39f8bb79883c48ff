// SPDX-License-Identifier: BSD-2-Clause
// What most sources of the runtime and the tools include, read once by the compiler (Makefile: precompiled). Each file
// still includes what it uses: lint compiles them without this one.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>
