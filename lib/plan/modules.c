/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers that leave with their modules. To the kernel both ways are the same for a device: its
 * driver's remove() is called. But a module with a user left does not leave, at once and without
 * harm, where the unbind of some drivers waits in the kernel for that user. What is built on such a
 * module has to leave before it, and the kernel says what that is: no list of names is kept here.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/plan/draft.h"
#include "lib/plan/goes.h"

/*
 * Their remove() waits for as long as anybody uses the device, users inside the kernel included.
 * Source: NVIDIA open-gpu-kernel-modules, kernel-open/nvidia/nv-pci.c: nv_pci_remove_helper() sleeps
 * until usage_count is 0. (snd_hda_intel waits as well, for open files only: those are looked for.)
 */
static const char *const hangs[] = {"nvidia"};

static bool unbind_hangs(const char *driver)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(hangs); i++) {
		if (strcmp(hangs[i], driver) == 0) {
			return true;
		}
	}
	return false;
}

/* NULL: none, or built in. */
static const struct vh_module *find_module(const struct vh_host *host, const char *name)
{
	for (size_t i = 0; name[0] && i < host->module_count; i++) {
		if (strcmp(host->modules[i].name, name) == 0) {
			return &host->modules[i];
		}
	}
	return NULL;
}

static bool wants(const struct vh_going *s, const struct vh_function *f)
{
	if (f->is_vfio || f->driver[0] == '\0') {
		return false;
	}
	switch (s->profile->modules) {
	case VH_MODULES_AUTO:
		return unbind_hangs(f->driver);
	case VH_MODULES_UNLOAD:
		return vh_function_is_display(f);
	case VH_MODULES_KEEP:
	default:
		return false;
	}
}

/* A function that stays on the host and would lose its driver, or NULL. */
static const struct vh_function *find_other(const struct vh_going *s, const char *module)
{
	for (size_t i = 0; i < s->host->function_count; i++) {
		const struct vh_function *f = &s->host->functions[i];

		if (strcmp(f->module, module) == 0 && !vh_selection_has(s->selection, f)) {
			return f;
		}
	}
	return NULL;
}

/* What is built on the driver's module drives something by itself: that is not ours to take. */
static bool is_below_a_driver(const struct vh_host *host, const char *module)
{
	for (size_t i = 0; i < host->module_count; i++) {
		const struct vh_module *m = &host->modules[i];

		if (strcmp(m->base, module) == 0 && strcmp(m->name, module) != 0 && m->drives > 0) {
			return true;
		}
	}
	return false;
}

/* One function that wants it takes along all others that its driver has. */
static bool is_wanted(const struct vh_going *s, const char *module)
{
	for (size_t i = 0; i < s->selection->count; i++) {
		const struct vh_function *f = s->selection->functions[i];

		if (strcmp(f->module, module) == 0 && wants(s, f)) {
			return true;
		}
	}
	return false;
}

static bool unloads(const struct vh_going *s, const struct vh_function *f)
{
	return !f->is_vfio && f->driver[0] && is_wanted(s, f->module) &&
	       find_module(s->host, f->module) && !find_other(s, f->module) &&
	       !is_below_a_driver(s->host, f->module);
}

bool vh_plan_unloads(const struct vh_draft *d, const struct vh_function *f)
{
	struct vh_going s = vh_draft_going(d);

	return unloads(&s, f);
}

/* The first function, in the order of the unbinds, whose driver leaves with @m; or NULL. */
static const struct vh_function *leaves_with(const struct vh_going *s, const struct vh_module *m)
{
	for (size_t i = s->selection->count; i-- > 0;) {
		const struct vh_function *f = s->selection->functions[i];

		if (strcmp(f->module, m->base) == 0 && unloads(s, f)) {
			return f;
		}
	}
	return NULL;
}

static void add_unload(struct vh_draft *d, const struct vh_module *m, const char *why,
		       const char *extra)
{
	struct vh_going s = vh_draft_going(d);
	const struct vh_function *f = leaves_with(&s, m);
	char path[sizeof(((struct vh_step *)0)->path)];

	if (!f) {
		return;
	}
	(void)snprintf(path, sizeof(path), "sys/module/%s", m->name);
	vh_draft_add(d, &(struct vh_draft_step){
				.kind = VH_STEP_UNLOAD,
				.device = f->name,
				.path = path,
				.found = "loaded",
				.wanted = "absent",
				.extra = extra,
				.why = why,
			});
}

/* In the order of the list: each before what it is built on. */
void vh_draft_unload_dependents(struct vh_draft *d)
{
	for (size_t i = 0; i < d->host->module_count; i++) {
		const struct vh_module *m = &d->host->modules[i];

		if (strcmp(m->name, m->base) != 0) {
			char why[192];

			(void)snprintf(why, sizeof(why), "it is built on %s, which leaves", m->base);
			add_unload(d, m, why, "");
		}
	}
}

void vh_draft_rebinds(struct vh_draft *d)
{
	for (size_t i = d->selection.count; i-- > 0;) {
		const struct vh_function *f = d->selection.functions[i];

		if (vh_plan_unloads(d, f)) {
			vh_draft_add_to(d, f, "",
					&(struct vh_draft_step){
						.kind = VH_STEP_REBIND,
						.found = f->driver,
						.wanted = "",
						.extra = f->module,
						.why = "its driver lets go of it by leaving",
					});
		}
	}
}

void vh_draft_unload_drivers(struct vh_draft *d)
{
	for (size_t i = 0; i < d->host->module_count; i++) {
		const struct vh_module *m = &d->host->modules[i];

		if (strcmp(m->name, m->base) == 0) {
			add_unload(d, m, "unlike an unbind it cannot wait for ever for a user",
				   "driver");
		}
	}
}

/* Why a driver is unbound alone although it should leave with its module. */
static void note_alone(struct vh_draft *d, const struct vh_function *f)
{
	struct vh_going s = vh_draft_going(d);
	const struct vh_function *other = find_other(&s, f->module);
	VH_AUTO_TEXT struct vh_text text = {0};

	if (!wants(&s, f) || unloads(&s, f)) {
		return;
	}
	if (!find_module(d->host, f->module)) {
		vh_text_addf(&text, "%s: %s cannot be unloaded: %s", f->name, f->driver,
			     f->module[0] ? "this kernel does not unload modules"
					  : "it is built into the kernel");
	} else if (other) {
		vh_text_addf(&text, "%s: %s stays loaded: it drives %s as well, which stays",
			     f->name, f->module, other->name);
	} else {
		vh_text_addf(&text, "%s: %s stays loaded: a module that needs it drives a device",
			     f->name, f->module);
	}
	if (unbind_hangs(f->driver)) {
		vh_text_add(&text, "; its unbind waits for ever for a user that no open file "
				   "shows, and then only a reboot helps");
	}
	vh_draft_note(d, vh_text_str(&text));
}

void vh_draft_module_notes(struct vh_draft *d)
{
	for (size_t i = 0; i < d->selection.count; i++) {
		note_alone(d, d->selection.functions[i]);
	}
}

/* The text console counts as a user of the module whose frame buffer it is on, and moves away. */
static bool has_console(const struct vh_going *s)
{
	for (size_t i = 0; i < s->host->framebuffer_count; i++) {
		const struct vh_framebuffer *fb = &s->host->framebuffers[i];

		if (fb->has_console && fb->function >= 0 &&
		    vh_selection_has(s->selection, &s->host->functions[fb->function])) {
			return true;
		}
	}
	for (size_t i = 0; i < s->host->vtconsole_count; i++) {
		if (s->host->framebuffer_count == 0 && s->host->vtconsoles[i].is_fbcon &&
		    s->host->vtconsoles[i].bound) {
			return true;
		}
	}
	return false;
}

/*
 * Uses that end by what the plan does before: the console, and the sound side of the card, which
 * pins the module of its graphics driver until it is unbound (snd_hdac_acomp_init;
 * nvidia's has no part in that).
 */
static unsigned explained(const struct vh_going *s)
{
	unsigned count = has_console(s);
	bool pins = false;

	for (size_t i = 0; i < s->selection->count; i++) {
		const struct vh_function *f = s->selection->functions[i];

		pins |= vh_function_is_display(f) && !unbind_hangs(f->driver);
	}
	for (size_t i = 0; pins && i < s->selection->count; i++) {
		const struct vh_function *f = s->selection->functions[i];

		count += vh_function_is_sound(f) && f->driver[0] && !f->is_vfio;
	}
	return count;
}

/*
 * Somebody who is seen goes by other means, or refuses under his own name. Only of the functions whose
 * driver leaves: who listens to the sound side is no user of the graphics driver.
 */
static bool is_held(const struct vh_going *s)
{
	for (size_t i = 0; i < s->selection->count; i++) {
		const struct vh_function *f = s->selection->functions[i];

		if (f->holder_count > 0 && unloads(s, f)) {
			return true;
		}
	}
	return false;
}

static void refuse(struct vh_check *c, const struct vh_module *m, const struct vh_function *f)
{
	vh_refuse_hint(vh_refuse(c, VH_REFUSED_MODULE, f->name,
				 "%s is in use (%u), and no process is seen to use it: %s has to "
				 "leave before %s can be handed over",
				 m->name, m->uses, m->name, f->name),
		       "a service such as nvidia-persistenced or a container may use it, or "
		       "something inside the kernel; if nothing does, the driver has lost count "
		       "(nvidia 595.x does), and only a reboot helps");
}

/*
 * nvidia-drm has a card whose screens it offers in use for as long as it is loaded (modeset=1), so
 * that an unbind can only hang.
 */
static void refuse_endless_unbinds(struct vh_check *c, const struct vh_going *s)
{
	for (size_t i = 0; i < s->selection->count; i++) {
		const struct vh_function *f = s->selection->functions[i];
		bool keep = c->profile->modules == VH_MODULES_KEEP;

		if (f->is_vfio || !unbind_hangs(f->driver) || unloads(s, f) ||
		    f->offers[VH_OFFER_CONNECTOR] == 0) {
			continue;
		}
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_MODULE, f->name,
				  "the unbind of %s would never end: the driver of its screens "
				  "uses it for as long as that is loaded, and %s",
				  f->name,
				  keep ? "the profile keeps the modules"
				       : "the modules cannot be unloaded here"),
			"%s",
			keep ? "leave out 'modules = keep', or load nvidia_drm with modeset=0"
			     : "hand over all cards of this driver, load nvidia_drm with "
			       "modeset=0, or give the card to vfio-pci at boot");
	}
}

void vh_refuse_modules(struct vh_check *c)
{
	const struct vh_going s = {c->host, c->profile, c->selection};
	unsigned free_uses = explained(&s);

	/* The user's own program may end what no file shows. */
	if (c->profile->exec[VH_EXEC_BEFORE_DETACH].command[0]) {
		return;
	}
	refuse_endless_unbinds(c, &s);
	if (is_held(&s)) {
		return;
	}
	for (size_t i = 0; i < c->host->module_count; i++) {
		const struct vh_module *m = &c->host->modules[i];
		const struct vh_function *f = leaves_with(&s, m);

		unsigned more = m->uses > m->holders ? m->uses - m->holders : 0;

		if (f && more > free_uses) {
			refuse(c, m, f);
		}
		/* Each is one user of one module: what made the frame buffer is built on the rest. */
		if (f) {
			free_uses -= more < free_uses ? more : free_uses;
		}
	}
}
