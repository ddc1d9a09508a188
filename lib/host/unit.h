/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The services of this host: units of systemd, asked through systemctl; OpenRC's, through rc-service;
 * runit's, through sv. Room: host/ and engine/.
 *
 * All are named as systemd names them, "sddm.service"; where there is nothing but services the suffix
 * may be left out, and struct vh_unit's @id has none.
 */

#include "lib/host/host.h"

enum vh_unit_verb {
	VH_UNIT_SHOW, /* how it is, for people to read */
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
 * The commands to stop and to start return when that is done. Some wait for ever: they need a
 * deadline.
 *
 * Return: 0; -ENOSYS if nothing that we know runs services here; -ENOENT if there is no such service,
 * where that shows already; -ENOMEM.
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
 * Return: 0, also when there is no such unit; -ENOSYS if nothing that we know runs services here;
 * -EROFS for systemd in a captured tree; -ETIMEDOUT, -EIO, ..., with err.
 * Owner: release with vh_unit_done(), also after a failure.
 */
int vh_unit_state(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		  struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* What vh_unit_parse() understands; "systemctl show -p". */
#define VH_UNIT_PROPERTIES "Id,LoadState,ActiveState,RequiredBy,BoundBy,ConsistsOf,TriggeredBy"

/**
 * vh_unit_parse() - what "systemctl show" says of one unit, into @ret; @text is cut up
 *
 * Return: 0; -EIO if it does not say how the unit is.
 */
int vh_unit_parse(char *text, struct vh_unit *ret) __attribute__((nonnull, warn_unused_result));

/**
 * vh_unit_of_cgroup() - the system's unit that a process is part of, or OpenRC's service
 * @text: of /proc/PID/cgroup
 * @buf:  "" if it is in none
 *
 * What a user's own systemd runs is part of the unit user@UID.service.
 */
void vh_unit_of_cgroup(const char *text, char *buf, size_t size) __attribute__((nonnull));

/* The same for a process, where need be by its parents; @pid "self" or a number. */
void vh_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
	__attribute__((nonnull));
