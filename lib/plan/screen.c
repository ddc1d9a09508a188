/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text console and the firmware's frame buffer, when they are on a card that leaves. */
#include <stdio.h>

#include "lib/plan/draft.h"

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

/*
 * Only when a text console is on this card. The explicit 0 is not optional: without it fbcon can
 * stay bound to a frame buffer that is gone, and the next line printed is a NULL dereference
 * (drivers/video/fbdev/core/fbcon.c: fbcon_fb_unbind; seen on 6.1, 6.12 and 7.2).
 */
void vh_draft_console(struct vh_draft *d)
{
	const struct vh_vtconsole *con = find_fbcon(d->host);
	const char *firmware = "";
	bool here = con && is_hidden_console(d, con);
	char path[64];

	for (size_t i = 0; con && !here && i < d->host->framebuffer_count; i++) {
		const struct vh_framebuffer *fb = &d->host->framebuffers[i];

		if (fb->has_console && is_on_selection(d, fb)) {
			here = true;
			firmware = firmware_name(d, fb);
		}
	}
	if (here) {
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
