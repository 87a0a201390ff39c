/* misbehave HOW: end, or be ended, as programs are in real life. For the lab's incidents. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *mapped_file(void)
{
	char name[] = "/var/tmp/mapped-XXXXXX";
	int file = mkstemp(name);

	if (ftruncate(file, 4096) != 0)
		exit(1);
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	memory[0] = 1;
	if (ftruncate(file, 0) != 0)
		exit(1);
	return memory;
}

int main(int count, char **words)
{
	volatile char *volatile nowhere = (char *)8;
	const char *how = count > 1 ? words[1] : "";

	if (!strcmp(how, "null"))
		*nowhere = 1;
	else if (!strcmp(how, "trap"))
		__builtin_trap();
	else if (!strcmp(how, "truncated"))
		*(volatile char *)mapped_file() = 1;
	else if (!strcmp(how, "abort"))
		abort();
	else if (!strcmp(how, "deaf"))
		signal(SIGTERM, SIG_IGN);
	else if (!strcmp(how, "spin"))
		for (volatile long n = 0;; n++)
			;
	else if (!strcmp(how, "fork"))
		while (fork() >= 0)
			;
	for (;;)
		pause();
}
