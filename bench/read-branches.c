/*
 * Opens, reads and prints the br<N> files of every superblock, in order: read-branches SYSFS
 *
 * Prints a line for each: /sys/fs/aufs/si_<si>/br<N> : <text>
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_branches(const char *sysfs, const char *si)
{
	for (int index = 0;; index++) {
		char path[4096], text[65536];
		snprintf(path, sizeof path, "%s/fs/aufs/%s/br%d", sysfs, si, index);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		ssize_t length = read(fd, text, sizeof text);
		close(fd);
		if (length > 0)
			printf("/sys/fs/aufs/%s/br%d : %.*s", si, index, (int)length, text);
	}
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
