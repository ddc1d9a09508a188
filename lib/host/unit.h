/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The services of this host: units of systemd, asked through systemctl; OpenRC's, through rc-service;
 * runit's, through sv. Room: host/ and engine/.
 */

#include "lib/host/host.h"

enum vh_unit_verb {
	VH_UNIT_SHOW, /* how it is */
	VH_UNIT_STOP,
	VH_UNIT_START,
	VH_UNIT_RESET, /* forget that it failed before, where the manager remembers that */
};

/* What runs the services here. */
enum vh_manager vh_manager_of(struct vh_sys *sys) __attribute__((nonnull));

/**
 * vh_unit_words() - the command that does @verb to the service @name
 * @ret: the words, the first an absolute path; none where there is nothing to do
 *
 * Return: 0; -ENOSYS if nothing that we know runs services here; -ENOMEM.
 */
int vh_unit_words(struct vh_sys *sys, enum vh_unit_verb verb, const char *name, struct vh_list *ret)
	__attribute__((nonnull, warn_unused_result));

/* Does systemd run here? Its own word: sd_booted(3). */
bool vh_systemd_runs(struct vh_sys *sys) __attribute__((nonnull));

/* "/usr/bin/systemctl" */
const char *vh_systemctl(struct vh_sys *sys) __attribute__((nonnull));

/**
 * vh_unit_state() - how the unit @name is now
 *
 * Return: 0, also when there is no such unit; -ENOSYS without systemd; -EROFS for a captured tree;
 * -ETIMEDOUT, -EIO, ..., with err.
 */
int vh_unit_state(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		  struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_unit_of_cgroup() - the system's unit that a process is part of
 * @text: of /proc/PID/cgroup
 * @buf:  "" if it is in none
 *
 * What a user's own systemd runs is part of the unit user@UID.service.
 */
void vh_unit_of_cgroup(const char *text, char *buf, size_t size) __attribute__((nonnull));

/* The same for a process; @pid "self" or a number. */
void vh_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
	__attribute__((nonnull));
