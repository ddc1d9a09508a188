/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card's windows into memory. Sources: drivers/pci/pci-sysfs.c: resource_show(),
 * include/linux/ioport.h for the flags, drivers/pci/rebar.c for sizes, PCI 3.0 6.2.5.1 for the low bits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/device_parts.h"
#include "lib/host/config_space.h"

#define BARS     6
#define FOUR_GIB (UINT64_C(1) << 32)
#define INTEL    0x8086

#define FLAG_IO       UINT64_C(0x00000100)
#define FLAG_PREFETCH UINT64_C(0x00002000)
#define FLAG_MEM_64   UINT64_C(0x00100000)
#define FLAG_UNSET    UINT64_C(0x20000000)

/**
 * struct bar - one window
 * @wanted:  the card has it, and the kernel knows its size
 * @placed:  and it has an address
 * @sizes:   bit n: it could be 2^(n + 20) bytes; 0: not resizable, or this kernel does not say
 */
struct bar {
	uint64_t start;
	uint64_t size;
	uint64_t flags;
	bool wanted;
	bool placed;
	uint64_t sizes;
};

static bool read_bars(struct vh_checkup *c, const struct vh_function *f, struct bar bars[BARS])
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	char *at;

	memset(bars, 0, BARS * sizeof(bars[0]));
	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/resource", f->name);
	if (vh_sys_read(c->sys, path, &text)) {
		return false;
	}
	at = text;
	for (size_t i = 0; i < BARS; i++) {
		struct bar *b = &bars[i];
		uint64_t end;

		b->start = strtoull(at, &at, 16);
		end = strtoull(at, &at, 16);
		b->flags = strtoull(at, &at, 16);
		b->wanted = b->flags != 0 && end > b->start;
		b->size = b->wanted ? end - b->start + 1 : 0;
		b->placed = b->wanted && b->start != 0 && !(b->flags & FLAG_UNSET);
		if (vh_sys_attr_u64(c->sys, 16, &b->sizes,
				    "sys/bus/pci/devices/%s/resource%zu_resize", f->name, i)) {
			b->sizes = 0;
		}
	}
	return true;
}

/*
 * One that the kernel gave up has an empty line as one that is not there has. But its register says
 * what it wants, even without an address: 64 bits, prefetchable, or I/O.
 */
static void ask_registers(struct vh_checkup *c, const struct vh_function *f, struct bar bars[BARS])
{
	struct vh_config_space config;
	unsigned bar = 0;

	if (f->is_vf || f->dead || vh_config_read(c->sys, f->name, VH_DEVICE_TIMEOUT_MS, &config) ||
	    config.len < 0x28) {
		return;
	}
	for (; bar < BARS; bar++) {
		uint32_t value = vh_config_u32(&config, 0x10 + 4 * bar);

		if (value == UINT32_MAX) {
			return;
		}
		if (!bars[bar].wanted && (value & 0xfU) != 0) {
			bars[bar].wanted = true;
			bars[bar].flags = value & 1U ? FLAG_IO : 0;
		}
		if ((value & 0x7U) == 0x4) {
			bar++; /* the next register is its upper half */
		}
	}
}

/* "256 MiB"; returns @buf. */
static const char *size_text(uint64_t size, char buf[32])
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	while (size >= 1024 && size % 1024 == 0 && unit + 1 < VH_ARRAY_SIZE(units)) {
		size /= 1024;
		unit++;
	}
	(void)snprintf(buf, 32, "%" PRIu64 " %s", size, units[unit]);
	return buf;
}

/* "256 MiB, 512 MiB": those the card offers. */
static void sizes_text(uint64_t sizes, struct vh_text *ret)
{
	for (unsigned bit = 0; bit < 44; bit++) {
		char buf[32];

		if (sizes >> bit & 1) {
			vh_text_addf(ret, "%s%s", ret->len ? ", " : "",
				     size_text(UINT64_C(1) << (bit + 20), buf));
		}
	}
}

static void report_unplaced(struct vh_checkup *c, const struct vh_function *f, size_t index,
			    const struct bar *b)
{
	char buf[32];
	/* A quirk of the kernel's may have hidden one that only its register speaks of. */
	struct vh_finding *found = vh_found(c, b->size ? VH_FAILURE : VH_WARNING, f->name,
					    "its memory window BAR %zu has no address", index);

	if (b->size) {
		vh_seen(found, "/sys/bus/pci/devices/%s/resource, line %zu: %s at no address",
			f->name, index + 1, size_text(b->size, buf));
	} else {
		vh_seen(found, "/sys/bus/pci/devices/%s/resource, line %zu: empty", f->name,
			index + 1);
		vh_seen(found, "its configuration space has a BAR %zu", index);
	}
	vh_means(found,
		 "Neither the firmware nor the kernel found room for it. A driver cannot use "
		 "the card like this, in the host or in the guest.");
	vh_remedy(found, "Switch on \"Above 4G Decoding\" in the firmware setup. If it "
			 "is on, boot with pci=realloc, and look at what the kernel "
			 "says.");
	vh_remedy_command(found, "dmesg | grep -i -e 'BAR %zu' -e 'no space for'", index);
}

/* For a display: how much of its memory is to be seen at once, and where. */
static void report_window(struct vh_checkup *c, const struct vh_function *f, size_t index,
			  const struct bar *b)
{
	VH_AUTO_TEXT struct vh_text sizes = {0};
	bool low = b->start < FOUR_GIB;
	char buf[32];
	struct vh_finding *found = vh_found(c, VH_PASS, f->name,
					    "its window of memory, BAR %zu, has %s", index,
					    size_text(b->size, buf));

	sizes_text(b->sizes, &sizes);
	vh_seen(found, "/sys/bus/pci/devices/%s/resource, line %zu: 0x%" PRIx64, f->name, index + 1,
		b->start);
	if (b->sizes) {
		vh_seen(found, "resource%zu_resize: %s", index, vh_text_str(&sizes));
		vh_means(found,
			 "The window can be resized, and the guest gets it with the "
			 "size that it has now%s.",
			 low ? ". It is below 4 GiB: more needs \"Above 4G Decoding\" in the "
			       "firmware setup"
			     : "");
	} else if (low) {
		vh_means(found,
			 "It is below 4 GiB; \"Above 4G Decoding\" in the firmware setup puts "
			 "it above, where there is room.");
	}
}

/* An Arc is a card of its own, behind a port; the graphics of a CPU are on a root bus. */
static void warn_of_arc(struct vh_checkup *c, const struct vh_function *f, const struct bar *b)
{
	struct vh_finding *found;
	char buf[32];

	if (f->vendor != INTEL || f->parent[0] == '\0' || b->size <= UINT64_C(256) << 20) {
		return;
	}
	found = vh_found(c, VH_WARNING, f->name,
			 "freezes of the host are reported for Arc cards with a large "
			 "window of memory (BAR)");
	vh_seen(found, "/sys/bus/pci/devices/%s/resource: %s", f->name, size_text(b->size, buf));
	vh_seen(found, "reported in intel/compute-runtime#880");
	vh_means(found, "Most run well with it. If this host freezes when the VM "
			"starts, the room for that window, in the host or in the "
			"guest, is the first thing to look at.");
	vh_remedy(found, "If this host freezes, boot it with pci=realloc, give the "
			 "guest more room (-global q35-pcihost.pci-hole64-size=2048G "
			 "among QEMU's arguments), or switch Resizable BAR off in the "
			 "firmware setup.");
}

static void judge_windows(struct vh_checkup *c, const struct vh_function *f,
			  const struct bar bars[BARS])
{
	const struct bar *largest = NULL;

	for (size_t i = 0; i < BARS; i++) {
		if (bars[i].placed && (bars[i].flags & FLAG_PREFETCH || bars[i].sizes) &&
		    (bars[i].flags & FLAG_MEM_64 || bars[i].sizes) &&
		    (!largest || bars[i].size > largest->size)) {
			largest = &bars[i];
		}
	}
	if (largest) {
		report_window(c, f, (size_t)(largest - bars), largest);
		warn_of_arc(c, f, largest);
	}
}

void vh_check_device_bars(struct vh_checkup *c)
{
	const struct vh_function *f;
	bool fine = true;
	size_t read = 0;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		struct bar bars[BARS];

		if (f->dead || !read_bars(c, f, bars)) {
			continue;
		}
		read++;
		ask_registers(c, f, bars);
		for (size_t i = 0; i < BARS; i++) {
			if (bars[i].wanted && !bars[i].placed && !(bars[i].flags & FLAG_IO)) {
				report_unplaced(c, f, i, &bars[i]);
				fine = false;
			}
		}
		if (vh_function_is_display(f)) {
			judge_windows(c, f, bars);
		}
	}
	if (fine && read > 0) {
		vh_seen(vh_found(c, VH_PASS, "", "all memory windows have an address"),
			"/sys/bus/pci/devices/*/resource of %zu function%s", read,
			read == 1 ? "" : "s");
	}
}
