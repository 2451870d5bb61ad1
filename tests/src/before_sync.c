/* Ends a process with SIGKILL between a write and its fsync: loaded before the C library (LD_PRELOAD), it stands in front of fsync and fdatasync.
 *
 * Nothing happens while the file named by NOEMA_DIE_BEFORE_SYNC is not there. It holds a number n: the process dies when it asks for the n-th
 * synchronisation from then on, and that synchronisation never happens. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Synchronisations that are still to come; negative until the file says how many. */
static atomic_int left = -1;

static void before_sync(void)
{
	if (atomic_load(&left) < 0) {
		const char *path = getenv("NOEMA_DIE_BEFORE_SYNC");
		FILE *file = path ? fopen(path, "r") : NULL;
		int count, none = -1;
		if (!file)
			return;
		if (fscanf(file, "%d", &count) == 1 && count > 0)
			atomic_compare_exchange_strong(&left, &none, count);
		fclose(file);
	}
	if (atomic_load(&left) > 0 && atomic_fetch_sub(&left, 1) == 1)
		kill(getpid(), SIGKILL);
}

int fsync(int file)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	before_sync();
	return real(file);
}

int fdatasync(int file)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	before_sync();
	return real(file);
}
