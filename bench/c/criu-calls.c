/*
 * The system calls that CRIU makes for the mapped files of processes: criu-calls PID...
 *
 * parse_smaps() in criu/proc_parse.c: maps is read line by line; of each mapped file the entry of map_files is opened
 * (vma_get_mapfile()), its stat is taken, its link is read, where the filesystem is AUFS (fixup_aufs_vma_fd()), and its
 * mount is found in fdinfo (get_fd_mntid()). CRIU reads smaps, which takes the kernel longer; the addresses are the same.
 *
 * Prints a line for each: PID START-END DEV:INO MOUNT -> LINK
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int mount_of(int fd)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	int info = open(path, O_RDONLY);
	if (info < 0)
		return -1;
	ssize_t length = read(info, text, sizeof text - 1);
	close(info);
	if (length < 0)
		return -1;
	text[length] = 0;
	const char *at = strstr(text, "mnt_id:");
	return at == NULL ? -1 : atoi(at + strlen("mnt_id:"));
}

static void print_entry(const char *pid, int map_files, unsigned long start, unsigned long end)
{
	char name[64], link[4096];
	snprintf(name, sizeof name, "%lx-%lx", start, end);
	int fd = openat(map_files, name, O_RDONLY);
	if (fd < 0) // a socket, a device without a driver
		fd = openat(map_files, name, O_PATH);
	if (fd < 0)
		return;
	struct stat stat;
	char self[64];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(self, link, sizeof link - 1);
	if (fstat(fd, &stat) == 0 && length >= 0) {
		link[length] = 0;
		printf("%s %s %u:%u:%lu %d -> %s\n", pid, name, major(stat.st_dev), minor(stat.st_dev),
		       (unsigned long)stat.st_ino, mount_of(fd), link);
	}
	close(fd);
}

static int print_process(const char *pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%s/map_files", pid);
	DIR *map_files = opendir(path);
	snprintf(path, sizeof path, "/proc/%s/maps", pid);
	FILE *maps = fopen(path, "r");
	if (map_files == NULL || maps == NULL)
		return 1;
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, maps) > 0) {
		unsigned long start, end, offset;
		char perms[8];
		unsigned int major, minor;
		if (sscanf(line, "%lx-%lx %7s %lx %x:%x", &start, &end, perms, &offset, &major, &minor) != 6)
			continue;
		if (major != 0 || minor != 0)
			print_entry(pid, dirfd(map_files), start, end);
	}
	free(line);
	fclose(maps);
	closedir(map_files);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;
	for (int i = 1; i < argc; i++)
		status |= print_process(argv[i]);
	return status;
}
