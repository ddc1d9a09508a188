/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a check gets, and how it answers. A check reads @sys and what is already read for it; it never
 * writes. Room: checks/ only.
 */

#include "lib/checks/checks.h"
#include "lib/host/host.h"
#include "lib/plan/plan.h"
#include "lib/profile/profile.h"
#include "lib/proxmox/proxmox.h"

/* What the VM belongs to. */
enum vh_platform {
	VH_PLATFORM_NONE, /* nothing here runs VMs that we know */
	VH_PLATFORM_LIBVIRT,
	VH_PLATFORM_PROXMOX,
};

/* What a check cannot do without; where it is missing the check is not run. */
enum vh_need {
	VH_NEEDS_NOTHING,
	VH_NEEDS_VM,         /* a VM was named */
	VH_NEEDS_PROFILE,    /* and its profile loads */
	VH_NEEDS_DEFINITION, /* and its definition can be read: @xml or @pve */
};

/**
 * struct vh_checkup - the patient
 * @host:     taken once; the profile's slots are inspected
 * @vm:       "" without one
 * @profile:  valid if @has_profile; else @profile_rc and @profile_error say why not (-ENOENT: none)
 * @host_error: why it is empty; code 0 if it is not
 * @plan:     of its detach, valid if @has_plan
 * @platform: of the VM; without one, of the host
 * @xml:      libvirt's definition, NULL if there is none or it cannot be read: @definition_error
 * @pve:      Proxmox's configuration, valid if @has_pve
 * @check:    the one that runs
 */
struct vh_checkup {
	struct vh_sys *sys;
	bool captured;
	bool is_root;
	struct vh_host host;
	struct vh_error host_error;
	const char *vm;
	bool has_profile;
	int profile_rc;
	struct vh_profile profile;
	struct vh_error profile_error;
	bool has_plan;
	struct vh_plan plan;
	enum vh_platform platform;
	char *xml;
	struct vh_pve_guest pve;
	bool has_pve;
	struct vh_error definition_error;

	const struct vh_check *check;
	struct vh_diagnosis *diagnosis;
};

/**
 * struct vh_check - an entry of a table
 * @id:  "iommu.active": stage or topic, a dot, a word; NULL ends the table
 * @run: adds one finding or more; what does not apply it says with VH_NOT_APPLICABLE
 */
struct vh_check {
	const char *id;
	enum vh_stage stage;
	enum vh_need needs;
	void (*run)(struct vh_checkup *c);
};

/* One table a file of that name; the order in which they run is in diagnose.c. */
extern const struct vh_check vh_checks_iommu[];  /* CPU, firmware, command line, remapping */
extern const struct vh_check vh_checks_kernel[]; /* versions with known defects, vfio's modules */
extern const struct vh_check vh_checks_groups[]; /* ACS, override, reserved regions */
extern const struct vh_check vh_checks_leftovers[]; /* what guides left behind */
extern const struct vh_check vh_checks_records[];   /* journals, stuck writes, who watches */
extern const struct vh_check vh_checks_profile[];   /* does it load; what the plan refuses */
extern const struct vh_check vh_checks_device[];   /* each device: driver, power, BARs, link, ROM */
extern const struct vh_check vh_checks_reset[];    /* each device: how it is reset, known defects */
extern const struct vh_check vh_checks_hook[];     /* installed, seen, others in the way */
extern const struct vh_check vh_checks_confined[]; /* AppArmor, SELinux */
extern const struct vh_check vh_checks_logs[];
extern const struct vh_check vh_checks_guest[];   /* the definition, both platforms */
extern const struct vh_check vh_checks_cluster[]; /* HA, migration, other nodes */
extern const struct vh_check vh_checks_speed[];   /* link, hugepages, governor, topology */

/**
 * vh_found() - add a finding of the check that runs
 * @subject: "" for none
 * @fmt:     its title
 *
 * Return: the finding, to be filled with the functions below at once: the next vh_found() may move
 * it. Never NULL: without memory it is a spare one.
 */
struct vh_finding *vh_found(struct vh_checkup *c, enum vh_verdict verdict, const char *subject,
			    const char *fmt, ...) __attribute__((nonnull, format(printf, 4, 5)));

/* Adds to @seen, with "; " between. */
void vh_seen(struct vh_finding *f, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));
/* Each sets the text. */
void vh_means(struct vh_finding *f, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));
void vh_remedy(struct vh_finding *f, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));
/* The same for @hint, an error's or a refusal's, which is made a sentence. */
void vh_remedy_hint(struct vh_finding *f, const char *hint) __attribute__((nonnull));
void vh_remedy_command(struct vh_finding *f, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));

/* Room for a VM's name, or a path of a definition, with every byte quoted. */
#define VH_QUOTED_MAX 1600

/* @word as one word of a POSIX shell, quoted if it needs to be: for commands. Returns @buf. */
const char *vh_quote_word(char buf[VH_QUOTED_MAX], const char *word) __attribute__((nonnull));
#define VH_WORD(word) vh_quote_word((char[VH_QUOTED_MAX]){""}, (word))

/* -@rc says that we may not see it: never a word on what is there, but by root of the running host. */
bool vh_checkup_unseen(const struct vh_checkup *c, int rc) __attribute__((nonnull));

/* The profile's device that stands for this function, or NULL. */
const struct vh_profile_device *vh_checkup_device(const struct vh_checkup *c,
						  const struct vh_function *f)
	__attribute__((nonnull));

/* Does this function leave with the profile? false without a profile. */
bool vh_checkup_takes(const struct vh_checkup *c, const struct vh_function *f)
	__attribute__((nonnull));

/**
 * vh_checkup_begin() - read what all checks share
 *
 * What cannot be read is no failure of this: the checks say so.
 *
 * Return: 0; -EINVAL; -ENOMEM. Owner: release with vh_checkup_end() in any case.
 */
int vh_checkup_begin(struct vh_checkup *c, const struct vh_doctor *doctor,
		     struct vh_diagnosis *diagnosis, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
void vh_checkup_end(struct vh_checkup *c) __attribute__((nonnull));

/* No text of it was lost for want of memory. */
bool vh_diagnosis_is_whole(const struct vh_diagnosis *d) __attribute__((nonnull));
