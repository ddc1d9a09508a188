/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/checks/guest_facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/hypervisor.h"

int vh_guest_facts_read(struct vh_checkup *c, struct vh_guest_facts *ret, struct vh_error *err)
{
	*ret = (struct vh_guest_facts){.is_pve = c->has_pve};
	if (c->has_pve && c->pve.is_container) {
		return vh_error_set(err, ENOENT, c->pve.file,
				    "%s is a container, and has no devices for us", c->vm);
	}
	if (c->has_pve) {
		return vh_guest_facts_pve(c, ret, err);
	}
	return c->xml ? vh_guest_facts_xml(c, ret, err)
		      : vh_error_set(err, ENOENT, NULL, "there is no definition of %s", c->vm);
}

void vh_guest_facts_done(struct vh_guest_facts *facts)
{
	free(facts->given);
	vh_text_done(&facts->cpus);
	vh_text_done(&facts->nodes);
	*facts = (struct vh_guest_facts){0};
}

struct vh_given *vh_given_add(struct vh_given **items, size_t *count,
			      const struct vh_pci_address *address)
{
	bool twice = false;
	struct vh_given *given;

	for (size_t i = 0; i < *count; i++) {
		twice |= vh_pci_address_compare(&(*items)[i].address, address) == 0;
	}
	given = *count < VH_GIVEN_MAX ? realloc(*items, (*count + 1) * sizeof(*given)) : NULL;
	if (!given) {
		return NULL;
	}
	*items = given;
	given += (*count)++;
	*given = (struct vh_given){.address = *address, .twice = twice};
	return given;
}

const struct vh_function *vh_given_function(const struct vh_checkup *c, const struct vh_given *given)
{
	char name[VH_PCI_ADDRESS_MAX];
	int index = vh_host_find_name(&c->host, vh_pci_address_format(&given->address, name));

	return index < 0 ? NULL : &c->host.functions[index];
}

const struct vh_given *vh_given_display(const struct vh_checkup *c,
					const struct vh_guest_facts *facts, uint16_t vendor)
{
	for (size_t i = 0; i < facts->given_count; i++) {
		const struct vh_function *f = vh_given_function(c, &facts->given[i]);

		if (f && vh_function_is_display(f) && (vendor == 0 || f->vendor == vendor)) {
			return &facts->given[i];
		}
	}
	return NULL;
}

bool vh_guest_runs(const struct vh_checkup *c)
{
	struct vh_process qemu = c->has_pve ? vh_qemu_of_proxmox(c->sys, c->vm)
					    : vh_qemu_of_libvirt(c->sys, c->vm);

	return qemu.pid != 0;
}

int vh_meminfo(struct vh_sys *sys, const char *key, uint64_t *ret_kib)
{
	VH_AUTO_FREE char *text = NULL;
	size_t len = strlen(key);
	int rc = vh_sys_read(sys, "proc/meminfo", &text);
	char *next = text;
	char *line;

	while (rc == 0 && (line = strsep(&next, "\n"))) {
		char *value = line + len + 1;

		if (strncmp(line, key, len) != 0 || line[len] != ':') {
			continue;
		}
		value += strspn(value, " \t");
		value[strcspn(value, " \t")] = '\0';
		return vh_parse_u64(value, 10, UINT64_MAX >> 11, ret_kib);
	}
	return rc ? rc : -ENOENT;
}
