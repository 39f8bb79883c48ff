// SPDX-License-Identifier: BSD-2-Clause
// Attaches one program of floor.bpf.o and sleeps until it is told to end: floor OBJECT PROGRAM.
#include <bpf/libbpf.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int stay_silent(enum libbpf_print_level level, const char* format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static void end(int number) { _exit(number == SIGINT ? 0 : 1); }

int main(int argc, char** argv)
{
	if (argc != 3)
		return fputs("usage: floor OBJECT PROGRAM\n", stderr), 2;
	signal(SIGINT, end);
	libbpf_set_print(stay_silent);
	struct bpf_object* object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return perror(argv[1]), 1;
	struct bpf_program *program, *wanted = NULL;
	bpf_object__for_each_program(program, object)
	{
		const int this_one = !strcmp(bpf_program__name(program), argv[2]);
		bpf_program__set_autoload(program, this_one);
		if (this_one)
			wanted = program;
	}
	if (!wanted || bpf_object__load(object) || !bpf_program__attach(wanted))
		return perror(argv[2]), 1;
	for (;;)
		pause();
}
