/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups: the IOMMU groups, with names, drivers and reset methods. */
#include <stdio.h>

#include "cli/json.h"
#include "cli/pci_names.h"
#include "lib/host/host.h"

static int highest_group(const struct vh_host *host)
{
	int highest = -1;

	for (size_t i = 0; i < host->function_count; i++) {
		if (host->functions[i].group > highest) {
			highest = host->functions[i].group;
		}
	}
	return highest;
}

static size_t group_size(const struct vh_host *host, int group)
{
	size_t count = 0;

	for (size_t i = 0; i < host->function_count; i++) {
		count += host->functions[i].group == group;
	}
	return count;
}

static void print_function(struct cli_pci_names *names, const struct vh_function *f)
{
	char name[256];

	cli_pci_device_name(names, f, name, sizeof(name));
	(void)printf("  %s  %s [%04x:%04x]%s%s%s%s\n", f->name, name, f->vendor, f->device,
		     f->driver[0] ? "  driver " : "", f->driver,
		     f->reset_method[0] ? "  reset " : "", f->reset_method);
}

static void print_group(struct cli_pci_names *names, const struct vh_host *host, int group)
{
	if (group_size(host, group) == 0) {
		return;
	}
	if (group >= 0) {
		(void)printf("IOMMU group %d\n", group);
	} else {
		(void)puts("in no IOMMU group");
	}
	for (size_t i = 0; i < host->function_count; i++) {
		if (host->functions[i].group == group) {
			print_function(names, &host->functions[i]);
		}
	}
}

static struct json_object *function_to_json(struct cli_pci_names *names, const struct vh_function *f)
{
	struct json_object *o = json_object_new_object();
	char text[256];

	cli_json_string(o, "address", f->name);
	(void)snprintf(text, sizeof(text), "%04x:%04x", f->vendor, f->device);
	cli_json_string(o, "id", text);
	(void)snprintf(text, sizeof(text), "%06x", f->class_code);
	cli_json_string(o, "class", text);
	cli_pci_device_name(names, f, text, sizeof(text));
	cli_json_string(o, "name", text);
	cli_json_string(o, "driver", f->driver);
	cli_json_string(o, "reset_method", f->reset_method);
	(void)json_object_object_add(o, "bridge", json_object_new_boolean(vh_function_is_bridge(f)));
	(void)json_object_object_add(o, "boot_vga", json_object_new_boolean(f->boot_vga));
	return o;
}

static void print_json(struct cli_pci_names *names, const struct vh_host *host)
{
	struct json_object *groups = json_object_new_array();

	for (int group = -1; group <= highest_group(host); group++) {
		struct json_object *o;
		struct json_object *functions;

		if (group_size(host, group) == 0) {
			continue;
		}
		o = json_object_new_object();
		functions = json_object_new_array();
		for (size_t i = 0; i < host->function_count; i++) {
			if (host->functions[i].group == group) {
				(void)json_object_array_add(
					functions, function_to_json(names, &host->functions[i]));
			}
		}
		(void)json_object_object_add(o, "group",
					     group >= 0 ? json_object_new_int(group) : NULL);
		(void)json_object_object_add(o, "functions", functions);
		(void)json_object_array_add(groups, o);
	}
	cli_json_print(groups);
}

int cli_groups(struct cli *cli, int argc, char **argv)
{
	VH_AUTO_HOST struct vh_host host = {0};
	struct cli_pci_names names;
	struct vh_error err = {0};

	(void)argv;
	if (argc != 1) {
		return cli_usage("groups [--json]");
	}
	if (vh_host_load(cli->sys, &host, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	cli_pci_names_open(&names);
	if (cli->json) {
		print_json(&names, &host);
	} else {
		for (int group = 0; group <= highest_group(&host); group++) {
			print_group(&names, &host, group);
		}
		print_group(&names, &host, -1);
	}
	cli_pci_names_close(&names);
	if (!host.iommu) {
		(void)fputs(
			"vfio-handoff: no IOMMU is active, so there are no groups and nothing can "
			"be handed over\n"
			"              switch on VT-d or AMD-Vi in the firmware setup; on Intel also "
			"boot with intel_iommu=on\n",
			stderr);
	}
	return CLI_OK;
}
