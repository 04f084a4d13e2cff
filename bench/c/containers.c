/*
 * Many containers: containers DIR COUNT PROGRAM [ARGUMENT]...
 *
 * Each is a mount namespace with an overlay of DIR/lower, below a writable layer of its own, and a process that has made that its
 * root and runs PROGRAM there. Waits until each has printed a line, prints `ready` and all their numbers, and ends with them
 * when their standard input ends.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void enter(const char *dir, int number)
{
	char root[4096], upper[4096], work[4096], options[3 * 4096 + 64];
	snprintf(root, sizeof root, "%s/%d-root", dir, number);
	snprintf(upper, sizeof upper, "%s/%d-upper", dir, number);
	snprintf(work, sizeof work, "%s/%d-work", dir, number);
	snprintf(options, sizeof options, "lowerdir=%s/lower,upperdir=%s,workdir=%s", dir, upper, work);
	mkdir(root, 0755);
	mkdir(upper, 0755);
	mkdir(work, 0755);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail("unshare");
	if (mount("overlay", root, "overlay", 0, options) < 0)
		fail("mount");
	if (chroot(root) < 0 || chdir("/") < 0)
		fail("chroot");
}

static pid_t begin(const char *dir, int number, char **command)
{
	int ends[2];
	if (pipe(ends) < 0)
		fail("pipe");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		enter(dir, number);
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execv(command[0], command);
		fail(command[0]);
	}
	close(ends[1]);
	char byte;
	do
		if (read(ends[0], &byte, 1) != 1)
			exit(1);
	while (byte != '\n');
	close(ends[0]);
	return pid;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "Usage: containers DIR COUNT PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	static char line[65536];
	setvbuf(stdout, line, _IOFBF, sizeof line);
	printf("ready");
	for (int i = 0; i < atoi(argv[2]); i++)
		printf(" %d", begin(argv[1], i, argv + 3));
	printf("\n");
	fflush(stdout);
	while (wait(NULL) > 0)
		;
	return 0;
}
