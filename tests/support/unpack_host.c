/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * unpack-host FILE DIR: a host file, static (what collect.sh prints) or modelled, as the directory
 * DIR for `vfio-handoff --root DIR`. No root is needed: device nodes become empty files, and
 * DIR/captured/stat says what they stand for and whose the files are.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "tests/support/fakekernel.h"

static struct fakekernel *load(const char *path)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	char chunk[4096];
	size_t n;

	if (!f) {
		return NULL;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		vh_text_addn(&t, chunk, n);
	}
	return ferror(f) ? NULL : fk_parse(path, vh_text_str(&t));
}

int main(int argc, char **argv)
{
	FK_AUTO struct fakekernel *fk = NULL;
	int rc;

	if (argc != 3) {
		(void)fputs("usage: unpack-host FILE DIR\n", stderr);
		return 2;
	}
	fk = load(argv[1]);
	if (!fk) {
		(void)fprintf(stderr, "unpack-host: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (mkdir(argv[2], 0755) < 0 && errno != EEXIST) {
		(void)fprintf(stderr, "unpack-host: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	rc = fk_unpack(fk, argv[2]);
	if (rc) {
		(void)fprintf(stderr, "unpack-host: %s: %s\n", argv[2], strerror(-rc));
	}
	return rc ? 1 : 0;
}
