/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The host's own programs that bring a change into effect: update-grub and its like. Room: setup/ */

#include "lib/setup/setup.h"

/**
 * vh_generator_run() - run one and look at what it says
 * @line: its words, separated by one blank
 *
 * Some tools end with status 0 though they complained, so their output is read, too. The end of it
 * goes to @observer if there is a failure.
 *
 * Return: 0; -EIO it failed; -ETIMEDOUT it still runs, and is not ended by us: half of a boot
 * configuration is worse than an old one; -EROFS not run, this is another root; -errno.
 */
int vh_generator_run(struct vh_sys *sys, const char *line, const struct vh_setup_observer *observer,
		     struct vh_error *err) __attribute__((nonnull, warn_unused_result));
