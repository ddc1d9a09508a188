/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Resetting a card. Room: engine/ only. */

#include "lib/engine/run.h"

/**
 * vh_reset_slot() - reset all functions of the slot @device is in, by whatever works
 *
 * First each function's own `reset`; where none has one that works, `reset_subordinate` of the
 * bridge above, which resets everything below it. That one asks nobody (it succeeds under a running
 * VM), so it is used only when all that is below is in the journal, is free of host drivers, and no
 * VM has it open. Never fails: what was done, or why nothing, is logged.
 */
void vh_reset_slot(struct vh_run *run, const char *device, unsigned timeout_ms)
	__attribute__((nonnull));
