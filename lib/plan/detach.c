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
#include "lib/plan/draft.h"

bool vh_plan_takes(const struct vh_host *host, const struct vh_profile *profile,
		   const struct vh_function *f)
{
	for (size_t i = 0; i < profile->device_count; i++) {
		if (vh_host_goes_along(host, &profile->devices[i].address, f)) {
			return true;
		}
	}
	return false;
}

static const struct vh_profile_device *section_of(const struct vh_draft *d,
						  const struct vh_function *f)
{
	for (size_t i = 0; i < d->profile->device_count; i++) {
		if (vh_host_goes_along(d->host, &d->profile->devices[i].address, f)) {
			return &d->profile->devices[i];
		}
	}
	return &d->profile->devices[0];
}

/* The host's list is sorted by address, so the selection is too. */
static int select_functions(struct vh_draft *d)
{
	d->selection.functions =
		calloc(d->host->function_count + 1, sizeof(*d->selection.functions));
	if (!d->selection.functions) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < d->host->function_count; i++) {
		const struct vh_function *f = &d->host->functions[i];

		if (vh_plan_takes(d->host, d->profile, f)) {
			d->selection.functions[d->selection.count++] = f;
			if (vh_list_add(&d->plan->devices, f->name)) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

/* Is a text console on its own frame buffer? The firmware's does not return, and is no promise. */
static bool carries_console(const struct vh_host *host, const struct vh_function *f)
{
	for (size_t i = 0; i < host->framebuffer_count; i++) {
		const struct vh_framebuffer *fb = &host->framebuffers[i];

		if (fb->has_console && fb->firmware < 0 && fb->function >= 0 &&
		    &host->functions[fb->function] == f) {
			return true;
		}
	}
	return false;
}

/* Before all other steps, so that it is undone last: what the function offers now must be there again. */
static void add_return(struct vh_draft *d, const struct vh_function *f)
{
	VH_AUTO_TEXT struct vh_text offers = {0};

	for (enum vh_offer i = 0; i < VH_OFFER_MAX; i++) {
		if (f->offers[i] > 0) {
			vh_text_addf(&offers, "%s%s=%u", offers.len ? "," : "", vh_offer_name(i),
				     f->offers[i]);
		}
	}
	if (offers.len > 0 && carries_console(d->host, f)) {
		vh_text_add(&offers, ",console=1");
	}
	if (offers.len > 0 && !f->is_vfio) {
		vh_draft_add_to(d, f, "",
				&(struct vh_draft_step){
					.kind = VH_STEP_RETURN,
					.found = vh_text_str(&offers),
					.wanted = vh_text_str(&offers),
					.why = "what works now must work again after the return",
				});
	}
}

/* Before anything is taken away: a missing module must not be found out half-way. */
static void add_module(struct vh_draft *d)
{
	if (!d->host->vfio_loaded) {
		vh_draft_add(d, &(struct vh_draft_step){
					.kind = VH_STEP_MODULE,
					.path = "sys/bus/pci/drivers/vfio-pci",
					.found = "absent",
					.wanted = "loaded",
					.why = "the VM gets the device through this driver",
				});
	}
}

static void add_power(struct vh_draft *d, const struct vh_function *f)
{
	bool pin = section_of(d, f)->pin_power;

	/* Recorded even when it is not changed: vfio-pci changes it by coming and going. */
	if (f->power_control[0] != '\0') {
		vh_draft_add_to(
			d, f, "power/control",
			&(struct vh_draft_step){
				.kind = VH_STEP_POWER,
				.found = f->power_control,
				.wanted = pin ? "on" : f->power_control,
				.why = pin ? "a sleeping device may not wake up for its next driver"
					   : "vfio-pci changes it; it is put back at the end",
			});
	}
}

/*
 * vfio-pci's probe has just set it to auto (vfio_pci_core_register_device). Its remove sets it to
 * on again, and the first record restores what was found: there is nothing to undo here.
 */
static void add_awake(struct vh_draft *d, const struct vh_function *f)
{
	if (f->power_control[0] != '\0' && section_of(d, f)->pin_power) {
		vh_draft_add_to(
			d, f, "power/control",
			&(struct vh_draft_step){
				.kind = VH_STEP_AWAKE,
				.found = "auto",
				.wanted = "on",
				.why = "vfio-pci lets an idle device sleep, and some do not wake up",
			});
	}
}

static void add_d3cold(struct vh_draft *d, const struct vh_function *f)
{
	if (strcmp(f->d3cold_allowed, "1") == 0 && section_of(d, f)->pin_d3cold) {
		vh_draft_add_to(d, f, "d3cold_allowed",
				&(struct vh_draft_step){
					.kind = VH_STEP_D3COLD,
					.found = f->d3cold_allowed,
					.wanted = "0",
					.why = "some cards do not come back from D3cold",
				});
	}
}

/*
 * On all functions before any unbind: nothing may grab a function that is free for a moment, and on
 * kernels before 7.x this write would block behind an unbind that hangs.
 */
static void add_overrides(struct vh_draft *d)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		const struct vh_function *f = d->selection.functions[i];

		/* Also where it is so already: the way back aims it home meanwhile. */
		if (!f->is_vfio) {
			vh_draft_add_to(d, f, "driver_override",
					&(struct vh_draft_step){
						.kind = VH_STEP_OVERRIDE,
						.found = f->driver_override,
						.wanted = "vfio-pci",
						.why = "no other driver may take it from here on",
					});
		}
	}
}

/*
 * Proxmox binds by writing the id to vfio-pci's new_id, and never takes it back. On the way back
 * this comes after the host driver's bind, so that no trouble with a leftover keeps a card away, and
 * before the override is cleared, which alone keeps vfio-pci off a function without a driver.
 */
static void add_dynamic_ids(struct vh_draft *d)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		const struct vh_function *f = d->selection.functions[i];
		bool again = false;
		char id[16];

		for (size_t j = 0; j < i; j++) {
			const struct vh_function *before = d->selection.functions[j];

			again |= !before->is_vfio && before->vendor == f->vendor &&
				 before->device == f->device;
		}
		if (f->is_vfio || again) {
			continue;
		}
		(void)snprintf(id, sizeof(id), "%04x:%04x", f->vendor, f->device);
		vh_draft_add(d, &(struct vh_draft_step){
					.kind = VH_STEP_DYNAMIC_ID,
					.path = "sys/bus/pci/drivers/vfio-pci/remove_id",
					.found = "",
					.wanted = id,
					.why = "it would give vfio-pci the next card of this kind "
					       "that is free",
				});
	}
}

static void add_unbind(struct vh_draft *d, const struct vh_function *f)
{
	char path[sizeof(((struct vh_step *)0)->path)];

	if (f->is_vfio || f->driver[0] == '\0') {
		return;
	}
	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/unbind", f->driver);
	vh_draft_add(d, &(struct vh_draft_step){
				.kind = VH_STEP_UNBIND,
				.device = f->name,
				.path = path,
				.found = f->driver,
				.wanted = "",
				.extra = f->module,
				.why = vh_function_is_sound(f)
					       ? "sound goes first: it pins the graphics driver"
					       : "the host lets go of the device",
			});
}

/*
 * Sound first, which pins the graphics driver's module, too; then modules, for what leaves with them;
 * then last function to first: .1 to .3 keep .0 awake (drivers/pci/quirks.c).
 */
static void add_unbinds(struct vh_draft *d)
{
	for (size_t i = d->selection.count; i-- > 0;) {
		const struct vh_function *f = d->selection.functions[i];

		if (vh_function_is_sound(f) && !vh_plan_unloads(d, f)) {
			add_unbind(d, f);
		}
	}
	vh_draft_unload_dependents(d);
	vh_draft_rebinds(d);
	vh_draft_unload_drivers(d);
	vh_draft_module_notes(d);
	for (size_t i = d->selection.count; i-- > 0;) {
		const struct vh_function *f = d->selection.functions[i];

		if (!vh_function_is_sound(f) && !vh_plan_unloads(d, f)) {
			add_unbind(d, f);
		}
	}
}

static void add_binds(struct vh_draft *d)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		const struct vh_function *f = d->selection.functions[i];

		if (!f->is_vfio) {
			vh_draft_add(
				d,
				&(struct vh_draft_step){
					.kind = VH_STEP_BIND,
					.device = f->name,
					.path = "sys/bus/pci/drivers/vfio-pci/bind",
					.found = "",
					.wanted = "vfio-pci",
					.why = "every function, so that the whole card can be reset",
				});
		}
	}
	for (size_t i = 0; i < d->selection.count; i++) {
		add_awake(d, d->selection.functions[i]);
	}
}

static void add_viable(struct vh_draft *d, size_t index)
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
	vh_draft_add(d, &(struct vh_draft_step){
				.kind = VH_STEP_VIABLE,
				.device = f->name,
				.path = path,
				.found = "",
				.wanted = "viable",
				.why = "the kernel's own word that the VM may have the group",
			});
}

static void add_steps(struct vh_draft *d)
{
	size_t count = d->selection.count;

	vh_draft_exec_before(d);
	vh_draft_inhibit(d);
	vh_draft_desktop(d);
	vh_draft_services(d);
	vh_draft_holders(d);
	vh_draft_look(d);
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
	vh_draft_vt(d);
	vh_draft_console(d);
	vh_draft_framebuffer(d);
	add_overrides(d);
	if (d->host->proxmox) {
		add_dynamic_ids(d);
	}
	add_unbinds(d);
	for (size_t i = 0; i < count; i++) {
		vh_draft_reset_method(d, d->selection.functions[i]);
	}
	for (size_t i = 0; i < count; i++) {
		vh_draft_reset(d, i);
	}
	add_binds(d);
	for (size_t i = 0; i < count; i++) {
		add_viable(d, i);
	}
	vh_draft_exec_after(d);
}

int vh_plan_detach(const struct vh_host *host, const struct vh_profile *profile, struct vh_plan *ret)
{
	struct vh_plan plan = {0};
	struct vh_draft d = {.host = host, .profile = profile, .plan = &plan};
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
