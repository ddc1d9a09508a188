/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a VM's configuration: what is read survives being written and read, what a later
 * section says changes nothing, and a failure says where and why in printable text.
 */

#include <ctype.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/guest/pve_config.h"
#include "tests/fuzz/fuzz.h"

static void check_printable(const char *text)
{
	for (const char *c = text; *c; c++) {
		FUZZ_CHECK(!iscntrl((unsigned char)*c));
	}
}

static void write_addresses(struct vh_text *t, const struct vh_pve_hostpci *h)
{
	for (size_t i = 0; i < h->address_count; i++) {
		char name[VH_PCI_ADDRESS_MAX];

		(void)vh_pci_address_format(&h->addresses[i].address, name);
		FUZZ_CHECK(h->addresses[i].address.slot <= 0x1f);
		FUZZ_CHECK(h->addresses[i].address.function <= 7);
		if (h->addresses[i].whole_slot) {
			FUZZ_CHECK(h->addresses[i].address.function == 0);
			name[strlen(name) - 2] = '\0';
		}
		vh_text_addf(t, "%s%s", i ? ";" : "", name);
	}
}

static void write_config(struct vh_text *t, const struct vh_pve_config *c)
{
	vh_text_addf(t, "name: %s\nlock: %s\ntemplate: %d\n", c->name, c->lock, c->is_template);
	for (unsigned i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		const struct vh_pve_hostpci *h = &c->hostpci[i];

		if (!h->set) {
			continue;
		}
		FUZZ_CHECK(h->line > 0);
		FUZZ_CHECK((h->address_count > 0) != (h->mapping[0] != '\0'));
		FUZZ_CHECK(h->address_count <= VH_PVE_ADDRESS_MAX);
		vh_text_addf(t, "hostpci%u: %s%s", i, h->mapping[0] ? "mapping=" : "", h->mapping);
		write_addresses(t, h);
		vh_text_addf(t, "%s%s\n", h->is_mdev ? ",mdev=x" : "",
			     h->keep ? ",driver=keep" : "");
	}
}

static void check_config(const struct vh_pve_config *c)
{
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text second = {0};
	struct vh_pve_config again;
	struct vh_error err = {0};

	check_printable(c->name);
	check_printable(c->lock);
	write_config(&first, c);
	FUZZ_CHECK(vh_pve_config_parse(&again, "100.conf", vh_text_str(&first), first.len, &err) ==
		   0);
	write_config(&second, &again);
	FUZZ_CHECK(strcmp(vh_text_str(&first), vh_text_str(&second)) == 0);
}

/* Fields one by one: there are holes between them. */
static void check_same(const struct vh_pve_config *a, const struct vh_pve_config *b)
{
	VH_AUTO_TEXT struct vh_text first = {0};
	VH_AUTO_TEXT struct vh_text second = {0};

	write_config(&first, a);
	write_config(&second, b);
	FUZZ_CHECK(strcmp(vh_text_str(&first), vh_text_str(&second)) == 0);
}

static void check_sections(const uint8_t *data, size_t size, int rc, const struct vh_pve_config *c)
{
	static const char later[] = "\n[PENDING]\nname: later\nlock: later\ntemplate: 1\n"
				    "hostpci0: nonsense\nhostpci1: 01:00\n";
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_pve_config again;
	struct vh_error err = {0};

	vh_text_addn(&text, (const char *)data, size);
	vh_text_addn(&text, later, sizeof(later) - 1);
	if (text.len > VH_PVE_CONFIG_BYTES) {
		return;
	}
	FUZZ_CHECK(vh_pve_config_parse(&again, "100.conf", vh_text_str(&text), text.len, &err) ==
		   rc);
	if (rc == 0) {
		check_same(c, &again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vh_pve_config config = {0};
	struct vh_error err = {0};
	int rc = vh_pve_config_parse(&config, "100.conf", (const char *)data, size, &err);

	if (rc) {
		FUZZ_CHECK(rc == -err.code);
		FUZZ_CHECK(strncmp(err.msg, "100.conf:", 9) == 0);
		check_printable(err.msg);
	} else {
		FUZZ_CHECK(err.code == 0 && err.msg[0] == '\0');
		check_config(&config);
	}
	check_sections(data, size, rc, &config);
	return 0;
}
