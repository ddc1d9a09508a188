/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Injected faults. */

#include <errno.h>
#include <string.h>

#include "tests/support/fk_internal.h"

void fk_fault(struct fakekernel *fk, const struct fk_fault *fault)
{
	struct fk_fault_state *s;

	if (fk->fault_count == FK_MAX_FAULTS) {
		fk_abort("%s: too many faults", fk->name);
	}
	s = &fk->faults[fk->fault_count++];
	*s = (struct fk_fault_state){.fault = *fault};
	s->fault.path_contains = NULL;
	if (fault->path_contains) {
		fk_copy(s->contains, sizeof(s->contains), fault->path_contains);
	}
}

void fk_no_faults(struct fakekernel *fk)
{
	fk->fault_count = 0;
}

const struct fk_fault *fk_fault_find(struct fakekernel *fk, enum fk_op op, const char *subject)
{
	const struct fk_fault *found = NULL;

	for (int i = 0; i < fk->fault_count; i++) {
		struct fk_fault_state *s = &fk->faults[i];

		if ((s->fault.op != FK_ANY && s->fault.op != op) || !strstr(subject, s->contains)) {
			continue;
		}
		s->seen++;
		if (!found && (s->fault.nth == 0 || s->fault.nth == s->seen)) {
			found = &s->fault;
		}
	}
	return found;
}

bool fk_fault_simple(struct fakekernel *fk, enum fk_op op, const char *subject, int *ret)
{
	const struct fk_fault *fault = fk_fault_find(fk, op, subject);

	if (!fault) {
		return false;
	}
	if (fault->action == FK_DELAY) {
		fk_clock_to(fk, fk->now + fault->ms);
		return false;
	}
	if (fault->action == FK_SILENT) {
		*ret = 0;
	} else if (fault->action < FK_SILENT) {
		*ret = -fault->action;
	} else if (fault->action == FK_HANG) {
		*ret = -ETIMEDOUT;
	} else if (fault->action == FK_KILLED) {
		*ret = -ENOTRECOVERABLE;
	} else {
		*ret = -EIO;
	}
	return true;
}

void fk_dead(struct fakekernel *fk, const char *bdf, enum fk_cure cure)
{
	int dev = fk_dev_must(fk, bdf);

	fk->devs[dev].dead = true;
	fk->devs[dev].cure = cure;
	if (fk->devs[dev].present) {
		fk_dev_config(fk, dev);
	}
}

/* The links and nodes go with the function, whatever the driver would have waited for. */
void fk_vanish(struct fakekernel *fk, const char *bdf)
{
	int dev = fk_dev_must(fk, bdf);

	fk->devs[dev].pulled = true;
	if (!fk->devs[dev].present) {
		return;
	}
	if (fk->devs[dev].driver[0]) {
		fk_unbind_begin(fk, dev);
		fk_unbind_finish(fk, dev);
	}
	fk_dev_gone(fk, dev);
}
