/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups, as text. */
#include <stdio.h>
#include <string.h>

#include "cli/groups.h"

/* Deeper ones are drawn like the last of these. */
#define DEPTH_MAX 16

/* Letters of a name that must be left, and those that must be before other facts are told. */
#define NAME_MIN    12
#define NAME_ENOUGH 32

/* Of sentences, whatever is wider. */
#define PROSE_COLUMNS 100

struct painter {
	const struct vh_topology *t;
	struct cli_pci_names *names;
	const struct cli_groups_style *style;
	struct vh_text *out;
	int group_width;
	int driver_width;
};

/* Letters, not bytes. */
static size_t width_of(const char *s)
{
	size_t width = 0;

	for (; *s; s++) {
		width += ((unsigned char)*s & 0xc0U) != 0x80;
	}
	return width;
}

static void cut_to(char *s, size_t width, bool utf8)
{
	const char *dots = utf8 ? "\xe2\x80\xa6" : "..";
	size_t keep = width - width_of(dots);
	size_t at = 0;

	if (width_of(s) <= width) {
		return;
	}
	for (size_t n = 0; s[at]; at++) {
		n += ((unsigned char)s[at] & 0xc0U) != 0x80;
		if (n > keep) {
			break;
		}
	}
	/* It was longer than what replaces it. */
	memcpy(s + at, dots, strlen(dots) + 1);
}

/* What else is on the line takes @used columns. */
static void cut_to_line(const struct painter *p, char *name, size_t used)
{
	size_t columns = p->style->columns;

	if (columns > 0) {
		cut_to(name, columns > used + NAME_MIN ? columns - used : NAME_MIN, p->style->utf8);
	}
}

static bool is_last_child(const struct vh_topology *t, size_t index)
{
	for (size_t i = index + 1; i < t->host->function_count; i++) {
		if (t->places[i].parent == t->places[index].parent) {
			return false;
		}
	}
	return true;
}

static void draw_branch(const struct painter *p, size_t index, struct vh_text *line)
{
	const struct vh_topology *t = p->t;
	bool more[DEPTH_MAX] = {0};
	unsigned depth = t->places[index].depth;
	int at = t->places[index].parent;

	for (unsigned d = depth; d > 1 && at >= 0; d--) {
		if (d - 2 < DEPTH_MAX) {
			more[d - 2] = !is_last_child(t, (size_t)at);
		}
		at = t->places[at].parent;
	}
	for (unsigned d = 0; d + 1 < depth; d++) {
		bool line_on = d < DEPTH_MAX && more[d];

		vh_text_add(line, line_on ? (p->style->utf8 ? "\xe2\x94\x82  " : "|  ") : "   ");
	}
	if (depth > 0) {
		bool last = is_last_child(t, index);

		vh_text_add(line, p->style->utf8 ? (last ? "\xe2\x94\x94\xe2\x94\x80 "
							 : "\xe2\x94\x9c\xe2\x94\x80 ")
						 : (last ? "`- " : "|- "));
	}
}

/* What must not be cut off, and what may go where the line is short. */
static void add_facts(const struct vh_topology *t, size_t index, struct vh_text *needed,
		      struct vh_text *more)
{
	const struct vh_function *f = &t->host->functions[index];

	vh_text_addf(needed, " [%04x:%04x]%s", f->vendor, f->device,
		     f->boot_vga ? ", boot VGA" : "");
	if (t->places[index].slot[0]) {
		vh_text_addf(more, ", slot %s", t->places[index].slot);
	}
	if (f->reset_method[0] && !vh_function_is_bridge(f)) {
		vh_text_addf(more, ", reset %s", f->reset_method);
	}
}

/* A captured tree says what it likes. */
static void sanitize(struct vh_text *text)
{
	if (text->data) {
		vh_sanitize(text->data);
	}
}

/* What is to be doubted is marked; the mark is explained at the end. */
static const char *mark_of(const struct vh_topology *t, int number)
{
	const struct vh_group *g = vh_topology_group(t, number);

	if (!g || number < 0 || g->isolation == VH_ISOLATION_REAL) {
		return " ";
	}
	return g->isolation == VH_ISOLATION_CLAIMED ? "!" : "?";
}

static void add_function(const struct painter *p, size_t index)
{
	const struct vh_function *f = &p->t->host->functions[index];
	VH_AUTO_TEXT struct vh_text line = {0};
	VH_AUTO_TEXT struct vh_text facts = {0};
	VH_AUTO_TEXT struct vh_text more = {0};
	char group[16] = "-";
	char name[256];
	size_t used;

	if (f->group >= 0) {
		(void)snprintf(group, sizeof(group), "%d", f->group);
	}
	vh_text_addf(&line, "%s  %*s%s %-*s  ", f->name, p->group_width, group,
		     mark_of(p->t, f->group), p->driver_width, f->driver[0] ? f->driver : "-");
	draw_branch(p, index, &line);
	add_facts(p->t, index, &facts, &more);
	sanitize(&line);
	sanitize(&more);
	cli_pci_short_name(p->names, f, name, sizeof(name));
	vh_sanitize(name);
	used = width_of(vh_text_str(&line)) + width_of(vh_text_str(&facts));
	if (p->style->columns == 0 ||
	    used + width_of(vh_text_str(&more)) + NAME_ENOUGH <= p->style->columns) {
		vh_text_add(&facts, vh_text_str(&more));
		used += width_of(vh_text_str(&more));
	}
	cut_to_line(p, name, used);
	vh_text_addf(p->out, "%s%s%s\n", vh_text_str(&line), name, vh_text_str(&facts));
}

static void add_tree(struct painter *p)
{
	const struct vh_host *host = p->t->host;

	p->group_width = (int)strlen("GROUP");
	p->driver_width = (int)strlen("DRIVER");
	for (size_t i = 0; i < host->function_count; i++) {
		int width = (int)strlen(host->functions[i].driver);

		p->driver_width = width > p->driver_width ? width : p->driver_width;
	}
	if (host->function_count == 0) {
		vh_text_add(p->out, "no PCI devices\n");
		return;
	}
	vh_text_addf(p->out, "%-12s  %*s  %-*s  %s\n", "ADDRESS", p->group_width, "GROUP",
		     p->driver_width, "DRIVER", "DEVICE");
	for (size_t i = 0; i < host->function_count; i++) {
		add_function(p, p->t->order[i]);
	}
}

/* "  LABEL  text", its lines below each other. */
static void add_prose(const struct painter *p, const char *label, const char *text)
{
	size_t limit = p->style->columns > 0 && p->style->columns < PROSE_COLUMNS
			       ? p->style->columns
			       : PROSE_COLUMNS;
	size_t indent = 2 + 9;
	size_t column = indent;

	vh_text_addf(p->out, "  %-9s", label);
	while (*text) {
		size_t len = strcspn(text, " ");
		bool fits = column == indent || column + 1 + len <= limit;

		if (column > indent) {
			vh_text_addf(p->out, fits ? " " : "\n%*s", (int)indent, "");
			column = fits ? column + 1 : indent;
		}
		vh_text_addn(p->out, text, len);
		column += len;
		text += len + (text[len] == ' ');
	}
	vh_text_add(p->out, "\n");
}

static void add_card(const struct painter *p, const struct vh_group *g, size_t card)
{
	VH_AUTO_TEXT struct vh_text list = {0};
	char name[256];
	size_t used;

	vh_topology_say_endpoints(p->t, g->number, (int)card, &list);
	used = 2 + width_of(vh_text_str(&list)) + 2;
	cli_pci_short_name(p->names, &p->t->host->functions[card], name, sizeof(name));
	vh_sanitize(name);
	cut_to_line(p, name, used);
	vh_text_addf(p->out, "  %s  %s\n", vh_text_str(&list), name);
}

/* Several devices: which they are, why they are together, and what would part them. */
static void add_shared(const struct painter *p, const struct vh_group *g)
{
	const struct vh_host *host = p->t->host;
	VH_AUTO_TEXT struct vh_text why = {0};
	VH_AUTO_TEXT struct vh_text help = {0};
	VH_AUTO_TEXT struct vh_text override = {0};

	vh_text_addf(p->out,
		     "\ngroup %d: %zu devices share it: all of them leave together, or none\n",
		     g->number, g->cards);
	for (size_t i = 0; i < host->function_count; i++) {
		bool is_first = host->functions[i].group == g->number &&
				!vh_function_is_bridge(&host->functions[i]);

		for (size_t j = 0; j < i && is_first; j++) {
			is_first = host->functions[j].group != g->number ||
				   vh_function_is_bridge(&host->functions[j]) ||
				   p->t->places[j].card != p->t->places[i].card;
		}
		if (is_first) {
			add_card(p, g, p->t->places[i].card);
		}
	}
	vh_topology_say_why(p->t, g->number, &why);
	add_prose(p, "why", vh_text_str(&why));
	vh_topology_say_help(p->t, g->number, &help);
	add_prose(p, "helps", vh_text_str(&help));
	vh_topology_say_override(p->t, &override);
	if (override.len > 0) {
		add_prose(p, "override", vh_text_str(&override));
	}
}

static void add_groups(const struct painter *p)
{
	bool first = true;

	for (size_t i = 0; i < p->t->group_count; i++) {
		const struct vh_group *g = &p->t->groups[i];
		VH_AUTO_TEXT struct vh_text list = {0};

		if (g->number < 0 || g->cards != 1 || g->endpoints < 2) {
			continue;
		}
		vh_topology_say_endpoints(p->t, g->number, -1, &list);
		vh_text_addf(p->out, "%sgroup %d: %s leave together\n", first ? "\n" : "",
			     g->number, vh_text_str(&list));
		first = false;
	}
	for (size_t i = 0; i < p->t->group_count; i++) {
		if (p->t->groups[i].number >= 0 && p->t->groups[i].cards > 1) {
			add_shared(p, &p->t->groups[i]);
		}
	}
}

/* What the marks mean. */
static void add_override(const struct painter *p)
{
	const struct vh_topology *t = p->t;
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text ports = {0};
	bool unseen = false;

	if (!t->override[0]) {
		return;
	}
	for (size_t i = 0; i < t->host->function_count; i++) {
		if (t->places[i].overridden) {
			vh_text_addf(&ports, "%s%s", ports.len > 0 ? ", " : "",
				     t->host->functions[i].name);
		}
	}
	for (size_t i = 0; i < t->group_count; i++) {
		unseen = unseen || t->groups[i].isolation == VH_ISOLATION_UNSEEN;
	}
	vh_text_addf(p->out, "\npcie_acs_override=%s is on the command line of the kernel%s\n",
		     t->override, t->has_patch ? "" : ", which counts if this one has the patch");
	if (unseen) {
		vh_text_add(&text, "isolation of the groups may be claimed only, not real; which "
				   "those are only root can see");
		add_prose(p, "?", vh_text_str(&text));
	} else if (ports.len > 0) {
		vh_text_addf(&text,
			     "isolation is claimed, not real: without ACS of their own, but "
			     "treated as if they had it, are %s",
			     vh_text_str(&ports));
		add_prose(p, "!", vh_text_str(&text));
	} else {
		add_prose(p, "", "it changes nothing here: nothing that it is about lacks ACS");
	}
}

void cli_groups_render(const struct vh_topology *t, struct cli_pci_names *names,
		       const struct cli_groups_style *style, struct vh_text *out)
{
	struct painter p = {.t = t, .names = names, .style = style, .out = out};

	add_tree(&p);
	add_groups(&p);
	add_override(&p);
}
