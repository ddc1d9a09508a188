/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of return: what a function offered before it left (DRM node, frame buffer, sound card,
 * network interface, disk, USB bus) is offered again, its connectors answer, and the text console is
 * on it if it was. Drivers may finish probing in the background, so this waits, with the step's
 * deadline.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/return.h"
#include "lib/engine/write.h"
#include "lib/host/console.h"
#include "lib/host/function.h"

/* It moves as the frame buffer appears, which has been waited for by then. */
#define CONSOLE_MS 2000U

/* "drm=1,fb=1,connector=3,console=1": what stands behind @name, 0 if nothing does. */
static unsigned before(const struct vh_step *step, const char *name)
{
	char word[16];
	const char *at;
	unsigned count;

	(void)snprintf(word, sizeof(word), "%s=", name);
	at = strstr(step->found, word);
	if (!at || sscanf(at + strlen(word), "%u", &count) != 1) { // NOLINT(cert-err34-c)
		return 0;
	}
	return count;
}

/*
 * The first kind of which there are fewer than before, or VH_OFFER_MAX. One connector stands for
 * all: those behind a hub (DisplayPort MST) come and go with its cable, and it may be out by now.
 */
static enum vh_offer missing(struct vh_run *run, const struct vh_step *step)
{
	unsigned now[VH_OFFER_MAX];

	vh_function_load_offers(run->sys, step->device, now);
	for (enum vh_offer i = 0; i < VH_OFFER_MAX; i++) {
		unsigned wanted = before(step, vh_offer_name(i));

		if (now[i] < (i == VH_OFFER_CONNECTOR && wanted > 1 ? 1 : wanted)) {
			return i;
		}
	}
	return VH_OFFER_MAX;
}

static int await_offers(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + step->timeout_ms;
	enum vh_offer offer = missing(run, step);

	while (offer != VH_OFFER_MAX) {
		if (run->sys->ops->now_ms(run->sys) >= end_ms) {
			(void)vh_error_set(err, ETIMEDOUT, step->path,
					   "its %s did not come back within %u ms (before: %s)",
					   vh_offer_name(offer), step->timeout_ms, step->found);
			return VH_UNDO_BROKEN;
		}
		run->sys->ops->wait(run->sys, 100);
		offer = missing(run, step);
	}
	return VH_UNDO_OK;
}

/* A card that came back half dead has its nodes and does not answer. */
static int ask_connectors(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list names = {0};

	if (vh_function_connectors(run->sys, step->device, &names)) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	for (size_t i = 0; i < names.count; i++) {
		char status[32];
		int rc = vh_sys_attr_guarded(run->sys, step->timeout_ms, status, sizeof(status),
					     "sys/bus/pci/devices/%s/drm/%s/status", step->device,
					     names.items[i]);

		/* A hub's connector may have gone since it was listed. */
		if (rc && rc != -ENOENT) {
			(void)vh_error_set(err, -rc, step->path,
					   "its connector %s does not answer: %s",
					   vh_basename(names.items[i]), strerror(-rc));
			return VH_UNDO_BROKEN;
		}
	}
	return VH_UNDO_OK;
}

/* As long as a step is left, the console is that step's business. */
static bool expects_console(const struct vh_run *run, const struct vh_step *step)
{
	return before(step, "console") > 0 && run->left.count == 0;
}

static int await_console(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + CONSOLE_MS;
	char elsewhere[64];

	while (!vh_console_is_on(run->sys, step->device, elsewhere, sizeof(elsewhere))) {
		if (run->sys->ops->now_ms(run->sys) >= end_ms) {
			(void)vh_error_set(err, ETIMEDOUT, step->path,
					   "the text console is not on it%s%s%s",
					   elsewhere[0] ? " but on " : "", elsewhere,
					   elsewhere[0] ? "; con2fbmap moves it" : "");
			return VH_UNDO_BROKEN;
		}
		run->sys->ops->wait(run->sys, 100);
	}
	return VH_UNDO_OK;
}

enum vh_offer vh_return_missing(struct vh_run *run, const char *device)
{
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_RETURN && strcmp(step->device, device) == 0) {
			return missing(run, step);
		}
	}
	return VH_OFFER_MAX;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	int rc = await_offers(run, step, err);

	if (rc == VH_UNDO_OK && before(step, vh_offer_name(VH_OFFER_CONNECTOR)) > 0) {
		rc = ask_connectors(run, step, err);
	}
	if (rc == VH_UNDO_OK && expects_console(run, step)) {
		rc = await_console(run, step, err);
	}
	return rc;
}

const struct vh_step_ops vh_step_return = {.undo = undo};
