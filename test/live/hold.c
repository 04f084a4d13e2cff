/*
 * Maps files, enters another root or mount namespace without exec, and stays:
 *
 *   hold [-r FILE] [-w FILE] [-c ROOT] [-u] [-n NAMESPACE] [-p ROOT]
 *
 * -r maps for reading, -w for writing and shared, -c chroot, -u unshare, -n setns, -p pivot_root, with the old root let go.
 * It writes a line when all is done.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void map(const char *file, int flags, int prot, int how) {
  int fd = open(file, flags);
  if (fd < 0 || mmap(NULL, 4096, prot, how, fd, 0) == MAP_FAILED) err(1, "%s", file);
  close(fd);
}

static void pivot(const char *root) {
  if (chdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/")) err(1, "pivot_root");
}

int main(int argc, char **argv) {
  for (int c; (c = getopt(argc, argv, "r:w:c:un:p:")) != -1;)
    switch (c) {
    case 'r': map(optarg, O_RDONLY, PROT_READ, MAP_PRIVATE); break;
    case 'w': map(optarg, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED); break;
    case 'c': if (chroot(optarg) || chdir("/")) err(1, "chroot"); break;
    case 'u': if (unshare(CLONE_NEWNS)) err(1, "unshare"); break;
    case 'n': if (setns(open(optarg, O_RDONLY), CLONE_NEWNS)) err(1, "setns"); break;
    case 'p': pivot(optarg); break;
    default: return 2;
    }
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
