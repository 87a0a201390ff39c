/* holdmem: grow to a number of MiB, at a rate, under a policy of its own if asked, and hold it.
 * For the lab's incidents.
 *
 *   holdmem [-b NODE] [-H] [-s] [-r MIB_PER_SECOND] MIB
 *     -b NODE  bind itself to the node by set_mempolicy(2)
 *     -H       huge pages (MAP_HUGETLB)
 *     -s       shared memory
 *
 * It runs under the name by which it is started, so a copy or a link of it may be called like a
 * service.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MPOL_BIND = 2, MIB = 1 << 20 };

static void bind_to(long node)
{
	unsigned long mask = 1UL << node;

	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, sizeof(mask) * 8) != 0) {
		perror("set_mempolicy");
		exit(1);
	}
}

int main(int count, char **words)
{
	int kind = MAP_PRIVATE, huge = 0, option;
	long rate = 0;

	while ((option = getopt(count, words, "b:Hsr:")) != -1) {
		if (option == 'b')
			bind_to(atol(optarg));
		else if (option == 'H')
			huge = MAP_HUGETLB;
		else if (option == 's')
			kind = MAP_SHARED;
		else if (option == 'r')
			rate = atol(optarg);
		else
			return 2;
	}
	if (optind != count - 1)
		return 2;
	size_t size = (size_t)atol(words[optind]) * MIB;
	int flags = kind | MAP_ANONYMOUS | MAP_NORESERVE | huge;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (size_t at = 0; at < size; at += MIB) {
		memset(memory + at, 1, MIB);
		if (rate > 0)
			usleep(1000000 / rate);
	}
	for (;;)
		pause();
}
