/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a module was loaded with. A plain load does not always give that again: options from the
 * kernel's command line, from an initramfs, or given by hand. Kept beside the journal while the module
 * is out. Room: engine/ only.
 */

#include "lib/engine/unload.h"

/* Keeps the parameters of @module as they are now, unless some are kept already. */
int vh_parameters_save(struct vh_run *run, const char *module, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_parameters_restore() - a module that was loaded again has them again
 *
 * Writes those that can be written; for the rest it unloads the module, if nothing uses it and it
 * drives only what is ours, and loads it with them as options.
 *
 * Return: VH_UNDO_OK, also when nothing is kept of it or it is not loaded; VH_UNDO_BROKEN: some still
 * differ, @err names them; -errno: as vh_unload(), or it could not be loaded again.
 */
int vh_parameters_restore(struct vh_run *run, const struct vh_leaving *m, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
