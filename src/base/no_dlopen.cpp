// SPDX-License-Identifier: BSD-2-Clause
// SQLite can load extensions, for which it asks the dynamic loader. A static binary has none: glibc's dlopen would
// look for the very libc it was built with, on whatever host it runs. Nothing here ever loads code, so the linker
// sends the four calls here (--wrap), and they refuse.
extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
void* __wrap_dlopen(const char* file, int flags);
void* __wrap_dlsym(void* handle, const char* name);
int __wrap_dlclose(void* handle);
char* __wrap_dlerror();

void* __wrap_dlopen(const char*, int) { return nullptr; }
void* __wrap_dlsym(void*, const char*) { return nullptr; }
int __wrap_dlclose(void*) { return -1; }
char* __wrap_dlerror()
{
	static char why[] = "this program loads no code";
	return why;
}
// NOLINTEND(bugprone-reserved-identifier)
}
