/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of return: what a function offered before it left (DRM node, frame buffer, sound card,
 * network interface, disk, USB bus) is offered again. Drivers may finish probing in the background,
 * so this waits, with the step's deadline.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/write.h"
#include "lib/host/function.h"

/* The first kind of which there are fewer than "drm=1,fb=1,..." says, or VH_OFFER_MAX. */
static enum vh_offer missing(struct vh_run *run, const struct vh_step *step)
{
	unsigned now[VH_OFFER_MAX];

	vh_function_load_offers(run->sys, step->device, now);
	for (enum vh_offer i = 0; i < VH_OFFER_MAX; i++) {
		char word[16];
		const char *at;
		unsigned before;

		(void)snprintf(word, sizeof(word), "%s=", vh_offer_name(i));
		at = strstr(step->found, word);
		if (at && sscanf(at + strlen(word), "%u", &before) == 1 && // NOLINT(cert-err34-c)
		    now[i] < before) {
			return i;
		}
	}
	return VH_OFFER_MAX;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
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

const struct vh_step_ops vh_step_return = {.undo = undo};
