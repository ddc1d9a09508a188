/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A fake host and the picture of it, for the tests of lib/host. */

#include "tests/unit/handoff_rig.h"

struct picture {
	struct fakekernel *fk;
	struct vh_host host;
};

static inline void take(struct picture *p)
{
	struct vh_error err = {0};

	vh_host_done(&p->host);
	if (vh_host_load(fk_sys(p->fk), &p->host, &err)) {
		fail_msg("%s", err.msg);
	}
}

static inline struct picture *picture_of(void **state, struct fakekernel *fk)
{
	struct picture *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	*state = p;
	p->fk = fk;
	take(p);
	return p;
}

static inline int picture_teardown(void **state)
{
	struct picture *p = *state;

	vh_host_done(&p->host);
	fk_free(p->fk);
	free(p);
	return 0;
}

static inline struct vh_function *function(struct picture *p, const char *name)
{
	struct vh_pci_address address;
	struct vh_function *f;

	assert_int_equal(vh_pci_address_parse(name, &address), 0);
	f = vh_host_find(&p->host, &address);
	assert_non_null(f);
	return f;
}

static inline struct vh_function *inspected(struct picture *p, const char *name)
{
	struct vh_error err = {0};

	assert_int_equal(
		vh_host_inspect(fk_sys(p->fk), &p->host, &function(p, name)->address, 1000, &err),
		0);
	assert_true(function(p, name)->inspected);
	return function(p, name);
}

#define PICTURE_TEST(name) cmocka_unit_test_teardown(name, picture_teardown)
