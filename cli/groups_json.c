/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups --json */
#include <stdio.h>

#include "cli/groups.h"
#include "cli/json.h"

static void add_flag(struct json_object *o, const char *key, bool value)
{
	(void)json_object_object_add(o, key, json_object_new_boolean(value));
}

static void add_number(struct json_object *o, const char *key, size_t value)
{
	(void)json_object_object_add(o, key, json_object_new_int64((int64_t)value));
}

/* null where there is none. */
static void add_name(struct json_object *o, const char *key, const char *value)
{
	if (value && value[0]) {
		cli_json_string(o, key, value);
	} else {
		(void)json_object_object_add(o, key, NULL);
	}
}

static void add_text(struct json_object *o, const char *key, const struct vh_text *text)
{
	add_name(o, key, vh_text_str(text));
}

/* null: not readable, or not read. */
static struct json_object *acs_to_json(const struct vh_acs *acs)
{
	struct json_object *o;

	if (!acs->known) {
		return NULL;
	}
	o = json_object_new_object();
	add_flag(o, "present", acs->present);
	(void)json_object_object_add(o, "capability", json_object_new_int((int)acs->capability));
	(void)json_object_object_add(o, "control", json_object_new_int((int)acs->control));
	add_flag(o, "isolates", acs->present && acs->missing == 0);
	return o;
}

static struct json_object *function_to_json(const struct vh_topology *t, size_t index,
					    struct cli_pci_names *names)
{
	const struct vh_function *f = &t->host->functions[index];
	const struct vh_pci_place *p = &t->places[index];
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
	add_flag(o, "bridge", vh_function_is_bridge(f));
	add_flag(o, "boot_vga", f->boot_vga);
	add_name(o, "parent", p->parent >= 0 ? t->host->functions[p->parent].name : NULL);
	cli_json_string(o, "card", t->host->functions[p->card].name);
	add_name(o, "slot", p->slot);
	(void)json_object_object_add(o, "acs", acs_to_json(&p->acs));
	add_name(o, "leak", vh_leak_word(p->leak));
	return o;
}

static struct json_object *group_to_json(const struct vh_topology *t, const struct vh_group *g,
					 struct cli_pci_names *names)
{
	VH_AUTO_TEXT struct vh_text why = {0};
	VH_AUTO_TEXT struct vh_text help = {0};
	struct json_object *o = json_object_new_object();
	struct json_object *functions = json_object_new_array();
	bool is_shared = g->number >= 0 && g->cards > 1;

	(void)json_object_object_add(o, "group",
				     g->number >= 0 ? json_object_new_int(g->number) : NULL);
	add_number(o, "endpoints", g->endpoints);
	add_number(o, "cards", g->cards);
	cli_json_string(o, "isolation", vh_isolation_word(g->isolation));
	if (is_shared) {
		vh_topology_say_why(t, g->number, &why);
		vh_topology_say_help(t, g->number, &help);
	}
	add_text(o, "why", &why);
	add_text(o, "help", &help);
	for (size_t i = 0; i < t->host->function_count; i++) {
		if (t->host->functions[i].group == g->number) {
			(void)json_object_array_add(functions, function_to_json(t, i, names));
		}
	}
	(void)json_object_object_add(o, "functions", functions);
	return o;
}

struct json_object *cli_groups_json(const struct vh_topology *t, struct cli_pci_names *names)
{
	struct json_object *o = json_object_new_object();
	struct json_object *groups = json_object_new_array();

	(void)json_object_object_add(o, "schema", json_object_new_int(CLI_GROUPS_SCHEMA));
	cli_json_string(o, "version", VH_VERSION);
	add_flag(o, "iommu", t->host->iommu);
	add_name(o, "acs_override", t->override);
	for (size_t i = 0; i < t->group_count; i++) {
		(void)json_object_array_add(groups, group_to_json(t, &t->groups[i], names));
	}
	(void)json_object_object_add(o, "groups", groups);
	return o;
}
