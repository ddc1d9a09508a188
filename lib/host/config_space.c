/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/config_space.h"

#include <errno.h>

int vh_config_read(struct vh_sys *sys, const char *name, unsigned timeout_ms,
		   struct vh_config_space *ret)
{
	(void)sys;
	(void)name;
	(void)timeout_ms;
	ret->len = 0;
	return -ENOSYS;
}

unsigned vh_config_capability(const struct vh_config_space *c, unsigned id)
{
	(void)c;
	(void)id;
	return 0;
}

unsigned vh_config_extended(const struct vh_config_space *c, unsigned id)
{
	(void)c;
	(void)id;
	return 0;
}

uint16_t vh_config_u16(const struct vh_config_space *c, unsigned offset)
{
	(void)c;
	(void)offset;
	return UINT16_MAX;
}

uint32_t vh_config_u32(const struct vh_config_space *c, unsigned offset)
{
	(void)c;
	(void)offset;
	return UINT32_MAX;
}

enum vh_pcie_type vh_config_type(const struct vh_config_space *c)
{
	(void)c;
	return VH_PCIE_UNKNOWN;
}

int vh_config_has_flr(const struct vh_config_space *c)
{
	(void)c;
	return -1;
}

void vh_config_acs(const struct vh_config_space *c, struct vh_acs *ret)
{
	(void)c;
	*ret = (struct vh_acs){0};
}
