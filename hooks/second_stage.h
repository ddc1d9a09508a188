/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The second stage, vfio-handoff-xml: what needs libxml2, in a process of its own, so that the hook
 * pays for it only where a VM has a profile. libvirt's XML goes to it as our stdin; we never read it.
 * It is killed when it takes too long, and what it cannot do is logged: no start, restore or migration
 * ever fails for it.
 */

#include "hooks/hook.h"
#include "lib/profile/profile.h"

/* `prepare`: what the definition lacks of the profile's set, in the log. */
void hook_check_definition(struct hook *hook, const struct vh_profile *profile)
	__attribute__((nonnull));

/**
 * hook_filter_definition() - `migrate` and `restore`: a changed definition on stdout, or nothing
 *
 * Return: exit status: 0, or 1: the definition is only half on stdout, and nobody may take it.
 */
int hook_filter_definition(struct hook *hook, const char *vm, const char *operation)
	__attribute__((nonnull, warn_unused_result));
