/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/reservation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/pci_address.h"
#include "lib/host/hypervisor.h"

/* What a line says, whether or not it holds: exactly one of @pid and @until_s is set. */
struct entry {
	char vmid[sizeof(((struct vh_reservation *)0)->vmid)];
	uint64_t pid;
	uint64_t until_s;
};

int vh_reservations_read(struct vh_sys *sys, char **ret)
{
	int rc = vh_sys_read(sys, VH_RESERVATIONS, ret);

	if (rc) {
		*ret = NULL;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* Cuts the next word out of *@at; NULL at the end. One blank stands between two words. */
static char *next_word(char **at)
{
	char *word = *at;
	size_t len = strcspn(word, " \t");

	if (len == 0) {
		return NULL;
	}
	*at += len + (word[len] != '\0');
	word[len] = '\0';
	return word;
}

static int parse_number(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	if (strncmp(text, key, len) != 0) {
		return -EINVAL;
	}
	return vh_parse_u64(text + len, 10, INT64_MAX, ret);
}

/* "0000:01:00.0 100 pid:2399"; false: not of that form, or about another device. */
static bool parse_line(char *line, const struct vh_pci_address *device, struct entry *ret)
{
	char *address = next_word(&line);
	char *vmid = next_word(&line);
	struct vh_pci_address a;

	*ret = (struct entry){0};
	if (!address || !vmid || vh_pci_address_parse(address, &a) ||
	    vh_pci_address_compare(&a, device) != 0 || !vh_is_vmid(vmid)) {
		return false;
	}
	(void)vh_copy(ret->vmid, sizeof(ret->vmid), vmid);
	return parse_number(line, "pid:", &ret->pid) == 0 ||
	       parse_number(line, "time:", &ret->until_s) == 0;
}

/* The last line about a device counts: Proxmox reads them into a hash. */
static bool find_entry(const char *text, const struct vh_pci_address *device, struct entry *ret)
{
	bool found = false;

	while (*text) {
		size_t len = strcspn(text, "\n");
		struct entry entry;
		char line[128];

		if (len < sizeof(line)) {
			memcpy(line, text, len);
			line[len] = '\0';
			if (parse_line(line, device, &entry)) {
				*ret = entry;
				found = true;
			}
		}
		text += len + (text[len] == '\n');
	}
	return found;
}

int vh_reservation_in(struct vh_sys *sys, const char *text, const struct vh_pci_address *device,
		      struct vh_reservation *ret)
{
	struct vh_reservation r = {0};
	struct entry entry;

	if (!find_entry(text, device, &entry)) {
		return -ENOENT;
	}
	(void)vh_copy(r.vmid, sizeof(r.vmid), entry.vmid);
	if (entry.pid == 0) {
		r.until_s = entry.until_s;
		if (entry.until_s <= sys->ops->time_s(sys)) {
			return -ENOENT;
		}
	} else {
		r.qemu = vh_qemu_of_proxmox(sys, entry.vmid);
		if (r.qemu.pid == 0 || (uint64_t)r.qemu.pid != entry.pid) {
			return -ENOENT;
		}
	}
	*ret = r;
	return 0;
}

int vh_reservation_of(struct vh_sys *sys, const char *device, struct vh_reservation *ret)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_pci_address address;
	int rc = vh_pci_address_parse(device, &address);

	if (rc == 0) {
		rc = vh_reservations_read(sys, &text);
	}
	if (rc) {
		return rc;
	}
	return text ? vh_reservation_in(sys, text, &address, ret) : -ENOENT;
}
