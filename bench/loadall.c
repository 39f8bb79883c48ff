// SPDX-License-Identifier: BSD-2-Clause
// The least that loads a BPF object, attaches each of its programs and pins program and link: what `bpftool prog loadall …
// autoattach` does in versions that know that word. bench/load_start compiles it; usage: loadall OBJECT FOLDER.
#include <bpf/libbpf.h>

#include <stdio.h>
#include <sys/stat.h>

static int pin_path(char* path, size_t size, const char* folder, const char* kind, const char* name)
{
	return snprintf(path, size, "%s/%s_%s", folder, kind, name) < (int)size ? 0 : -1;
}

int main(int argc, char** argv)
{
	struct bpf_object* object = argc == 3 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program* program;
	char path[256];

	if (!object || bpf_object__load(object) || mkdir(argv[2], 0700))
		return 1;
	bpf_object__for_each_program(program, object)
	{
		const char* name = bpf_program__name(program);
		struct bpf_link* link;

		if (pin_path(path, sizeof(path), argv[2], "prog", name) || bpf_program__pin(program, path))
			return 1;
		link = bpf_program__attach(program);
		if (!link) // a program that only another one calls
			continue;
		if (pin_path(path, sizeof(path), argv[2], "link", name) || bpf_link__pin(link, path))
			return 1;
	}
	return 0;
}
