/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Runs a fuzz target over files and directories of files, so that what a fuzzer once found stays
 * an ordinary test, with any compiler.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t)4 << 20)

/* Returns how many inputs ran, or -1. */
static int replay_file(const char *path)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	VH_AUTO_FREE uint8_t *data = malloc(INPUT_MAX);
	uint8_t *exact;
	size_t len;

	if (!f || !data) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	len = fread(data, 1, INPUT_MAX, f);
	if (ferror(f) || len == INPUT_MAX) {
		(void)fprintf(stderr, "%s: cannot read it, or too large\n", path);
		return -1;
	}
	/* No byte more than the input, so that AddressSanitizer sees a read beyond it. */
	exact = malloc(len ? len : 1);
	if (!exact) {
		return -1;
	}
	memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 1;
}

static int replay_directory(const char *path, DIR *dir)
{
	const struct dirent *entry;
	int count = 0;

	while ((entry = readdir(dir))) {
		VH_AUTO_FREE char *file = NULL;

		if (entry->d_name[0] == '.') {
			continue;
		}
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0) {
			file = NULL;
			return -1;
		}
		if (replay_file(file) < 0) {
			return -1;
		}
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		VH_AUTO_DIR DIR *dir = opendir(argv[i]);
		int count = dir ? replay_directory(argv[i], dir) : replay_file(argv[i]);

		if (count < 0) {
			return 1;
		}
		total += count;
	}
	printf("%d inputs\n", total);
	return total > 0 ? 0 : 1;
}
