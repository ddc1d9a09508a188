/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A step as data: what is written where, what was found there, why, and how long it may take. The
 * plan orders steps, the engine carries them out, the journal keeps them. Pure: no I/O here.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/text.h"

/*
 * In the order of a detach; a reattach runs them backwards. The position of each is a rule of the
 * kernel, argued where the plan adds it (lib/plan/detach.c).
 */
enum vh_step_kind {
	VH_STEP_EXEC_BEFORE, /* the user's program, before all; its counterpart after all is back */
	VH_STEP_INHIBIT,   /* the host does not sleep from here on; on the way back it may again */
	VH_STEP_SERVICE,   /* a service is stopped; on the way back started, if it was active */
	VH_STEP_SESSION,   /* a login is ended; it does not come back */
	VH_STEP_USER_UNIT, /* a unit of a user's own systemd: as SERVICE */
	VH_STEP_PROCESS,   /* a process is ended; it does not come back */
	VH_STEP_HOLDERS,   /* nobody has a device open any more */
	VH_STEP_RETURN,    /* nothing to do on the way out; on the way back, wait until it works */
	VH_STEP_MODULE,    /* load vfio-pci; stays loaded, another VM may use it by then */
	VH_STEP_POWER,     /* power/control */
	VH_STEP_D3COLD,    /* d3cold_allowed */
	VH_STEP_VT,        /* another virtual terminal in front; on the way back the one that was */
	VH_STEP_CONSOLE,   /* text console off the frame buffer */
	VH_STEP_FRAMEBUFFER, /* firmware frame buffer off the card */
	VH_STEP_OVERRIDE,    /* driver_override */
	VH_STEP_DYNAMIC_ID,  /* nothing on the way out; on the way back vfio-pci forgets an id */
	VH_STEP_UNBIND,      /* host driver lets go; on the way back it is bound again */
	VH_STEP_UNLOAD,      /* a module leaves the kernel; on the way back it is loaded again */
	VH_STEP_REBIND, /* nothing on the way out: its driver's module leaves; back as UNBIND */
	VH_STEP_RESET_METHOD, /* reset_method */
	VH_STEP_RESET,        /* nothing on the way out; on the way back a reset, if a VM had it */
	VH_STEP_BIND,         /* vfio-pci takes it; on the way back it lets go */
	VH_STEP_AWAKE,        /* power/control once more: vfio-pci's probe has set it to auto */
	VH_STEP_VIABLE,       /* the group may be given to a VM, by the kernel's own word */
	VH_STEP_EXEC_AFTER, /* the user's program, after all; its counterpart before the way back */
	VH_STEP_MAX,
	VH_STEP_INVALID = VH_STEP_MAX,
};

/* A whole line of a profile fits. */
#define VH_STEP_VALUE_MAX 200

/**
 * struct vh_step - one step
 * @device: PCI function, or "" when it is about none
 * @path:   file below the root that is written or asked, without leading slash; EXEC: the program;
 *          SERVICE: the unit; SESSION: its id; USER_UNIT: "UID/UNIT"; PROCESS: "proc/PID";
 *          INHIBIT: the transient unit; UNLOAD: "sys/module/NAME"
 * @found:  value before; the plan's expectation, then what the engine really found; EXEC: the
 *          command line of the way back, "" for none
 * @wanted: value after; DYNAMIC_ID: the id that is not to stay, "10de:2204"; EXEC: the command line
 *          of the way out, "" for none
 * @extra:  UNBIND, REBIND: the driver's module, "" if built in · FRAMEBUFFER: the platform device ·
 *          CONSOLE: the firmware frame buffer that carries it, "" if a driver's does ·
 *          SERVICE: "display" for the display manager or the getty behind a desktop ·
 *          SESSION: its user and type, for people ·
 *          USER_UNIT: "draws" if it is not to be started again · PROCESS: its start time, and
 *          " kill" behind it where SIGKILL is allowed · UNLOAD: "driver" for a module that REBIND
 *          loads again · VT: "graphics" or "text", the mode of the one that was in front
 * @why:    one sentence for the person who reads the plan
 */
struct vh_step {
	enum vh_step_kind kind;
	char device[20];
	char path[VH_STEP_VALUE_MAX];
	char found[VH_STEP_VALUE_MAX];
	char wanted[VH_STEP_VALUE_MAX];
	char extra[64];
	char why[192];
	unsigned timeout_ms;
};

/* "console", "unbind", ...: the word in journals and JSON. */
const char *vh_step_word(enum vh_step_kind kind);
/* VH_STEP_INVALID for an unknown word. */
enum vh_step_kind vh_step_kind_of(const char *word) __attribute__((nonnull));
/* What a person reads: "console off the card", and for the way back "console back on the card". */
const char *vh_step_title(enum vh_step_kind kind, bool back);

/* Is @path a file below the root? A unit, a login and a process are none. */
bool vh_step_has_file(const struct vh_step *step) __attribute__((nonnull));

/* What it is about, for people: "/sys/bus/...", "lightdm.service", "c1 (ann, x11)". */
void vh_step_target(const struct vh_step *step, char *buf, size_t size) __attribute__((nonnull));

/* EXEC: lets @path name the program of the command line in @wanted. */
void vh_step_program(struct vh_step *step) __attribute__((nonnull));

/**
 * vh_step_reverse() - what undoing @step writes where, for showing
 * Return: false if there is nothing to do on the way back
 */
bool vh_step_reverse(const struct vh_step *step, struct vh_step *ret) __attribute__((nonnull));

struct vh_step_list {
	struct vh_step *steps;
	size_t count;
};

/* A copy at the end; 0 or -ENOMEM. */
int vh_step_list_add(struct vh_step_list *list, const struct vh_step *step)
	__attribute__((nonnull, warn_unused_result));
void vh_step_list_done(struct vh_step_list *list) __attribute__((nonnull));
