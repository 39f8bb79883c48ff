// SPDX-License-Identifier: BSD-2-Clause
// What `load --pin DIR` leaves in the BPF file system, and `unload DIR` takes away again.
#pragma once

#include "commands/load.h"

#include <string>

namespace corescope {

// Pins programs, links and maps of an attached object in the new folder `path`, all or nothing, and lets go of them.
// Throws Error.
void pin_object(LoadedObject& object, const std::string& path);

// Removes what pin_object() has put there and nothing else. Throws Error.
void unpin_object(const std::string& path);

// Maps that the object itself asks to keep (LIBBPF_PIN_BY_NAME) stay, which is told on standard error.
void tell_auto_pins(const LoadedObject& object);

} // namespace corescope
