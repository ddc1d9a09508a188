/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The managers of services behind lib/host/unit.h, one file each. Room: unit*.c, display_manager.c and
 * holders.c.
 */

#include "lib/host/unit.h"

/**
 * struct vh_unit_manager - one manager
 * @words: as vh_unit_words()
 * @state: as vh_unit_state(); @ret holds the name, and nothing else
 */
struct vh_unit_manager {
	int (*words)(struct vh_sys *sys, enum vh_unit_verb verb, const char *name,
		     struct vh_list *ret);
	int (*state)(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		     struct vh_error *err);
};

extern const struct vh_unit_manager vh_unit_systemd;
extern const struct vh_unit_manager vh_unit_openrc;
extern const struct vh_unit_manager vh_unit_runit;

bool vh_openrc_runs(struct vh_sys *sys) __attribute__((nonnull));
bool vh_runit_runs(struct vh_sys *sys) __attribute__((nonnull));

/* The service that a process is part of, "" for none; @pid a number or "self". */
void vh_openrc_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
	__attribute__((nonnull));
void vh_runit_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
	__attribute__((nonnull));

/*
 * Where there are only services: "sddm" of "sddm.service". False for what only systemd has, such as
 * sockets, and for what could be an option or a path.
 */
bool vh_unit_plain(const char *name, char *buf, size_t size)
	__attribute__((nonnull, warn_unused_result));

/* The absolute path of an administrator's program, wherever this distribution has it. */
bool vh_unit_tool(struct vh_sys *sys, const char *name, char *buf, size_t size)
	__attribute__((nonnull));

/* All @words, or -ENOMEM; NULL ends them. */
int vh_unit_add_words(struct vh_list *ret, const char *const words[])
	__attribute__((nonnull, warn_unused_result));

/* More words, a blank between. */
void vh_unit_join(char **list, const char *words) __attribute__((nonnull));

/* 0 if it is gone, or has none. */
pid_t vh_unit_parent(struct vh_sys *sys, const char *pid) __attribute__((nonnull));

/* How far up the parents of a process are looked at. */
#define VH_UNIT_ANCESTORS 64
