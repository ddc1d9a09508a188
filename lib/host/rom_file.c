/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/rom_file.h"

#include <errno.h>

int vh_rom_file_read(struct vh_sys *sys, const char *path, uint8_t **ret, size_t *ret_len,
		     struct vh_error *err)
{
	(void)sys;
	*ret = NULL;
	*ret_len = 0;
	return vh_error_set(err, ENOENT, path, "not yet");
}

int vh_rom_file_readable(struct vh_sys *sys, const char *path, struct vh_error *err)
{
	(void)sys;
	return vh_error_set(err, ENOENT, path, "not yet");
}

int vh_rom_file_confined(struct vh_sys *sys, const char *path, struct vh_error *err)
{
	(void)sys;
	(void)path;
	(void)err;
	return 0;
}
