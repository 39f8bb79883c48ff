// SPDX-License-Identifier: BSD-2-Clause
// The program that execload starts: looks at none of its arguments and exits with 0 at once. With QUIET_FD=N
// in its environment it first writes one byte there (so the starter knows that it runs) and waits for
// end-of-file; QUIET_FD=0 waits until stdin closes.
#include <cstdlib>

#include <unistd.h>

int main()
{
	const char* text = getenv("QUIET_FD");
	if (!text)
		return 0;
	const int fd = atoi(text);
	char c = 'R';
	if (write(fd, &c, 1) != 1 && fd != 0)
		return 1;
	while (read(fd, &c, 1) > 0) {}
	return 0;
}
