/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal in front, the text console and the firmware's frame buffer, when they are on a card
 * that leaves.
 */
#include <stdio.h>
#include <string.h>

#include "lib/plan/draft.h"
#include "lib/plan/goes.h"

static bool is_on_selection(const struct vh_draft *d, const struct vh_framebuffer *fb)
{
	int index = fb->function;

	if (index < 0 && fb->firmware >= 0) {
		index = d->host->firmware_fbs[fb->firmware].function;
	}
	return index >= 0 && vh_selection_has(&d->selection, &d->host->functions[index]);
}

static const char *firmware_name(const struct vh_draft *d, const struct vh_framebuffer *fb)
{
	return fb->firmware >= 0 ? d->host->firmware_fbs[fb->firmware].device : "";
}

static const struct vh_vtconsole *find_fbcon(const struct vh_host *host)
{
	for (size_t i = 0; i < host->vtconsole_count; i++) {
		if (host->vtconsoles[i].is_fbcon) {
			return &host->vtconsoles[i];
		}
	}
	return NULL;
}

/*
 * A kernel without CONFIG_FB_DEVICE has consoles on frame buffers that it does not show: then any
 * display may carry them.
 */
static bool is_hidden_console(const struct vh_draft *d, const struct vh_vtconsole *con)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		if (con->bound && d->host->framebuffer_count == 0 &&
		    vh_function_is_display(d->selection.functions[i])) {
			return true;
		}
	}
	return false;
}

/**
 * console_is_here() - is a text console on a card that leaves
 * @ret_firmware: the firmware's frame buffer that carries it, "" if a driver's does
 */
static bool console_is_here(const struct vh_draft *d, const struct vh_vtconsole *con,
			    const char **ret_firmware)
{
	*ret_firmware = "";
	if (!con || is_hidden_console(d, con)) {
		return con != NULL;
	}
	for (size_t i = 0; i < d->host->framebuffer_count; i++) {
		const struct vh_framebuffer *fb = &d->host->framebuffers[i];

		if (fb->has_console && is_on_selection(d, fb)) {
			*ret_firmware = firmware_name(d, fb);
			return true;
		}
	}
	return false;
}

/* One of its processes draws on a card that leaves: it ends before, one way or another. */
static bool draws_here(const struct vh_going *g, const struct vh_session *s)
{
	const struct vh_holder *h;

	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(g, &at)) != NULL;) {
		if (h->draws &&
		    (h->user_unit[0] ? h->uid == s->uid : strcmp(h->session, s->id) == 0)) {
			return true;
		}
	}
	return false;
}

static bool anybody_draws_here(const struct vh_going *g)
{
	const struct vh_holder *h;

	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(g, &at)) != NULL;) {
		if (h->draws) {
			return true;
		}
	}
	return false;
}

/*
 * Whose screen it is, when the terminal in front is in graphics mode. Two cards can have one each:
 * who stays, and draws on the other one, is not disturbed, and none is switched away for nobody.
 */
static bool front_is_given_up(const struct vh_draft *d)
{
	const struct vh_going going = {d->host, d->profile, &d->selection};
	const struct vh_going *g = &going;
	const char *firmware;
	bool ends = false;

	for (size_t i = 0; i < g->host->session_count; i++) {
		const struct vh_session *s = &g->host->sessions[i];

		if (s->vt != g->host->vt || s->closing) {
			continue;
		}
		if (!vh_plan_ends_session(g, s) && !draws_here(g, s)) {
			return false;
		}
		ends = true;
	}
	if (ends || anybody_draws_here(g)) {
		return true;
	}
	/* Left behind by a crash, if somebody counts the sessions and knows of none there. */
	return g->host->session_count > 0 && console_is_here(d, find_fbcon(g->host), &firmware);
}

static bool display_leaves(const struct vh_draft *d)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		if (vh_function_is_display(d->selection.functions[i])) {
			return true;
		}
	}
	return false;
}

/*
 * Who drew on the screen is gone by then. Without this the way back ends on a terminal in graphics
 * mode that nobody draws on: a black screen, whatever the console does. The console's own steps do
 * not need it: bind works in graphics mode as well (drivers/tty/vt/vt.c: store_bind).
 */
void vh_draft_vt(struct vh_draft *d)
{
	char found[8];
	char wanted[8];

	if (!d->host->vt_graphics || d->host->vt_text == 0 || !display_leaves(d) ||
	    !front_is_given_up(d)) {
		return;
	}
	(void)snprintf(found, sizeof(found), "%u", d->host->vt);
	(void)snprintf(wanted, sizeof(wanted), "%u", d->host->vt_text);
	vh_draft_add(d, &(struct vh_draft_step){
				.kind = VH_STEP_VT,
				.path = "dev/tty0",
				.found = found,
				.wanted = wanted,
				.extra = "graphics",
				.why = "nobody draws on the one in front any more, and it would "
				       "stay dark",
			});
}

/*
 * Only when a text console is on this card. The explicit 0 is not optional: without it fbcon can
 * stay bound to a frame buffer that is gone, and the next line printed is a NULL dereference
 * (drivers/video/fbdev/core/fbcon.c: fbcon_fb_unbind; seen on 6.1, 6.12 and 7.2).
 */
void vh_draft_console(struct vh_draft *d)
{
	const struct vh_vtconsole *con = find_fbcon(d->host);
	const char *firmware;
	char path[64];

	if (console_is_here(d, con, &firmware)) {
		(void)snprintf(path, sizeof(path), "sys/class/vtconsole/vtcon%u/bind", con->index);
		vh_draft_add(d,
			     &(struct vh_draft_step){
				     .kind = VH_STEP_CONSOLE,
				     .path = path,
				     .found = con->bound ? "1" : "0",
				     .wanted = "0",
				     .extra = firmware,
				     .why = "the text console is on this card and would crash the "
					    "kernel if its frame buffer went first",
			     });
	}
}

/*
 * vfio-pci itself evicts the firmware frame buffer of a VGA device since 6.0
 * (drivers/vfio/pci/vfio_pci_core.c: vfio_pci_vga_init). No file tells whether this kernel does, so
 * this is the one place that looks at a version.
 */
static bool kernel_evicts(const struct vh_draft *d, const struct vh_function *f)
{
	return d->host->kernel_major >= 6 && vh_function_is_vga(f);
}

void vh_draft_framebuffer(struct vh_draft *d)
{
	for (size_t i = 0; i < d->host->firmware_fb_count; i++) {
		const struct vh_firmware_fb *fb = &d->host->firmware_fbs[i];
		const struct vh_function *f = NULL;
		char path[sizeof(((struct vh_step *)0)->path)];
		char text[256];

		if (fb->function >= 0) {
			f = &d->host->functions[fb->function];
		}
		if (!f || fb->driver[0] == '\0' || !vh_selection_has(&d->selection, f)) {
			continue;
		}
		if (kernel_evicts(d, f)) {
			(void)snprintf(
				text, sizeof(text),
				"%s on %s: this kernel removes the firmware's frame buffer for "
				"good when vfio-pci takes the card; a console on it returns "
				"only with a reboot or a real graphics driver",
				fb->device, f->name);
			vh_draft_note(d, text);
			continue;
		}
		(void)snprintf(path, sizeof(path), "sys/bus/platform/drivers/%s/unbind", fb->driver);
		vh_draft_add(
			d,
			&(struct vh_draft_step){
				.kind = VH_STEP_FRAMEBUFFER,
				.device = f->name,
				.path = path,
				.found = fb->driver,
				.wanted = "",
				.extra = fb->device,
				.why = "it occupies the card's memory, and this kernel does not make "
				       "it let go",
			});
	}
}
