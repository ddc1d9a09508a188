/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/setup_host.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_internal.h"

#define TREE_MAX 512

/* nftw() hands its callback no argument. */
static struct fakekernel *into;
static size_t prefix;

static char *slurp(const char *path, size_t *ret_len)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	char *text;

	if (!f) {
		return NULL;
	}
	text = fk_alloc((size_t)1 << 18);
	*ret_len = fread(text, 1, ((size_t)1 << 18) - 1, f);
	return text;
}

static void take_file(const char *path, const char *name, unsigned mode)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_sys *sys = fk_sys(into);
	char dir[TREE_MAX];
	size_t len = 0;

	text = slurp(path, &len);
	(void)snprintf(dir, sizeof(dir), "%.*s",
		       (int)(strlen(name) - strlen(vh_basename(name)) - 1), name);
	if (!text || sys->ops->make_dir(sys, dir, 0755) ||
	    sys->ops->publish(sys, name, mode, text, len)) {
		fk_abort("%s cannot be taken", path);
	}
}

static int take_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + prefix;
	char target[TREE_MAX] = "";

	(void)ftw;
	if (type == FTW_SL) {
		if (readlink(path, target, sizeof(target) - 1) < 0) {
			fk_abort("%s cannot be read", path);
		}
		fk_link(into, name, target);
	} else if (type == FTW_F) {
		take_file(path, name, st->st_mode & 0755U);
	}
	return 0;
}

/* What a host has anyway, so that making it is no change. */
static void make_usual(struct fakekernel *fk)
{
	static const char *const files[] = {
		"etc/modprobe.d/README",
		"etc/modules-load.d/README",
		"var/lib/README",
		"run/vfio-handoff/lock/setup",
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(files); i++) {
		fk_set(fk, files[i], "");
	}
}

struct fakekernel *setup_host(const char *name)
{
	VH_AUTO_FREE char *text = setup_host_text(name, "host");
	char tree[TREE_MAX];

	if (!text) {
		fk_abort("there is no host %s", name);
	}
	into = fk_parse(name, text);
	(void)snprintf(tree, sizeof(tree), FK_HOSTS_DIR "/setup/%s/tree", name);
	prefix = strlen(tree) + 1;
	if (nftw(tree, take_one, 16, FTW_PHYS)) {
		fk_abort("%s cannot be read", tree);
	}
	make_usual(into);
	return into;
}

char *setup_host_text(const char *name, const char *file)
{
	char path[TREE_MAX];
	size_t len = 0;

	(void)snprintf(path, sizeof(path), FK_HOSTS_DIR "/setup/%s/%s", name, file);
	return slurp(path, &len);
}
