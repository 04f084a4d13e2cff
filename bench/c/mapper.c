/*
 * A process with many file mappings: mapper DIR FILES MAPPINGS [PROCESSES]
 *
 * Maps the files DIR/0 to DIR/(FILES-1) in turn, each whole, until there are MAPPINGS. Two neighbours are never of the
 * same file, or the kernel would merge them. Forks until there are PROCESSES, prints `ready` and all their numbers, and
 * waits until its standard input ends; the others end with it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "Usage: mapper DIR FILES MAPPINGS [PROCESSES]\n");
		return 2;
	}
	int files = atoi(argv[2]), mappings = atoi(argv[3]), processes = argc > 4 ? atoi(argv[4]) : 1;
	for (int i = 0; i < mappings; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%d", argv[1], i % files);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			return fail(path);
		struct stat stat;
		if (fstat(fd, &stat) < 0)
			return fail(path);
		if (mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
			return fail("mmap");
		close(fd);
	}
	// Nothing is flushed before the last fork, or each would have a part of it to write.
	static char line[65536];
	setvbuf(stdout, line, _IOFBF, sizeof line);
	printf("ready %d", getpid());
	for (int i = 1; i < processes; i++) {
		pid_t pid = fork();
		if (pid < 0)
			return fail("fork");
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		printf(" %d", pid);
	}
	printf("\n");
	fflush(stdout);
	char byte;
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
