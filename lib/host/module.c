/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/module.h"

#include <errno.h>

bool vh_module_is_loaded(struct vh_sys *sys, const char *name)
{
	return vh_sys_exists(sys, "sys/module/%s/refcnt", name);
}

int vh_module_load(struct vh_sys *sys, const char *name, struct vh_module *ret,
		   struct vh_list *ret_holders)
{
	(void)sys;
	(void)name;
	(void)ret;
	(void)ret_holders;
	return -ENOENT;
}

int vh_module_parameters(struct vh_sys *sys, const char *name, struct vh_text *ret,
			 struct vh_list *ret_writable)
{
	(void)sys;
	(void)name;
	(void)ret;
	(void)ret_writable;
	return 0;
}

int vh_host_inspect_modules(struct vh_sys *sys, struct vh_host *host, struct vh_error *err)
{
	(void)sys;
	(void)host;
	(void)err;
	return 0;
}
