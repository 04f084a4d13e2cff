/*
 * Opens, reads and prints what aufs-branches reads of every superblock, br<N> and brid<N>: read-branches SYSFS
 *
 * Prints a line for each: /sys/fs/aufs/si_<si>/br<N> : <text>
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int print_file(const char *sysfs, const char *si, const char *name, int index)
{
	char path[4096], text[65536];
	snprintf(path, sizeof path, "%s/fs/aufs/%s/%s%d", sysfs, si, name, index);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	ssize_t length = read(fd, text, sizeof text);
	close(fd);
	if (length > 0)
		printf("/sys/fs/aufs/%s/%s%d : %.*s", si, name, index, (int)length, text);
	return 1;
}

static void print_branches(const char *sysfs, const char *si)
{
	for (int index = 0; print_file(sysfs, si, "br", index); index++)
		print_file(sysfs, si, "brid", index);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "Usage: read-branches SYSFS\n");
		return 2;
	}
	char path[4096];
	snprintf(path, sizeof path, "%s/fs/aufs", argv[1]);
	DIR *folder = opendir(path);
	if (folder == NULL) {
		perror(path);
		return 1;
	}
	struct dirent *entry;
	while ((entry = readdir(folder)) != NULL)
		if (strncmp(entry->d_name, "si_", 3) == 0)
			print_branches(argv[1], entry->d_name);
	closedir(folder);
	return 0;
}
