/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/report/svg_topology.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/report/markup.h"

#define WIDTH    940
#define ROW      30
#define BOX_PAD  5 /* between a box and its first and last row */
#define BOX_GAP  6
#define MARGIN   2
#define GUTTER   112 /* the group's number stands here */
#define INDENT   22
#define FONT     13
#define SMALL    12
#define PILL_MAX 250
#define PILL_PAD 10
#define PILL_END (WIDTH - 14)
#define DEPTHS   12 /* deeper ones are drawn like the last of these */

/* Addresses are set in a monospaced font. */
#define ADDRESS_WIDTH ((unsigned)(sizeof("0000:00:00.0") - 1) * 8)

struct row {
	size_t function;
	unsigned y; /* of its middle */
};

/**
 * struct box - a run of rows of one group
 * @part, @parts: of a group whose functions do not stand together in the tree
 */
struct box {
	int group;
	size_t first;
	size_t count;
	unsigned top;
	unsigned part;
	unsigned parts;
};

struct drawing {
	const struct vh_topology *t;
	const struct vh_drawn *drawn;
	struct vh_text *out;
	struct row *rows;
	struct box *boxes;
	size_t row_count;
	size_t box_count;
	unsigned height;
};

static const struct {
	const char *class;
	const char *words;
} looks[] = {
	[VH_WHOSE_HOST] = {"host", "the host's, with its driver"},
	[VH_WHOSE_VM] = {"vm", "handed over to a VM"},
	[VH_WHOSE_VFIO] = {"vfio", "on vfio-pci, for no VM of ours"},
	[VH_WHOSE_NOBODY] = {"nobody", "no driver"},
	[VH_WHOSE_BRIDGE] = {"bridge", "a bridge"},
};

enum vh_whose vh_whose_of(const struct vh_function *f, const char *vm)
{
	if (vh_function_is_bridge(f)) {
		return VH_WHOSE_BRIDGE;
	}
	if (vm[0]) {
		return VH_WHOSE_VM;
	}
	if (f->is_vfio) {
		return VH_WHOSE_VFIO;
	}
	return f->driver[0] ? VH_WHOSE_HOST : VH_WHOSE_NOBODY;
}

/* Each kind has a shape of its own, for who cannot tell the colours. */
static void add_mark(struct vh_text *out, enum vh_whose whose, unsigned x, unsigned y)
{
	const char *class = looks[whose].class;

	switch (whose) {
	case VH_WHOSE_VM:
		vh_text_addf(out,
			     "<rect class=\"mark %s\" x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" "
			     "rx=\"2\"/>",
			     class, x - 6, y - 6);
		break;
	case VH_WHOSE_VFIO:
		vh_text_addf(out, "<path class=\"mark %s\" d=\"M%u %ul7 7l-7 7l-7-7z\"/>", class, x,
			     y - 7);
		break;
	case VH_WHOSE_BRIDGE:
		vh_text_addf(out, "<circle class=\"mark %s\" cx=\"%u\" cy=\"%u\" r=\"3.5\"/>",
			     class, x, y);
		break;
	case VH_WHOSE_HOST:
	case VH_WHOSE_NOBODY:
	case VH_WHOSE_MAX:
	default:
		vh_text_addf(out, "<circle class=\"mark %s\" cx=\"%u\" cy=\"%u\" r=\"6\"/>", class,
			     x, y);
		break;
	}
}

void vh_svg_legend(struct vh_text *out)
{
	vh_text_add(out, "<ul class=\"legend\">");
	for (int i = 0; i < VH_WHOSE_MAX; i++) {
		vh_text_add(out, "<li><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"16\" "
				 "height=\"16\" aria-hidden=\"true\">");
		add_mark(out, (enum vh_whose)i, 8, 8);
		vh_text_addf(out, "</svg> %s</li>", looks[i].words);
	}
	vh_text_add(out,
		    "<li><span class=\"key box\"></span> an IOMMU group</li>"
		    "<li><span class=\"key box shared\"></span> with more than one card in it</li>"
		    "</ul>\n");
}

/* --- where everything goes ---------------------------------------------------------------------- */

static unsigned mark_x(const struct drawing *d, size_t function)
{
	unsigned depth = d->t->places[function].depth;

	return GUTTER + 14 + (depth < DEPTHS ? depth : DEPTHS) * INDENT;
}

static int group_of(const struct drawing *d, size_t row)
{
	return d->t->host->functions[d->rows[row].function].group;
}

static void number_parts(struct drawing *d)
{
	for (size_t i = 0; i < d->box_count; i++) {
		struct box *b = &d->boxes[i];

		for (size_t k = 0; k < d->box_count; k++) {
			if (d->boxes[k].group == b->group) {
				b->parts++;
				b->part += k <= i;
			}
		}
	}
}

static void place(struct drawing *d)
{
	unsigned y = MARGIN;

	for (size_t i = 0; i < d->row_count; i++) {
		struct box *b;

		d->rows[i].function = d->t->order[i];
		if (i == 0 || group_of(d, i) != group_of(d, i - 1)) {
			y += i > 0 ? BOX_PAD + BOX_GAP : 0;
			b = &d->boxes[d->box_count++];
			*b = (struct box){.group = group_of(d, i), .first = i, .top = y};
			y += BOX_PAD;
		}
		d->boxes[d->box_count - 1].count++;
		d->rows[i].y = y + ROW / 2;
		y += ROW;
	}
	d->height = y + BOX_PAD + MARGIN;
	number_parts(d);
}

/* --- what is drawn ------------------------------------------------------------------------------ */

static void draw_box(struct drawing *d, const struct box *b)
{
	const struct vh_group *g = vh_topology_group(d->t, b->group);
	bool shared = b->group >= 0 && g && g->cards > 1;
	bool claimed = b->group >= 0 && g && g->isolation == VH_ISOLATION_CLAIMED;
	unsigned y = d->rows[b->first].y;

	vh_text_addf(d->out,
		     "<rect class=\"box%s%s%s\" x=\"1\" y=\"%u\" width=\"%u\" height=\"%u\" "
		     "rx=\"9\"/>",
		     shared ? " shared" : "", claimed ? " claimed" : "",
		     b->group < 0 ? " none" : "", b->top, WIDTH - 2,
		     (unsigned)b->count * ROW + 2 * BOX_PAD);
	if (b->group < 0) {
		vh_text_addf(d->out, "<text class=\"group\" x=\"14\" y=\"%u\">no group</text>",
			     y + 4);
	} else if (b->parts > 1) {
		vh_text_addf(d->out,
			     "<text class=\"group\" x=\"14\" y=\"%u\">group %d (%u/%u)</text>",
			     y + 4, b->group, b->part, b->parts);
	} else {
		vh_text_addf(d->out, "<text class=\"group\" x=\"14\" y=\"%u\">group %d</text>",
			     y + 4, b->group);
	}
	if (b->count > 1 && shared) {
		vh_text_addf(d->out, "<text class=\"note\" x=\"14\" y=\"%u\">%zu cards</text>",
			     y + ROW + 4, g->cards);
	} else if (b->count > 1 && claimed) {
		vh_text_addf(d->out, "<text class=\"note\" x=\"14\" y=\"%u\">by override</text>",
			     y + ROW + 4);
	}
	vh_text_add(d->out, "\n");
}

/* From the bridge above down to this row. */
static void draw_branch(struct drawing *d, const unsigned *y_of, size_t row)
{
	size_t function = d->rows[row].function;
	int parent = d->t->places[function].parent;
	unsigned from;
	unsigned to = mark_x(d, function);

	if (parent < 0) {
		return;
	}
	from = mark_x(d, (size_t)parent);
	if (from < to) {
		vh_text_addf(d->out, "<path class=\"branch\" d=\"M%u %uV%uq0 6 6 6H%u\"/>\n", from,
			     y_of[parent] + 6, d->rows[row].y - 6, to);
	}
}

static void say_owner(const struct vh_function *f, const struct vh_drawn *drawn, struct vh_text *ret)
{
	switch (drawn->whose) {
	case VH_WHOSE_VM:
		vh_text_addf(ret, "%s: %s", f->driver[0] ? f->driver : "no driver", drawn->vm);
		break;
	case VH_WHOSE_NOBODY:
		vh_text_add(ret, "no driver");
		break;
	case VH_WHOSE_HOST:
	case VH_WHOSE_VFIO:
	case VH_WHOSE_BRIDGE:
	case VH_WHOSE_MAX:
	default:
		vh_text_add(ret, f->driver);
		break;
	}
	if (f->boot_vga) {
		vh_text_add(ret, ", boot screen");
	}
}

/* Where the name may go on to: the left end of what says who has the device. */
static unsigned draw_owner(struct drawing *d, const struct vh_function *f,
			   const struct vh_drawn *drawn, unsigned y)
{
	VH_AUTO_TEXT struct vh_text owner = {0};
	unsigned width;

	say_owner(f, drawn, &owner);
	if (owner.len == 0) {
		return PILL_END;
	}
	width = vh_markup_pixels(vh_text_str(&owner), SMALL) + 2 * PILL_PAD;
	width = width < PILL_MAX ? width : PILL_MAX;
	if (drawn->whose != VH_WHOSE_BRIDGE) {
		vh_text_addf(d->out,
			     "<rect class=\"pill %s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"22\" "
			     "rx=\"11\"/>",
			     looks[drawn->whose].class, PILL_END - width, y - 11, width);
	}
	vh_text_addf(d->out, "<text class=\"owner %s\" x=\"%u\" y=\"%u\">",
		     looks[drawn->whose].class, PILL_END - width / 2, y + 4);
	vh_markup_cut(d->out, vh_text_str(&owner), SMALL, width - 2 * PILL_PAD);
	vh_text_add(d->out, "</text>");
	return PILL_END - width;
}

static void draw_title(struct drawing *d, const struct vh_function *f, const struct vh_drawn *drawn)
{
	vh_text_addf(d->out, "<title>%s [%04x:%04x] ", f->name, f->vendor, f->device);
	vh_markup_text(d->out, drawn->name);
	if (f->group >= 0) {
		vh_text_addf(d->out, "; IOMMU group %d", f->group);
	}
	vh_text_addf(d->out, "; %s", looks[drawn->whose].words);
	if (f->driver[0]) {
		vh_text_add(d->out, "; driver ");
		vh_markup_text(d->out, f->driver);
	}
	if (f->reset_method[0]) {
		vh_text_add(d->out, "; reset ");
		vh_markup_text(d->out, f->reset_method);
	}
	vh_text_add(d->out, "</title>");
}

static void draw_row(struct drawing *d, size_t row)
{
	size_t function = d->rows[row].function;
	const struct vh_function *f = &d->t->host->functions[function];
	const struct vh_drawn *drawn = &d->drawn[function];
	unsigned x = mark_x(d, function);
	unsigned y = d->rows[row].y;
	unsigned name_x = x + 14 + ADDRESS_WIDTH + 12;
	unsigned end;

	vh_text_addf(d->out, "<g class=\"row %s\">", looks[drawn->whose].class);
	draw_title(d, f, drawn);
	add_mark(d->out, drawn->whose, x, y);
	vh_text_addf(d->out, "<text class=\"address\" x=\"%u\" y=\"%u\">%s</text>", x + 14, y + 4,
		     f->name);
	end = draw_owner(d, f, drawn, y);
	if (end > name_x + 40) {
		vh_text_addf(d->out, "<text class=\"name\" x=\"%u\" y=\"%u\">", name_x, y + 4);
		vh_markup_cut(d->out, drawn->name, FONT, end - name_x - 12);
		vh_text_add(d->out, "</text>");
	}
	vh_text_add(d->out, "</g>\n");
}

static void describe(struct drawing *d)
{
	size_t count[VH_WHOSE_MAX] = {0};
	size_t groups = 0;

	for (size_t i = 0; i < d->row_count; i++) {
		count[d->drawn[i].whose]++;
	}
	for (size_t i = 0; i < d->t->group_count; i++) {
		groups += d->t->groups[i].number >= 0;
	}
	vh_text_addf(d->out,
		     "<title id=\"topology-title\">PCI devices and IOMMU groups</title>"
		     "<desc id=\"topology-desc\">%zu functions in %zu IOMMU groups: %zu with a "
		     "driver of the host, %zu handed over to a VM, %zu on vfio-pci for no VM, %zu "
		     "without a driver, %zu bridges.</desc>\n",
		     d->row_count, groups, count[VH_WHOSE_HOST], count[VH_WHOSE_VM],
		     count[VH_WHOSE_VFIO], count[VH_WHOSE_NOBODY], count[VH_WHOSE_BRIDGE]);
}

static void draw(struct drawing *d, unsigned *y_of)
{
	place(d);
	vh_text_addf(d->out,
		     "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"topology\" role=\"img\" "
		     "viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" "
		     "aria-labelledby=\"topology-title topology-desc\">",
		     WIDTH, d->height, WIDTH, d->height);
	describe(d);
	for (size_t i = 0; i < d->box_count; i++) {
		draw_box(d, &d->boxes[i]);
	}
	for (size_t i = 0; i < d->row_count; i++) {
		y_of[d->rows[i].function] = d->rows[i].y;
	}
	for (size_t i = 0; i < d->row_count; i++) {
		draw_branch(d, y_of, i);
	}
	for (size_t i = 0; i < d->row_count; i++) {
		draw_row(d, i);
	}
	vh_text_add(d->out, "</svg>\n");
}

void vh_svg_topology(const struct vh_topology *t, const struct vh_drawn *drawn, struct vh_text *out)
{
	size_t count = t->host->function_count;
	VH_AUTO_FREE struct row *rows = calloc(count ? count : 1, sizeof(*rows));
	VH_AUTO_FREE struct box *boxes = calloc(count ? count : 1, sizeof(*boxes));
	VH_AUTO_FREE unsigned *y_of = calloc(count ? count : 1, sizeof(*y_of));
	struct drawing d = {.t = t,
			    .drawn = drawn,
			    .out = out,
			    .rows = rows,
			    .boxes = boxes,
			    .row_count = count};

	if (!rows || !boxes || !y_of) {
		out->failed = true;
	} else if (count > 0) {
		draw(&d, y_of);
	}
}
