/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is known of how cards take a reset, by their ids. Nothing here is read from the card: that
 * one of these is in the host says what to look for, not what will happen. What a function says of
 * itself (reset_method, DevCap) is not in here.
 */

#include <stdint.h>

enum vh_reset_trouble {
	VH_RESET_FINE = 0,      /* nothing known */
	VH_RESET_VENDOR_MODULE, /* the kernel's resets do not revive it, the module vendor-reset can */
	VH_RESET_SOME_BOARDS,   /* works as a rule; single boards are reported not to come back */
	VH_RESET_SHUTDOWN_HANG, /* hangs are reported when a VM ends */
	VH_RESET_APU,        /* graphics of a CPU: a forced stop of the VM is reported to hang it */
	VH_RESET_READS_ONES, /* reported to read ones after a reset by vfio */
	VH_RESET_FLR_FATAL,  /* reported never to come back after a function level reset */
	VH_RESET_FLR_HANG,   /* hangs at one are reported of some machines */
	VH_RESET_NO_BUS,     /* the kernel refuses to reset it by its bus */
};

/**
 * struct vh_reset_known - an entry
 * @first, @last: device ids, both included
 * @family:       as people call it: "Polaris 10", "Navi 31"
 * @source:       where it is reported: "gnif/vendor-reset#65, #97"; "" for a fact of source code
 */
struct vh_reset_known {
	uint16_t vendor;
	uint16_t first;
	uint16_t last;
	enum vh_reset_trouble trouble;
	const char *family;
	const char *source;
};

/* What is known of this id, or NULL. */
const struct vh_reset_known *vh_reset_known(uint16_t vendor, uint16_t device);
