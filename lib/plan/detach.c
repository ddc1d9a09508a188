/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way out, step by step, in the order that the kernel needs. A reattach is the same list
 * backwards, so a value that later steps change by side effect (power/control: vfio-pci's probe and
 * remove both set it) is recorded first and restored last.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/plan/plan.h"
#include "lib/plan/refuse.h"

#define D "sys/bus/pci/devices/"

/* A reset polls up to 60 s for the device (drivers/pci/pci.h: PCIE_RESET_READY_POLL_MS). */
#define RESET_TIMEOUT_MS 65000U

struct draft {
	const struct vh_host *host;
	const struct vh_profile *profile;
	struct vh_selection selection;
	struct vh_plan *plan;
	bool out_of_memory;
};

bool vh_selection_has(const struct vh_selection *s, const struct vh_function *f)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->functions[i] == f) {
			return true;
		}
	}
	return false;
}

static bool profile_takes(const struct vh_profile *profile, const struct vh_function *f)
{
	for (size_t i = 0; i < profile->device_count; i++) {
		if (vh_pci_address_same_slot(&profile->devices[i].address, &f->address)) {
			return true;
		}
	}
	return false;
}

static const struct vh_profile_device *section_of(const struct draft *d, const struct vh_function *f)
{
	for (size_t i = 0; i < d->profile->device_count; i++) {
		if (vh_pci_address_same_slot(&d->profile->devices[i].address, &f->address)) {
			return &d->profile->devices[i];
		}
	}
	return &d->profile->devices[0];
}

/* The host's list is sorted by address, so the selection is too. */
static int select_functions(struct draft *d)
{
	d->selection.functions =
		calloc(d->host->function_count + 1, sizeof(*d->selection.functions));
	if (!d->selection.functions) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < d->host->function_count; i++) {
		const struct vh_function *f = &d->host->functions[i];

		if (profile_takes(d->profile, f)) {
			d->selection.functions[d->selection.count++] = f;
			if (vh_list_add(&d->plan->devices, f->name)) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

static void add(struct draft *d, enum vh_step_kind kind, const char *device, const char *path,
		const char *found, const char *wanted, const char *why)
{
	struct vh_step step = {.kind = kind, .timeout_ms = d->profile->timeout_ms};

	(void)vh_copy(step.device, sizeof(step.device), device);
	(void)vh_copy(step.path, sizeof(step.path), path);
	(void)vh_copy(step.found, sizeof(step.found), found);
	(void)vh_copy(step.wanted, sizeof(step.wanted), wanted);
	(void)vh_copy(step.why, sizeof(step.why), why);
	if (kind == VH_STEP_RESET && step.timeout_ms < RESET_TIMEOUT_MS) {
		step.timeout_ms = RESET_TIMEOUT_MS;
	}
	if (vh_step_list_add(&d->plan->steps, &step)) {
		d->out_of_memory = true;
	}
}

static struct vh_step *last_step(struct draft *d)
{
	return d->plan->steps.count ? &d->plan->steps.steps[d->plan->steps.count - 1] : NULL;
}

static void add_attribute(struct draft *d, enum vh_step_kind kind, const struct vh_function *f,
			  const char *attribute, const char *found, const char *wanted,
			  const char *why)
{
	char path[sizeof(((struct vh_step *)0)->path)];

	(void)snprintf(path, sizeof(path), D "%s/%s", f->name, attribute);
	add(d, kind, f->name, path, found, wanted, why);
}

static void note(struct draft *d, const char *text)
{
	if (vh_list_add(&d->plan->notes, text)) {
		d->out_of_memory = true;
	}
}

/* First, so that it is undone last: what the function offers now must be there again. */
static void add_return(struct draft *d, const struct vh_function *f)
{
	VH_AUTO_TEXT struct vh_text offers = {0};

	for (enum vh_offer i = 0; i < VH_OFFER_MAX; i++) {
		if (f->offers[i] > 0) {
			vh_text_addf(&offers, "%s%s=%u", offers.len ? "," : "", vh_offer_name(i),
				     f->offers[i]);
		}
	}
	if (offers.len > 0 && !f->is_vfio) {
		char path[sizeof(((struct vh_step *)0)->path)];

		(void)snprintf(path, sizeof(path), D "%s", f->name);
		add(d, VH_STEP_RETURN, f->name, path, vh_text_str(&offers), vh_text_str(&offers),
		    "what works now must work again after the return");
	}
}

/* Before anything is taken away: a missing module must not be found out half-way. */
static void add_module(struct draft *d)
{
	if (!d->host->vfio_loaded) {
		add(d, VH_STEP_MODULE, "", "sys/bus/pci/drivers/vfio-pci", "absent", "loaded",
		    "the VM gets the device through this driver");
	}
}

static void add_power(struct draft *d, const struct vh_function *f)
{
	bool pin = section_of(d, f)->pin_power;

	/* Recorded even when it is not changed: vfio-pci changes it by coming and going. */
	if (f->power_control[0] != '\0') {
		add_attribute(d, VH_STEP_POWER, f, "power/control", f->power_control,
			      pin ? "on" : f->power_control,
			      pin ? "a sleeping device may not wake up for its next driver"
				  : "vfio-pci changes it; it is put back at the end");
	}
}

/*
 * vfio-pci's probe has just set it to auto (vfio_pci_core_register_device). Its remove sets it to
 * on again, and the first record restores what was found: there is nothing to undo here.
 */
static void add_awake(struct draft *d, const struct vh_function *f)
{
	if (f->power_control[0] != '\0' && section_of(d, f)->pin_power) {
		add_attribute(d, VH_STEP_AWAKE, f, "power/control", "auto", "on",
			      "vfio-pci lets an idle device sleep, and some do not wake up");
	}
}

static void add_d3cold(struct draft *d, const struct vh_function *f)
{
	if (f->d3cold_allowed[0] != '\0' && section_of(d, f)->pin_d3cold) {
		add_attribute(d, VH_STEP_D3COLD, f, "d3cold_allowed", f->d3cold_allowed, "0",
			      "some cards do not come back from D3cold");
	}
}

static bool is_on_selection(const struct draft *d, const struct vh_framebuffer *fb)
{
	int index = fb->function;

	if (index < 0 && fb->firmware >= 0) {
		index = d->host->firmware_fbs[fb->firmware].function;
	}
	return index >= 0 && vh_selection_has(&d->selection, &d->host->functions[index]);
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
 * Only when a text console is on this card. The explicit 0 is not optional: without it fbcon can
 * stay bound to a frame buffer that is gone, and the next line printed is a NULL dereference
 * (drivers/video/fbdev/core/fbcon.c: fbcon_fb_unbind; seen on 6.1, 6.12 and 7.2).
 */
static void add_console(struct draft *d)
{
	const struct vh_vtconsole *con = find_fbcon(d->host);
	char path[64];

	for (size_t i = 0; con && i < d->host->framebuffer_count; i++) {
		const struct vh_framebuffer *fb = &d->host->framebuffers[i];

		if (fb->has_console && is_on_selection(d, fb)) {
			(void)snprintf(path, sizeof(path), "sys/class/vtconsole/vtcon%u/bind",
				       con->index);
			add(d, VH_STEP_CONSOLE, "", path, con->bound ? "1" : "0", "0",
			    "the text console is on this card and would crash the kernel if its frame "
			    "buffer went first");
			return;
		}
	}
}

/*
 * vfio-pci itself evicts the firmware frame buffer of a VGA device since 6.0
 * (drivers/vfio/pci/vfio_pci_core.c: vfio_pci_vga_init). No file tells whether this kernel does, so
 * this is the one place that looks at a version.
 */
static bool kernel_evicts(const struct draft *d, const struct vh_function *f)
{
	return d->host->kernel_major >= 6 && vh_function_is_vga(f);
}

static void add_framebuffer(struct draft *d)
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
			note(d, text);
			continue;
		}
		(void)snprintf(path, sizeof(path), "sys/bus/platform/drivers/%s/unbind", fb->driver);
		add(d, VH_STEP_FRAMEBUFFER, f->name, path, fb->driver, "",
		    "it occupies the card's memory, and this kernel does not make it let go");
		if (last_step(d)) {
			(void)vh_copy(last_step(d)->extra, sizeof(last_step(d)->extra), fb->device);
		}
	}
}

/*
 * On all functions before any unbind: nothing may grab a function that is free for a moment, and on
 * kernels before 7.x this write would block behind an unbind that hangs.
 */
static void add_overrides(struct draft *d)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		const struct vh_function *f = d->selection.functions[i];

		if (!f->is_vfio && strcmp(f->driver_override, "vfio-pci") != 0) {
			add_attribute(d, VH_STEP_OVERRIDE, f, "driver_override", f->driver_override,
				      "vfio-pci", "no other driver may take it from here on");
		}
	}
}

static void add_unbind(struct draft *d, const struct vh_function *f)
{
	char path[sizeof(((struct vh_step *)0)->path)];

	if (f->is_vfio || f->driver[0] == '\0') {
		return;
	}
	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/unbind", f->driver);
	add(d, VH_STEP_UNBIND, f->name, path, f->driver, "",
	    vh_function_is_sound(f) ? "sound goes first: it pins the graphics driver"
				    : "the host lets go of the device");
	if (last_step(d)) {
		(void)vh_copy(last_step(d)->extra, sizeof(last_step(d)->extra), f->module);
	}
}

/* Sound first, then last function to first: .1 to .3 keep .0 awake (drivers/pci/quirks.c). */
static void add_unbinds(struct draft *d)
{
	for (size_t i = d->selection.count; i-- > 0;) {
		if (vh_function_is_sound(d->selection.functions[i])) {
			add_unbind(d, d->selection.functions[i]);
		}
	}
	for (size_t i = d->selection.count; i-- > 0;) {
		if (!vh_function_is_sound(d->selection.functions[i])) {
			add_unbind(d, d->selection.functions[i]);
		}
	}
}

/*
 * Enumerated while it was alone on its bus, function .0 of a card lists a `bus` reset that the
 * kernel no longer accepts once .1 is there (drivers/pci/pci.c: pci_init_reset_methods).
 */
static bool has_stale_bus_reset(const struct draft *d, const struct vh_function *f)
{
	for (size_t i = 0; i < d->host->function_count; i++) {
		const struct vh_function *other = &d->host->functions[i];

		if (other != f && strstr(f->reset_method, "bus") &&
		    vh_pci_address_same_slot(&other->address, &f->address)) {
			return true;
		}
	}
	return false;
}

static void add_reset_method(struct draft *d, const struct vh_function *f)
{
	char text[512];

	if (d->profile->reset == VH_RESET_AUTO || f->is_vfio || f->reset_method[0] == '\0') {
		return;
	}
	add_attribute(d, VH_STEP_RESET_METHOD, f, "reset_method", f->reset_method,
		      d->profile->reset == VH_RESET_LIST ? d->profile->reset_method : "",
		      "asked for in [reset] of the profile");
	if (has_stale_bus_reset(d, f)) {
		(void)snprintf(
			text, sizeof(text),
			"%s: its reset_method lists '%s', but 'bus' does not work on a card of "
			"several functions and the kernel will not take it again; after the "
			"return it lists what works",
			f->name, f->reset_method);
		note(d, text);
	}
}

/* Once a slot: the step's other half finds out what works when it is needed. */
static void add_reset(struct draft *d, size_t index)
{
	const struct vh_function *f = d->selection.functions[index];
	bool first =
		index == 0 ||
		!vh_pci_address_same_slot(&d->selection.functions[index - 1]->address, &f->address);

	if (first && d->profile->reset != VH_RESET_NONE && !f->is_vfio) {
		add_attribute(d, VH_STEP_RESET, f, "reset", "", "",
			      "the host driver must not see what the VM left behind");
	}
}

static void add_binds(struct draft *d)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		const struct vh_function *f = d->selection.functions[i];

		if (!f->is_vfio) {
			add(d, VH_STEP_BIND, f->name, "sys/bus/pci/drivers/vfio-pci/bind", "",
			    "vfio-pci", "every function, so that the whole card can be reset");
		}
	}
	for (size_t i = 0; i < d->selection.count; i++) {
		add_awake(d, d->selection.functions[i]);
	}
}

static void add_viable(struct draft *d, size_t index)
{
	const struct vh_function *f = d->selection.functions[index];
	char path[64];

	if (f->group < 0) {
		return;
	}
	for (size_t i = 0; i < index; i++) {
		if (d->selection.functions[i]->group == f->group) {
			return;
		}
	}
	(void)snprintf(path, sizeof(path), "dev/vfio/%d", f->group);
	add(d, VH_STEP_VIABLE, f->name, path, "", "viable",
	    "the kernel's own word that the VM may have the group");
}

static void add_steps(struct draft *d)
{
	size_t count = d->selection.count;

	for (size_t i = 0; i < count; i++) {
		add_return(d, d->selection.functions[i]);
	}
	add_module(d);
	for (size_t i = 0; i < count; i++) {
		add_power(d, d->selection.functions[i]);
	}
	for (size_t i = 0; i < count; i++) {
		add_d3cold(d, d->selection.functions[i]);
	}
	add_console(d);
	add_framebuffer(d);
	add_overrides(d);
	add_unbinds(d);
	for (size_t i = 0; i < count; i++) {
		add_reset_method(d, d->selection.functions[i]);
	}
	for (size_t i = 0; i < count; i++) {
		add_reset(d, i);
	}
	add_binds(d);
	for (size_t i = 0; i < count; i++) {
		add_viable(d, i);
	}
}

int vh_plan_detach(const struct vh_host *host, const struct vh_profile *profile, struct vh_plan *ret)
{
	struct vh_plan plan = {0};
	struct draft d = {.host = host, .profile = profile, .plan = &plan};
	int rc = select_functions(&d);

	if (rc == 0) {
		rc = vh_plan_refuse(host, profile, &d.selection, &plan);
	}
	if (rc == 0) {
		add_steps(&d);
		rc = d.out_of_memory ? -ENOMEM : 0;
	}
	free(d.selection.functions);
	if (rc) {
		vh_plan_done(&plan);
		return rc;
	}
	*ret = plan;
	return 0;
}
