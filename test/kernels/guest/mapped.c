/*
 * A process that maps files in a container, and what it has of them.
 *
 *   mapped -c ROOT     enters ROOT by chroot alone, and then does the same.
 *   mapped [-u] ROOT   enters ROOT as a container does, runs /bin/mapped there, maps /data/read, /data/private and
 *                      /data/shared, changes the second page of the private one, and counts in the shared one. With -u it
 *                      then leaves for a copy of its mount namespace: the mount of all that it has mapped is nobody's.
 *   mapped -s PID      prints every mapping of a file that a process has, with the sum of its bytes, less the count.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void own_mounts(void)
{
	check(unshare(CLONE_NEWNS) == 0, "unshare");
	check(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private");
}

static void enter(const char *root, int has_mounts, char **argv)
{
	if (has_mounts)
		own_mounts();
	check(chdir(root) == 0, root);
	if (!has_mounts)
		check(chroot(".") == 0, "chroot");
	else
		check(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
	if (has_mounts)
		check(umount2(".", MNT_DETACH) == 0, "umount");
	check(chdir("/") == 0, "/");
	execv("/bin/mapped", argv);
	check(0, "/bin/mapped");
}

static char *map(const char *path, int mode, int prot, int flags)
{
	int fd = open(path, mode);
	check(fd >= 0, path);
	char *at = mmap(NULL, 2 * PAGE, prot, flags, fd, 0);
	check(at != MAP_FAILED, "mmap");
	close(fd);
	return at;
}

static void count(int leaves)
{
	map("/data/read", O_RDONLY, PROT_READ, MAP_PRIVATE);
	char *private = map("/data/private", O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	volatile long *shared = (long *)map("/data/shared", O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
	strcpy(private + PAGE, "changed");
	if (leaves)
		own_mounts();
	// What is open lies on mounts of the host.
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	for (long counted = 1;; counted++) {
		*shared = counted;
		usleep(20000);
	}
}

static void sums(const char *pid)
{
	char path[64], line[PAGE];
	snprintf(path, sizeof path, "/proc/%s/maps", pid);
	FILE *maps = fopen(path, "r");
	check(maps != NULL, path);
	snprintf(path, sizeof path, "/proc/%s/mem", pid);
	int mem = open(path, O_RDONLY);
	check(mem >= 0, path);
	while (fgets(line, sizeof line, maps)) {
		unsigned long start, end;
		char perms[5];
		if (sscanf(line, "%lx-%lx %4s", &start, &end, perms) != 3 || strchr(line, '/') == NULL)
			continue;
		uint64_t sum = 14695981039346656037u;
		for (unsigned long at = start; at < end; at += PAGE) {
			unsigned char bytes[PAGE];
			check(pread(mem, bytes, PAGE, at) == PAGE, "pread");
			for (int i = at == start && perms[3] == 's' ? sizeof(long) : 0; i < PAGE; i++)
				sum = (sum ^ bytes[i]) * 1099511628211u;
		}
		printf("%lx-%lx %s %016lx\n", start, end, perms, (unsigned long)sum);
	}
}

int main(int argc, char **argv)
{
	char option = argc == 3 && argv[1][0] == '-' ? argv[1][1] : 0;
	char *root = argv[argc - 1];
	if (argc < 2)
		return 2;
	if (option == 's')
		sums(root);
	else if (strcmp(root, "/")) {
		argv[argc - 1] = "/";
		enter(root, option != 'c', argv);
	} else
		count(option == 'u');
	return 0;
}
