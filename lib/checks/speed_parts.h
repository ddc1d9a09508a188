/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The host's CPUs and nodes. Room: checks/ only. */

#include "lib/checks/checkup.h"

#define VH_CPUS_MAX 8192 /* as many as a kernel can be built for */

/**
 * struct vh_cpu_list - a list of CPUs or nodes, "0-3,8", as bits
 */
struct vh_cpu_list {
	unsigned char bits[VH_CPUS_MAX / 8];
	unsigned count;
};

/* "^2" takes one out, as libvirt writes it. Return: false: it is no such list. */
bool vh_cpu_list_parse(struct vh_cpu_list *ret, const char *text)
	__attribute__((nonnull, warn_unused_result));
bool vh_cpu_list_has(const struct vh_cpu_list *list, unsigned number) __attribute__((nonnull));

/* How many the list in a file of sysfs has; 0: it is not known. */
unsigned vh_cpu_count(struct vh_sys *sys, const char *path) __attribute__((nonnull));

void vh_check_speed_governor(struct vh_checkup *c) __attribute__((nonnull)); /* speed_host.c */
void vh_check_speed_numa(struct vh_checkup *c) __attribute__((nonnull));
