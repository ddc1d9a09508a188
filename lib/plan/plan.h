/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From a picture of the host and a profile to an ordered list of steps. Pure: nothing is read or
 * written here, so what is shown by `plan` is what is done by `detach`. Every refusal is made here,
 * before the first write, and all of them at once.
 */

#include "lib/host/host.h"
#include "lib/plan/step.h"
#include "lib/profile/profile.h"

/* Why a plan is refused; the text is for people, this is for programs and tests. */
enum vh_refusal_kind {
	VH_REFUSED_NO_IOMMU,
	VH_REFUSED_NO_DEVICE,
	VH_REFUSED_OTHER_ID,
	VH_REFUSED_TWICE,
	VH_REFUSED_BRIDGE,
	VH_REFUSED_NO_GROUP,
	VH_REFUSED_GROUP,
	VH_REFUSED_CLAIMED,
	VH_REFUSED_RESERVED,
	VH_REFUSED_IN_VM,
	VH_REFUSED_STUCK,
	VH_REFUSED_DEAD,
	VH_REFUSED_HAS_VFS,
	VH_REFUSED_STORAGE,
	VH_REFUSED_NETWORK,
	VH_REFUSED_HOLDER,
	VH_REFUSED_PROGRAM,
	VH_REFUSED_SERVICE,
	VH_REFUSED_DESKTOP,
	VH_REFUSED_MODULE,
	VH_REFUSED_MAX,
};

/* "no-iommu", "holder", ...: the word in JSON. */
const char *vh_refusal_word(enum vh_refusal_kind kind);

/**
 * struct vh_refusal - one reason, and the way out
 * @device: function it is about, "" for the host as a whole
 */
struct vh_refusal {
	enum vh_refusal_kind kind;
	char device[VH_PCI_ADDRESS_MAX];
	char reason[768];
	char hint[384];
};

/**
 * struct vh_plan - what a detach does
 * @refusals: not empty: nothing may be done
 * @notes:    what the user should know beforehand, e.g. a console that cannot return
 * @devices:  names of all functions that go along, in address order
 */
struct vh_plan {
	struct vh_step_list steps;
	struct vh_refusal *refusals;
	size_t refusal_count;
	struct vh_list notes;
	struct vh_list devices;
};

/**
 * vh_plan_detach() - plan the way out
 * @host: inspected (vh_host_inspect) at each device of @profile
 *
 * Return: 0 also when refused: look at ret->refusal_count. -ENOMEM.
 * Owner: release with vh_plan_done().
 */
int vh_plan_detach(const struct vh_host *host, const struct vh_profile *profile,
		   struct vh_plan *ret) __attribute__((nonnull, warn_unused_result));

/* Does @f leave with one of the profile's devices? */
bool vh_plan_takes(const struct vh_host *host, const struct vh_profile *profile,
		   const struct vh_function *f) __attribute__((nonnull));

/**
 * vh_plan_overlap() - does @device of @profile name what one before it takes along
 * Return: 0, or -EINVAL: err says which two.
 */
int vh_plan_overlap(const struct vh_host *host, const struct vh_profile *profile,
		    const struct vh_profile_device *device, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_plan_in_use() - the first function of the profile's, or of its groups, that the host uses
 * @ret_driver: the driver that has it, which may be that of the firmware's frame buffer
 *
 * Return: NULL if all of them are on vfio-pci or without a driver.
 */
const struct vh_function *vh_plan_in_use(const struct vh_host *host,
					 const struct vh_profile *profile, const char **ret_driver)
	__attribute__((nonnull));

/*
 * Services that serve a driver and keep its cards open: "nvidia-persistenced.service"; NULL behind
 * the last.
 */
const char *vh_plan_driver_unit(const char *driver, size_t index) __attribute__((nonnull));

/**
 * vh_plan_is_held() - is a holder the only thing in the way
 */
bool vh_plan_is_held(const struct vh_plan *plan) __attribute__((nonnull));

/**
 * vh_plan_reverse() - what undoing @steps does, in that order
 * @steps: of a plan, or what a journal says was done
 */
int vh_plan_reverse(const struct vh_step_list *steps, struct vh_step_list *ret)
	__attribute__((nonnull, warn_unused_result));

/* The refusals as one error: the first in full, the others behind it. Return: minus its code. */
int vh_plan_refusal_error(const struct vh_plan *plan, struct vh_error *err)
	__attribute__((nonnull));

/* The text of `plan`: steps with file, old -> new and why; refusals; notes. @back: the way back. */
void vh_plan_render(const struct vh_plan *plan, struct vh_text *out) __attribute__((nonnull));
void vh_plan_render_steps(const struct vh_step_list *steps, bool back, struct vh_text *out)
	__attribute__((nonnull));

void vh_plan_done(struct vh_plan *plan) __attribute__((nonnull));
#define VH_AUTO_PLAN __attribute__((cleanup(vh_plan_done)))
