/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a function offered before it left. Room: engine/ only. */

#include "lib/engine/run.h"
#include "lib/host/host.h"

/* The first thing that @device offered, by its RETURN step, and does not now; VH_OFFER_MAX for none. */
enum vh_offer vh_return_missing(struct vh_run *run, const char *device) __attribute__((nonnull));
