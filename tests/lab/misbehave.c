/* misbehave HOW [MIB]: end, or be ended, as programs are in real life. For the lab's incidents. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
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

/* Messages of 4 kB in one queue, which is as long as kernel.msgmnb lets it be: slab that belongs to
 * no process. */
static void fill_queue(long mib)
{
	static struct { long type; char text[4000]; } message = { 1, "" };
	int queue = msgget(IPC_PRIVATE, 0600);

	for (long n = 0; n < mib * 256; n++)
		if (msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT) != 0)
			exit(1);
	exit(0);
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
	else if (!strcmp(how, "queue"))
		fill_queue(count > 2 ? atol(words[2]) : 1);
	for (;;)
		pause();
}
