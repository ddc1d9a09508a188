/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file system whose daemon has stopped answering, as Proxmox's does when the cluster is in trouble:
 * a real FUSE mount that greets the kernel and then says nothing more. Whoever looks up a name there
 * sleeps until the daemon ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/profile/profile.h"
#include "lib/sys/real.h"

struct hung {
	char root[64];
	int daemon;
	struct vh_sys *sys;
};

/* The kernel's greeting comes with the mount; without an answer even the mount point hangs. */
static bool greet(int daemon)
{
	static char request[1 << 17];
	struct {
		struct fuse_out_header header;
		struct fuse_init_out init;
	} answer = {0};
	struct fuse_in_header header;

	if (read(daemon, request, sizeof(request)) < (ssize_t)sizeof(header)) {
		return false;
	}
	memcpy(&header, request, sizeof(header));
	answer.header = (struct fuse_out_header){.len = sizeof(answer), .unique = header.unique};
	answer.init = (struct fuse_init_out){
		.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 1 << 16};
	return header.opcode == FUSE_INIT &&
	       write(daemon, &answer, sizeof(answer)) == (ssize_t)sizeof(answer);
}

static int setup(void **state)
{
	struct hung *h = calloc(1, sizeof(*h));
	struct vh_error err = {0};
	char options[128];
	char path[128];

	assert_non_null(h);
	*state = h;
	(void)snprintf(h->root, sizeof(h->root), "/tmp/vh-hung-XXXXXX");
	assert_non_null(mkdtemp(h->root));
	(void)snprintf(path, sizeof(path), "%s/etc", h->root);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/etc/pve", h->root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(vh_sys_open(h->root, true, &h->sys, &err), 0);
	h->daemon = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	assert_true(h->daemon >= 0);
	(void)snprintf(options, sizeof(options),
		       "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", h->daemon);
	assert_int_equal(mount("pmxcfs", path, "fuse", 0, options), 0);
	assert_true(greet(h->daemon));
	return 0;
}

static int teardown(void **state)
{
	struct hung *h = *state;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/etc/pve", h->root);
	(void)umount2(path, MNT_DETACH);
	/* The daemon's end: who waits for its answers gets an error, and goes. */
	(void)close(h->daemon);
	h->sys->ops->close(h->sys);
	(void)rmdir(path);
	(void)snprintf(path, sizeof(path), "%s/etc", h->root);
	(void)rmdir(path);
	(void)rmdir(h->root);
	free(h);
	return 0;
}

static void a_look_has_a_deadline(void **state)
{
	struct hung *h = *state;

	assert_int_equal(h->sys->ops->look(h->sys, "etc/pve/.version", 200), -ETIMEDOUT);
	assert_int_equal(h->sys->ops->look(h->sys, "etc/nothing", 60000), 0);
	assert_int_equal(h->sys->ops->look(h->sys, "etc", 60000), 0);
}

/* The very first question is the guarded one. */
static void a_profile_is_not_waited_for(void **state)
{
	struct hung *h = *state;
	struct vh_profile profile;
	struct vh_error err = {0};

	assert_int_equal(vh_profile_find(h->sys, "win11"), 0);
	assert_int_equal(vh_profile_load(h->sys, "100", &profile, &err), -ETIMEDOUT);
	assert_string_equal(err.msg, "/etc/pve, Proxmox's cluster file system, does not answer");
	assert_string_equal(err.hint, "systemctl status pve-cluster");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_look_has_a_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(a_profile_is_not_waited_for, setup, teardown),
	};

	/* Mounts are root's, and need not be everybody's. */
	if (geteuid() != 0 || access("/dev/fuse", R_OK | W_OK) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
