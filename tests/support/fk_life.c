/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The end of a fake kernel, and its double. */

#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

struct vh_sys *fk_sys(struct fakekernel *fk)
{
	return &fk->sys;
}

static void clone_text(struct vh_text *t)
{
	struct vh_text copy = {0};

	if (t->data) {
		vh_text_addn(&copy, t->data, t->len);
	}
	*t = copy;
}

/* Callbacks of fk_at() keep their argument. */
struct fakekernel *fk_clone(const struct fakekernel *fk)
{
	struct fakekernel *c = fk_alloc(sizeof(*c));

	memcpy(c, fk, sizeof(*c));
	c->root = fk_node_clone(fk->root);
	c->busy = (struct vh_list){0};
	for (size_t i = 0; i < fk->busy.count; i++) {
		if (vh_list_add(&c->busy, fk->busy.items[i]) < 0) {
			fk_abort("out of memory");
		}
	}
	clone_text(&c->run_log);
	clone_text(&c->op_log);
	for (int i = 0; i < c->stuck_count; i++) {
		char *data = fk_alloc(fk->stuck[i].len + 1);

		memcpy(data, fk->stuck[i].data, fk->stuck[i].len);
		c->stuck[i].data = data;
	}
	return c;
}

void fk_free(struct fakekernel *fk)
{
	if (!fk) {
		return;
	}
	for (int i = 0; i < fk->stuck_count; i++) {
		free(fk->stuck[i].data);
	}
	fk_node_free(fk->root);
	vh_list_done(&fk->busy);
	vh_text_done(&fk->run_log);
	vh_text_done(&fk->op_log);
	free(fk);
}

void fk_cleanup(struct fakekernel **fk)
{
	fk_free(*fk);
	*fk = NULL;
}
