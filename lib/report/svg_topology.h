/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The PCI tree as a drawing: a row for each function, a rounded box around each IOMMU group, and who
 * has the device told by shape, colour and words. The colours are the page's (lib/report/html.c).
 */

#include "lib/base/text.h"
#include "lib/host/topology.h"

enum vh_whose {
	VH_WHOSE_HOST,   /* a driver of the host's has it */
	VH_WHOSE_VM,     /* it is a VM's, by our records */
	VH_WHOSE_VFIO,   /* on vfio-pci, and no record says for whom */
	VH_WHOSE_NOBODY, /* no driver */
	VH_WHOSE_BRIDGE, /* stays where it is */
	VH_WHOSE_MAX,
};

/**
 * struct vh_drawn - what the drawing says of a function
 * @name: of the device, for people
 * @vm:   for VH_WHOSE_VM
 */
struct vh_drawn {
	char name[160];
	char vm[256];
	enum vh_whose whose;
};

/* @vm: that has it by our records, "" for none */
enum vh_whose vh_whose_of(const struct vh_function *f, const char *vm) __attribute__((nonnull));

/* A list that explains the shapes. */
void vh_svg_legend(struct vh_text *out) __attribute__((nonnull));

/* @drawn: one for each of the host's functions. Nothing without functions. */
void vh_svg_topology(const struct vh_topology *t, const struct vh_drawn *drawn, struct vh_text *out)
	__attribute__((nonnull));
