/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the guest's memory fit. VFIO pins all of it when the guest starts: none of it is shared,
 * swapped or given back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"

#define PAGES "sys/kernel/mm/hugepages"

static uint64_t mib(uint64_t kib)
{
	return kib >> 10;
}

static bool reads_given(struct vh_checkup *c, struct vh_guest_facts *facts)
{
	struct vh_error err = {0};

	return vh_guest_facts_read(c, facts, &err) == 0 && facts->given_count > 0;
}

/* --- all of it at once */

static void fits_never(struct vh_checkup *c, const struct vh_guest_facts *facts, uint64_t total)
{
	struct vh_finding *f =
		vh_found(c, VH_FAILURE, "", "the guest wants more memory than the host has");

	vh_seen(f, "%s: %" PRIu64 " MiB; MemTotal of /proc/meminfo: %" PRIu64 " MiB", facts->name,
		mib(facts->memory_kib), mib(total));
	vh_means(f, "With a device, all memory of the guest is pinned when it starts; that cannot "
		    "succeed.");
	vh_remedy(f, "Give the guest less.");
	if (facts->is_pve) {
		vh_remedy_command(f, "qm set %s --memory %" PRIu64, VH_WORD(c->vm), mib(total) / 2);
	} else {
		vh_remedy_command(f, "virsh edit %s", VH_WORD(c->vm));
	}
}

/* What ZFS caches is free when somebody wants it, but not at once, and the kernel does not say so. */
static uint64_t zfs_cache_kib(struct vh_sys *sys)
{
	VH_AUTO_FREE char *text = NULL;
	uint64_t bytes = 0;
	char *line;

	if (vh_sys_read(sys, "proc/spl/kstat/zfs/arcstats", &text)) {
		return 0;
	}
	/* "size    4    8589934592" */
	line = strstr(text, "\nsize ");
	if (line) {
		line++;
		line[strcspn(line, "\n")] = '\0';
		line = strrchr(line, ' ');
	}
	return line && vh_parse_u64(line + 1, 10, UINT64_MAX, &bytes) == 0 ? bytes >> 10 : 0;
}

static void is_tight(struct vh_checkup *c, const struct vh_guest_facts *facts, uint64_t available)
{
	struct vh_finding *f =
		vh_found(c, VH_WARNING, "", "the guest wants more memory than is free now");
	uint64_t zfs = zfs_cache_kib(c->sys);

	vh_seen(f, "%s: %" PRIu64 " MiB; MemAvailable of /proc/meminfo: %" PRIu64 " MiB",
		facts->name, mib(facts->memory_kib), mib(available));
	if (zfs > 0) {
		vh_seen(f, "ZFS caches %" PRIu64 " MiB (/proc/spl/kstat/zfs/arcstats)", mib(zfs));
	}
	vh_means(f, "All of it is pinned when the guest starts: others are swapped out, or killed; "
		    "or the start fails.");
	vh_remedy(f, zfs > 0 ? "Stop other guests, give this one less, or limit ZFS (zfs_arc_max)."
			     : "Stop other guests, or give this one less.");
}

void vh_check_guest_memory(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	uint64_t available = 0;
	uint64_t total = 0;
	struct vh_finding *f;

	/* Huge pages are counted for themselves. */
	if (!reads_given(c, &facts) || facts.memory_kib == 0 || facts.hugepages) {
		return;
	}
	if (vh_meminfo(c->sys, "MemTotal", &total)) {
		f = vh_found(c, VH_UNKNOWN, "", "the host's memory is not known");
		vh_seen(f, "/proc/meminfo: no MemTotal");
		vh_means(f, "Whether %." PRIu64 " MiB for the guest fit was not judged.",
			 mib(facts.memory_kib));
		vh_remedy(f, "Look at it on the host itself.");
		vh_remedy_command(f, "free -m");
		return;
	}
	if (facts.memory_kib > total) {
		fits_never(c, &facts, total);
		return;
	}
	/* A guest that runs has what it wants. */
	if (!vh_guest_runs(c) && vh_meminfo(c->sys, "MemAvailable", &available) == 0 &&
	    facts.memory_kib > available) {
		is_tight(c, &facts, available);
		return;
	}
	f = vh_found(c, VH_PASS, "", "the guest's memory fits");
	vh_seen(f, "%s: %" PRIu64 " MiB; the host has %" PRIu64 " MiB", facts.name,
		mib(facts.memory_kib), mib(total));
	vh_means(f, "All of it is pinned while the guest runs.");
}

/* --- what QEMU may lock */

void vh_check_guest_limit(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_finding *f;

	if (!reads_given(c, &facts) || facts.limit_kib == 0) {
		return;
	}
	if (facts.limit_kib > facts.memory_kib) {
		f = vh_found(c, VH_PASS, "", "QEMU may lock all memory of the guest");
		vh_seen(f, "%s: hard_limit %" PRIu64 " MiB", facts.name, mib(facts.limit_kib));
		return;
	}
	f = vh_found(c, VH_FAILURE, "", "QEMU may not lock all memory of the guest");
	vh_seen(f, "%s: hard_limit %" PRIu64 " MiB, memory %" PRIu64 " MiB", facts.name,
		mib(facts.limit_kib), mib(facts.memory_kib));
	vh_means(f,
		 "A hard limit is also the limit of what QEMU may lock; VFIO locks all memory of "
		 "the guest, and QEMU needs some besides.");
	vh_remedy(f, "Take <hard_limit> out: libvirt sets a limit that fits by itself.");
	vh_remedy_command(f, "virsh edit %s", VH_WORD(c->vm));
}

/* --- huge pages */

/**
 * struct pool - the host's huge pages of the sizes that the guest asks for
 * @kib:     of a page
 * @total, @unused: in kiB; @unused is what a guest can have, pages to be made on demand too
 * @missing: a size that this kernel does not have, 0 for none
 */
struct pool {
	uint64_t kib;
	uint64_t total;
	uint64_t unused;
	uint64_t missing;
};

static void add_pages(struct vh_sys *sys, uint64_t kib, struct pool *pool)
{
	uint64_t number = 0;
	uint64_t more = 0;
	uint64_t surplus = 0;
	uint64_t unused = 0;

	if (vh_sys_attr_u64(sys, 10, &number, PAGES "/hugepages-%" PRIu64 "kB/nr_hugepages", kib)) {
		pool->missing = kib;
		return;
	}
	if (vh_sys_attr_u64(sys, 10, &unused, PAGES "/hugepages-%" PRIu64 "kB/free_hugepages",
			    kib)) {
		unused = number;
	}
	if (vh_sys_attr_u64(sys, 10, &more,
			    PAGES "/hugepages-%" PRIu64 "kB/nr_overcommit_hugepages", kib) == 0 &&
	    vh_sys_attr_u64(sys, 10, &surplus, PAGES "/hugepages-%" PRIu64 "kB/surplus_hugepages",
			    kib) == 0 &&
	    more > surplus) {
		unused += more - surplus;
	}
	pool->kib = kib;
	pool->total += number * kib;
	pool->unused += unused * kib;
}

static bool find_pool(struct vh_checkup *c, const struct vh_guest_facts *facts, struct pool *pool)
{
	for (size_t i = 0; i < facts->page_count; i++) {
		uint64_t kib = facts->page_kib[i];

		if (kib == 0 && vh_meminfo(c->sys, "Hugepagesize", &kib)) {
			return false;
		}
		add_pages(c->sys, kib, pool);
	}
	return vh_sys_exists(c->sys, PAGES);
}

static void no_such_size(struct vh_checkup *c, const struct vh_guest_facts *facts,
			 const struct pool *pool)
{
	struct vh_finding *f = vh_found(
		c, VH_FAILURE, "", "the host has no huge pages of %" PRIu64 " KiB", pool->missing);

	vh_seen(f, "%s asks for them; /%s/hugepages-%" PRIu64 "kB: none", facts->name, PAGES,
		pool->missing);
	vh_means(f, "The VM does not start.");
	vh_remedy(f, "Ask for a size that this kernel has.");
	vh_remedy_command(f, "ls /%s", PAGES);
}

static void too_few(struct vh_checkup *c, const struct vh_guest_facts *facts,
		    const struct pool *pool)
{
	/* Proxmox makes them itself when the VM starts, if memory is not in pieces by then. */
	struct vh_finding *f =
		vh_found(c, facts->is_pve ? VH_WARNING : VH_FAILURE, "",
			 facts->is_pve ? "the guest's huge pages must be made when it starts"
				       : "there are not enough huge pages for the guest");

	vh_seen(f,
		"%s: %" PRIu64 " MiB in huge pages; free below /%s: %" PRIu64 " MiB of %" PRIu64
		" MiB",
		facts->name, mib(facts->memory_kib), PAGES, mib(pool->unused), mib(pool->total));
	if (facts->is_pve) {
		vh_means(f, "Proxmox does that, but finds whole pages only while memory is not in "
			    "pieces; after days of uptime the start may fail.");
	} else {
		vh_means(f,
			 "The VM does not start, unless something makes them just before, such as "
			 "a before-detach program of the profile.");
	}
	vh_remedy(f, "Make them early, best at boot; or take huge pages out of the definition.");
	if (pool->kib > 0) {
		vh_remedy_command(f, "echo %" PRIu64 " > /%s/hugepages-%" PRIu64 "kB/nr_hugepages",
				  (pool->total -
				   (pool->unused < pool->total ? pool->unused : pool->total) +
				   facts->memory_kib + pool->kib - 1) /
					  pool->kib,
				  PAGES, pool->kib);
	}
}

void vh_check_guest_hugepages(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct pool pool = {0};
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err) || !facts.hugepages) {
		return;
	}
	if (!find_pool(c, &facts, &pool)) {
		f = vh_found(c, VH_UNKNOWN, "", "the host's huge pages are not known");
		vh_seen(f, "/%s, /proc/meminfo: nothing", PAGES);
		vh_means(f, "The guest asks for huge pages, and does not start without.");
		vh_remedy(f, "Look at it on the host itself.");
		vh_remedy_command(f, "grep Huge /proc/meminfo");
	} else if (pool.missing) {
		no_such_size(c, &facts, &pool);
	} else if (pool.unused < facts.memory_kib && !vh_guest_runs(c)) {
		too_few(c, &facts, &pool);
	} else {
		f = vh_found(c, VH_PASS, "", "there are huge pages for the guest");
		vh_seen(f, "%s: %" PRIu64 " MiB; /%s: %" PRIu64 " MiB", facts.name,
			mib(facts.memory_kib), PAGES, mib(pool.total));
	}
}

/* --- ballooning */

void vh_check_guest_balloon(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_finding *f;

	if (!reads_given(c, &facts)) {
		return;
	}
	if (!facts.balloons) {
		f = vh_found(c, VH_PASS, "", "no balloon takes memory from the guest");
		vh_seen(f, "%s: it starts with all of its %" PRIu64 " MiB", facts.name,
			mib(facts.memory_kib));
		return;
	}
	f = vh_found(c, VH_WARNING, "", "a balloon takes memory from the guest for nothing");
	vh_seen(f, "%s: %s %" PRIu64 " MiB, memory %" PRIu64 " MiB", facts.name,
		facts.is_pve ? "balloon" : "currentMemory", mib(facts.now_kib),
		mib(facts.memory_kib));
	vh_means(f, "With a device all memory of the guest is pinned: the guest loses what the "
		    "balloon takes, and the host does not get it.");
	if (facts.is_pve) {
		vh_remedy(f, "Switch the balloon off, and give the guest what it shall have.");
		vh_remedy_command(f, "qm set %s --balloon 0", VH_WORD(c->vm));
	} else {
		vh_remedy(f, "Make currentMemory the same as memory. To take the device "
			     "out, set balloon = none in [guest] of the profile, and run "
			     "patch.");
		vh_remedy_command(f, "virsh setmem %s %" PRIu64 "M --config", VH_WORD(c->vm),
				  mib(facts.memory_kib));
	}
}
