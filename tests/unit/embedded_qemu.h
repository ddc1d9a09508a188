/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * libvirt's QEMU driver in this process, on a root of its own: it defines, and nothing of the host's
 * libvirt is touched. Needs root, libvirt-daemon-driver-qemu, QEMU, and /dev/kvm for domains of that
 * type.
 */

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/temp_root.h"

static char embedded_qemu_last_error[1024];
static atomic_bool embedded_qemu_stop;
static pthread_t embedded_qemu_events;

static inline const char *embedded_qemu_error(void)
{
	return embedded_qemu_last_error;
}

/* libvirt's own way is to print it. */
static inline void embedded_qemu_remember(void *data, virErrorPtr error)
{
	(void)data;
	(void)snprintf(embedded_qemu_last_error, sizeof(embedded_qemu_last_error), "%s",
		       error->message);
}

/* Before any connection of the program; temp_root_teardown() is its other half. */
static inline int embedded_qemu_setup(void **state)
{
	virSetErrorFunc(NULL, embedded_qemu_remember);
	return virEventRegisterDefaultImpl() ? -1 : temp_root_setup(state);
}

static inline void *embedded_qemu_run(void *unused)
{
	(void)unused;
	while (!atomic_load(&embedded_qemu_stop)) {
		(void)virEventRunDefaultImpl();
	}
	return NULL;
}

/* Ends virEventRunDefaultImpl(), so that the thread looks whether it shall stop. */
static inline void embedded_qemu_wake(int timer, void *unused)
{
	(void)timer;
	(void)unused;
}

static inline void embedded_qemu_join(void)
{
	atomic_store(&embedded_qemu_stop, true);
	assert_int_equal(pthread_join(embedded_qemu_events, NULL), 0);
}

/* NULL, and it says why: this host cannot. */
static inline virConnectPtr embedded_qemu_open(const struct temp_root *t)
{
	virConnectPtr conn;
	char uri[128];

	if (geteuid() != 0 || access("/dev/kvm", R_OK | W_OK) != 0) {
		print_message("needs root and /dev/kvm\n");
		return NULL;
	}
	assert_int_equal(mkdirat(t->dir, "etc", 0755), 0);
	/* As the user libvirt-qemu, who may not use /dev/kvm everywhere, it would probe QEMU anew
	 * each time. */
	temp_root_file(t, "etc/qemu.conf",
		       "stdio_handler = \"file\"\nuser = \"root\"\ngroup = \"root\"\n"
		       "security_driver = \"none\"\nnamespaces = []\ncgroup_controllers = []\n");
	(void)snprintf(uri, sizeof(uri), "qemu:///embed?root=%s", t->path);
	assert_true(virEventAddTimeout(100, embedded_qemu_wake, NULL, NULL) >= 0);
	assert_int_equal(pthread_create(&embedded_qemu_events, NULL, embedded_qemu_run, NULL), 0);
	conn = virConnectOpen(uri);
	if (!conn) {
		print_message("no QEMU driver: %s\n", embedded_qemu_error());
		embedded_qemu_join();
	}
	return conn;
}

static inline void embedded_qemu_close(virConnectPtr conn)
{
	assert_true(virConnectClose(conn) >= 0);
	embedded_qemu_join();
}
