/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The parts of vh_domain_patch(), each for a part of the definition. Room: guest/domain*.c only.
 *
 * A part edits the tree and says so in the report, once for each change; what it finds as it should
 * be it neither touches nor mentions. It looks for contradictions before its first edit, though
 * nothing is lost if it does not: after a refusal nobody asks for the text.
 */

#include <stdbool.h>

#include "lib/guest/domain.h"
#include "lib/guest/xml.h"

/**
 * struct vh_domain_edit - one run of vh_domain_patch()
 * @name:   of the definition, for messages
 * @is_kvm: the domain's type is 'kvm', not emulation
 * @is_x86: its architecture is, or is not said
 */
struct vh_domain_edit {
	struct vh_xml *xml;
	xmlNode *root;
	const struct vh_guest_set *set;
	const char *name;
	bool is_kvm;
	bool is_x86;
	struct vh_report *report;
	struct vh_error *err;
};

/*
 * Refuses: err becomes "NAME:LINE: ..." with the line of @at, without one if @at is NULL or new.
 * Returns -EINVAL.
 */
int vh_domain_refuse(struct vh_domain_edit *e, const xmlNode *at, const char *fmt, ...)
	__attribute__((nonnull(1, 3), format(printf, 3, 4)));

/* No memory: -ENOMEM with err. */
int vh_domain_no_memory(struct vh_domain_edit *e) __attribute__((nonnull));

/**
 * vh_domain_alone() - refuses @first if a sibling of the same name follows
 *
 * Of two, libvirt takes the first or the last or both, depending on the element and its version, and
 * its schema refuses them: so do we.
 *
 * Return: 0, also for NULL; -EINVAL with both lines.
 */
int vh_domain_alone(struct vh_domain_edit *e, const xmlNode *first)
	__attribute__((nonnull(1), warn_unused_result));

/**
 * vh_domain_only() - the only child element @name of @parent
 *
 * Return: 0 with *@ret, NULL if there is none or @parent is NULL; -EINVAL: there are two.
 */
int vh_domain_only(struct vh_domain_edit *e, const xmlNode *parent, const char *name, xmlNode **ret)
	__attribute__((nonnull(1, 3, 4), warn_unused_result));

/**
 * vh_domain_add() - a new child element of @parent, where libvirt writes it itself
 * @order: names of elements in libvirt's order, NULL at the end: it is put in front of the first
 *         child that comes later there; NULL for no order: it becomes the last child
 *
 * Does not report: that is one line for an element with all it holds.
 *
 * Return: the element; NULL: no memory (vh_domain_no_memory()).
 */
xmlNode *vh_domain_add(struct vh_domain_edit *e, xmlNode *parent, const char *const *order,
		       const char *name) __attribute__((nonnull(1, 2, 4)));

/**
 * vh_domain_need() - the only child element @name of @parent, added if there is none
 *
 * Return: 1: it was there; 0: it is new; -EINVAL: there are two; -ENOMEM.
 */
int vh_domain_need(struct vh_domain_edit *e, xmlNode *parent, const char *const *order,
		   const char *name, xmlNode **ret)
	__attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/*
 * Sets the attribute if it is not yet so, and reports that with @why: "<ELEMENT ATTRIBUTE='VALUE'>,
 * was 'OLD'". For elements that were there; new ones are set by vh_xml_set() and reported as a whole.
 */
void vh_domain_set(struct vh_domain_edit *e, xmlNode *node, const char *attribute,
		   const char *value, const char *why) __attribute__((nonnull));

/* libvirt's order of the elements of <domain> and of <hostdev>, for vh_domain_add(). */
extern const char *const vh_domain_order[];
extern const char *const vh_domain_hostdev_order[];

/* Is any <hyperv> enlightenment on, besides the vendor id? domain_features.c */
bool vh_domain_is_enlightened(const struct vh_domain_edit *e) __attribute__((nonnull));

/*
 * The parts, in the order they run in. Return: 0; -EINVAL, -ENOMEM with err.
 */

/* <features>: hidden KVM, vendor id, I/O APIC. domain_features.c */
int vh_domain_features(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));
/* <cpu>: passed through, without the hypervisor bit. domain_cpu.c */
int vh_domain_cpu(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));
/* Chipset and firmware cannot be changed in place: refuses. domain_devices.c */
int vh_domain_machine(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));
/*
 * One <hostdev> a function of the set's devices, with ROMs and addresses; for x-vga the display card's
 * has an alias that begins with ua- after it. domain_hostdev.c
 */
int vh_domain_hostdevs(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));
/* No emulated display. domain_devices.c */
int vh_domain_video(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));
/* No balloon. domain_devices.c */
int vh_domain_balloon(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));
/* x-vga. domain_override.c */
int vh_domain_override(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));
/* What QEMU's own arguments undo. domain_arguments.c */
int vh_domain_arguments(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));

/* In place of them all, of a guest that runs or is saved: ROM files. domain_live.c */
int vh_domain_live(struct vh_domain_edit *e) __attribute__((nonnull, warn_unused_result));

/**
 * vh_domain_display_hostdev() - the <hostdev> of the guest's display card
 *
 * That of the set's display device, once vh_domain_hostdevs() has run; if the set names no device,
 * the definition's only PCI hostdev of function 0.
 *
 * Return: 0 with *@ret; -EINVAL with err: there is none, or more than one.
 * domain_hostdev.c
 */
int vh_domain_display_hostdev(struct vh_domain_edit *e, xmlNode **ret)
	__attribute__((nonnull, warn_unused_result));
