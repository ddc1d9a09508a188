/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups --dot: groups are boxes, lines go from a bridge to what is behind it. */
#include <stdio.h>

#include "cli/groups.h"

/* The longest name that makes no box wider than a screen. */
#define NAME_MAX_BYTES 44

/* Source: Graphviz, "DOT Language": in a quoted string only the quote is escaped, and '\' begins an escape. */
static void add_escaped(struct vh_text *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\') {
			vh_text_add(out, "\\");
		}
		vh_text_addn(out, s, 1);
	}
}

/* One way to be used, one colour. */
static const char *colour_of(const struct vh_function *f)
{
	if (f->is_vfio) {
		return "#f9cb9c";
	}
	return f->driver[0] ? "#cfe2f3" : "#ffffff";
}

/* Cut between two letters, not inside of one. */
static void cut(char *s, size_t max)
{
	size_t end = max;

	for (size_t i = 0; i < max; i++) {
		if (s[i] == '\0') {
			return;
		}
	}
	while (end > 0 && ((unsigned char)s[end] & 0xc0U) == 0x80) {
		end--;
	}
	s[end] = '\0';
}

static void add_node(const struct vh_function *f, struct cli_pci_names *names, struct vh_text *out)
{
	char driver[VH_NAME_MAX];
	char name[256];

	cli_pci_short_name(names, f, name, sizeof(name));
	vh_sanitize(name);
	cut(name, NAME_MAX_BYTES);
	(void)vh_copy(driver, sizeof(driver), f->driver[0] ? f->driver : "no driver");
	vh_sanitize(driver);
	vh_text_addf(out, "    \"%s\" [fillcolor=\"%s\", label=\"%s\\n", f->name, colour_of(f),
		     f->name);
	add_escaped(out, name);
	vh_text_addf(out, "\\n[%04x:%04x] ", f->vendor, f->device);
	add_escaped(out, driver);
	vh_text_add(out, "\"];\n");
}

static void add_group(const struct vh_topology *t, const struct vh_group *g,
		      struct cli_pci_names *names, struct vh_text *out)
{
	if (g->number >= 0) {
		vh_text_addf(out, "  subgraph cluster_%d {\n    label=\"group %d%s\";\n", g->number,
			     g->number,
			     g->isolation == VH_ISOLATION_CLAIMED
				     ? " (isolation is claimed, not real)"
				     : "");
		vh_text_addf(out, "    color=\"%s\";\n", g->cards > 1 ? "#cc0000" : "#888888");
	} else {
		vh_text_add(out, "  subgraph cluster_none {\n    label=\"in no group\";\n"
				 "    style=dashed;\n");
	}
	for (size_t i = 0; i < t->host->function_count; i++) {
		if (t->host->functions[i].group == g->number) {
			add_node(&t->host->functions[i], names, out);
		}
	}
	vh_text_add(out, "  }\n");
}

void cli_groups_dot(const struct vh_topology *t, struct cli_pci_names *names, struct vh_text *out)
{
	vh_text_add(out,
		    "digraph pci {\n"
		    "  rankdir=LR;\n"
		    "  label=\"blue: a driver of the host; orange: vfio-pci; white: none; "
		    "red box: several cards share the group\";\n"
		    "  fontname=\"sans-serif\";\n"
		    "  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=10];\n");
	for (size_t i = 0; i < t->group_count; i++) {
		add_group(t, &t->groups[i], names, out);
	}
	for (size_t n = 0; n < t->host->function_count; n++) {
		size_t i = t->order[n];

		if (t->places[i].parent >= 0) {
			vh_text_addf(out, "  \"%s\" -> \"%s\";\n",
				     t->host->functions[t->places[i].parent].name,
				     t->host->functions[i].name);
		}
	}
	vh_text_add(out, "}\n");
}
