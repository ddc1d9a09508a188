/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: doctor, groups, status. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/groups.h"
#include "cli/libvirt.h"
#include "cli/report_parts.h"
#include "cli/status.h"
#include "lib/base/cleanup.h"
#include "lib/host/record.h"
#include "lib/proxmox/proxmox.h"

/* What the next start would use; the daemon knows it best. */
static void ask_libvirt(const struct cli_report *r, struct vh_text *ret, struct vh_error *err)
{
	struct cli_domain *domain = NULL;

	if (cli_domain_open(r->connect ? r->connect : CLI_LIBVIRT_URI, r->vm, false, &domain,
			    err) == 0 &&
	    cli_domain_read(domain, ret, err)) {
		vh_text_done(ret);
	}
	cli_domain_close(&domain);
}

static bool is_libvirts(const struct cli_report *r)
{
	return r->vm && !r->cli->root && !(vh_is_pve_node(r->cli->sys) && vh_is_vmid(r->vm));
}

static void add_doctor(struct cli_report *r)
{
	VH_AUTO_TEXT struct vh_text definition = {0};
	struct vh_doctor doctor = {.sys = r->cli->sys,
				   .vm = r->vm,
				   .all = true,
				   .captured = r->cli->root != NULL,
				   .is_root = r->is_root};
	struct vh_error asked = {0};
	struct vh_error err = {0};

	if (is_libvirts(r)) {
		ask_libvirt(r, &definition, &asked);
		doctor.definition = definition.len > 0 ? vh_text_str(&definition) : NULL;
		doctor.definition_error = doctor.definition ? NULL : &asked;
	}
	if (vh_diagnose(&doctor, &r->diagnosis, &err)) {
		cli_report_missing(r, CLI_PART_DOCTOR, err.msg, 0);
	}
}

static void draw(struct cli_report *r, struct cli_pci_names *names)
{
	r->drawn = calloc(r->host.function_count + 1, sizeof(*r->drawn));
	if (!r->drawn) {
		r->names.failed = true;
		return;
	}
	for (size_t i = 0; i < r->host.function_count; i++) {
		const struct vh_function *f = &r->host.functions[i];
		struct vh_drawn *d = &r->drawn[i];

		cli_pci_short_name(names, f, d->name, sizeof(d->name));
		if (vh_claim_read(r->cli->sys, f->name, d->vm, sizeof(d->vm))) {
			d->vm[0] = '\0';
		}
		d->whose = vh_whose_of(f, d->vm);
	}
}

static void add_groups(struct cli_report *r)
{
	static const struct cli_groups_style plain = {0};
	struct vh_error err = {0};
	struct cli_pci_names names;

	if (vh_host_load(r->cli->sys, &r->host, &err) ||
	    vh_topology_load(r->cli->sys, &r->host, CLI_GROUPS_TIMEOUT_MS, &r->topology, &err)) {
		cli_report_missing(r, CLI_PART_GROUPS, err.msg, 0);
		return;
	}
	cli_pci_names_open(&names);
	cli_groups_render(&r->topology, &names, &plain, &r->parts[CLI_PART_GROUPS].text);
	draw(r, &names);
	cli_pci_names_close(&names);
	if (!r->host.iommu) {
		vh_text_add(&r->parts[CLI_PART_GROUPS].text, "\nno IOMMU is active\n");
	}
}

void cli_report_host(struct cli_report *r)
{
	add_doctor(r);
	add_groups(r);
	(void)cli_status_render(r->cli, &r->parts[CLI_PART_STATUS].text,
				&r->parts[CLI_PART_STATUS].missing);
}
