/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel: its version, its modules, the options that vfio-pci was loaded with. */
#include "lib/checks/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define OSRELEASE "proc/sys/kernel/osrelease"

/* --- versions with known defects */

/* Which cards a defect is about. */
enum card {
	CARD_WITH_FUNCTIONS, /* more than one: a GPU with its audio */
	CARD_RDNA3,
};

/**
 * struct defect - a version that users reported
 * @version: the release begins with it, and what follows is no digit
 */
struct defect {
	const char *version;
	enum card card;
	const char *what;
	const char *source;
};

static const struct defect defects[] = {
	{"6.14.2", CARD_WITH_FUNCTIONS,
	 "The reset of a GPU with more than one function is broken: it hangs when its VM is "
	 "rebooted or shut down",
	 "zen-kernel/zen-kernel#380"},
	{"6.12.23", CARD_WITH_FUNCTIONS,
	 "The reset of a GPU with more than one function is broken: it hangs when its VM is "
	 "rebooted or shut down",
	 "zen-kernel/zen-kernel#380"},
	{"6.15", CARD_RDNA3,
	 "After some hand-overs of an RDNA 3 card the host hangs at the VM's end; 6.14 did not",
	 "void-linux/void-packages#56829, bugzilla.kernel.org 220471"},
	{"6.16", CARD_RDNA3,
	 "After some hand-overs of an RDNA 3 card the host hangs at the VM's end; 6.14 did not",
	 "void-linux/void-packages#56829, bugzilla.kernel.org 220471"},
};

static bool has_more_functions(const struct vh_host *host, const struct vh_function *f)
{
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *other = &host->functions[i];

		if (other != f && vh_host_goes_along(host, &f->address, other)) {
			return true;
		}
	}
	return false;
}

/* Navi 31, 32 and 33. */
static bool is_rdna3(const struct vh_function *f)
{
	return f->vendor == 0x1002 && f->device >= 0x7440 && f->device <= 0x749f;
}

static const struct vh_function *concerned(const struct vh_host *host, enum card card)
{
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (vh_function_is_display(f) && f->parent[0] &&
		    (card == CARD_RDNA3 ? is_rdna3(f) : has_more_functions(host, f))) {
			return f;
		}
	}
	return NULL;
}

static bool is_version(const char *release, const char *version)
{
	size_t len = strlen(version);

	return strncmp(release, version, len) == 0 && !isdigit((unsigned char)release[len]);
}

static void report_defect(struct vh_checkup *c, const struct defect *defect, const char *release,
			  const struct vh_function *card)
{
	struct vh_finding *f =
		vh_found(c, VH_WARNING, card->name,
			 "this kernel is reported to break the reset of such a card");

	vh_seen(f, "/" OSRELEASE ": %s", release);
	vh_means(f, "%s (%s).", defect->what, defect->source);
	vh_remedy(f, "Use a kernel before or after it; tell your distribution if it is its current "
		     "one.");
}

static void check_release(struct vh_checkup *c)
{
	char release[128];
	struct vh_finding *f;
	bool bad = false;
	int rc = vh_sys_attr(c->sys, release, sizeof(release), OSRELEASE);

	if (rc) {
		f = vh_found(c, VH_UNKNOWN, "", "which kernel runs could not be seen");
		vh_seen(f, "/" OSRELEASE ": %s", strerror(-rc));
		vh_means(f, "Whether it has defects that are known is not known either.");
		vh_remedy(f, "Look at it on the host itself.");
		return;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(defects); i++) {
		const struct vh_function *card = concerned(&c->host, defects[i].card);

		if (card && is_version(release, defects[i].version)) {
			report_defect(c, &defects[i], release, card);
			bad = true;
		}
	}
	if (!bad) {
		f = vh_found(c, VH_PASS, "", "no defect is known of this kernel with these cards");
		vh_seen(f, "/" OSRELEASE ": %s", release);
	}
}

/* --- its modules */

/**
 * struct modules - where those of the running kernel are
 * @any: some kernel's are there
 * @dir: of the running one's, "" if it is not there
 */
struct modules {
	char release[128];
	bool any;
	char dir[VH_PATH_MAX];
};

static void find_modules(struct vh_sys *sys, struct modules *m)
{
	/* The last is NixOS'. */
	static const char *const dirs[] = {"lib/modules", "usr/lib/modules",
					   "run/booted-system/kernel-modules/lib/modules"};

	*m = (struct modules){0};
	if (vh_sys_attr(sys, m->release, sizeof(m->release), OSRELEASE)) {
		return;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(dirs) && m->dir[0] == '\0'; i++) {
		VH_AUTO_LIST struct vh_list names = {0};

		if (vh_sys_list(sys, &names, "%s", dirs[i])) {
			continue;
		}
		m->any |= names.count > 0;
		if (vh_list_has(&names, m->release)) {
			(void)snprintf(m->dir, sizeof(m->dir), "%.200s/%s", dirs[i], m->release);
		}
	}
}

static void check_modules(struct vh_checkup *c)
{
	struct modules m;
	struct vh_finding *f;

	find_modules(c->sys, &m);
	if (m.release[0] == '\0') {
		return;
	}
	if (m.dir[0]) {
		f = vh_found(c, VH_PASS, "", "the modules of the running kernel are there");
		vh_seen(f, "/%s", m.dir);
		return;
	}
	if (!m.any) {
		f = vh_found(c, VH_UNKNOWN, "",
			     "where the modules of the running kernel are is not known");
		vh_seen(f, "/lib/modules: empty or not there");
		vh_means(f, "A module that is not loaded yet may be out of reach.");
		vh_remedy(f, "Check that vfio-pci can be loaded.");
		return;
	}
	f = vh_found(c, VH_FAILURE, "", "the modules of the running kernel are gone from the disk");
	vh_seen(f, "/" OSRELEASE ": %s", m.release);
	vh_seen(f, "/lib/modules/%s: not there, though others are", m.release);
	vh_means(f,
		 "The kernel was replaced by an upgrade and still runs: no module can be loaded any "
		 "more, neither vfio-pci nor the driver of a card that returns.");
	vh_remedy(f, "Reboot into the new kernel.");
}

/* --- vfio's own */

enum presence {
	ABSENT,
	UNSEEN,
	ON_DISK,
	PRESENT,
};

/* Is "/NAME.ko" with any compression in the list, '-' and '_' alike? */
static bool lists(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(text, ".ko"); at; at = strstr(at + 1, ".ko")) {
		const char *start;
		size_t i = 0;

		if ((size_t)(at - text) <= len || at[-(ptrdiff_t)len - 1] != '/') {
			continue;
		}
		start = at - len;
		while (i < len && (start[i] == name[i] || (start[i] == '-' && name[i] == '_'))) {
			i++;
		}
		if (i == len) {
			return true;
		}
	}
	return false;
}

static enum presence presence_of(struct vh_sys *sys, const struct modules *m, const char *name)
{
	static const char *const indexes[] = {"modules.dep", "modules.builtin"};
	enum presence ret = UNSEEN;
	char path[VH_PATH_MAX + 32];

	if (vh_sys_exists(sys, "sys/module/%s", name)) {
		return PRESENT;
	}
	for (size_t i = 0; m->dir[0] && i < VH_ARRAY_SIZE(indexes); i++) {
		VH_AUTO_FREE char *text = NULL;

		(void)snprintf(path, sizeof(path), "%s/%s", m->dir, indexes[i]);
		if (vh_sys_read(sys, path, &text)) {
			return UNSEEN;
		}
		if (lists(text, name)) {
			return i == 0 ? ON_DISK : PRESENT;
		}
		ret = ABSENT;
	}
	return ret;
}

static void report_absent(struct vh_checkup *c, const struct modules *m, const char *name)
{
	/* Its successor can do, where QEMU and the platform use that. */
	bool other = strcmp(name, "vfio_iommu_type1") == 0 &&
		     presence_of(c->sys, m, "iommufd") >= ON_DISK;
	struct vh_finding *f = vh_found(c, other ? VH_WARNING : VH_FAILURE, name,
					"this kernel has no such module");

	vh_seen(f, "/sys/module/%s: not there", name);
	vh_seen(f, "/%s/modules.dep and modules.builtin: without it", m->dir);
	if (other) {
		vh_seen(f, "iommufd: there");
	}
	vh_means(f, other ? "Only a QEMU that is told to use iommufd instead can get a device."
			  : "QEMU gets a device by it, or runs by it; without it no passthrough "
			    "works.");
	vh_remedy(f, "Install the package of the kernel that has all modules (some clouds' and "
		     "minimal kernels lack it), or build it with vfio and KVM, and reboot.");
}

static void check_vfio(struct vh_checkup *c)
{
	static const char *const names[] = {"vfio_pci", "vfio_iommu_type1", "kvm"};
	VH_AUTO_TEXT struct vh_text loaded = {0};
	VH_AUTO_TEXT struct vh_text unseen = {0};
	bool absent = false;
	struct modules m;
	struct vh_finding *f;

	find_modules(c->sys, &m);
	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		enum presence is = presence_of(c->sys, &m, names[i]);

		if (is == ABSENT) {
			absent = true;
			report_absent(c, &m, names[i]);
		} else {
			struct vh_text *t = is == UNSEEN ? &unseen : &loaded;

			vh_text_addf(t, "%s%s%s", t->len > 0 ? ", " : "", names[i],
				     is == ON_DISK ? " (not loaded, on the disk)" : "");
		}
	}
	/* Where all modules are gone, that has been said. */
	if (unseen.len > 0 && (m.dir[0] || !m.any)) {
		f = vh_found(c, VH_UNKNOWN, "", "whether this kernel has all modules is not known");
		vh_seen(f, "not loaded, and there is no list of modules to look in: %s",
			vh_text_str(&unseen));
		vh_means(f, "They are loaded when they are needed, if they are there.");
		vh_remedy(f, "Check that vfio-pci can be loaded.");
		vh_remedy_command(f, "modprobe vfio-pci");
	} else if (!absent && unseen.len == 0) {
		f = vh_found(c, VH_PASS, "", "this kernel has vfio-pci, vfio_iommu_type1 and kvm");
		vh_seen(f, "%s", vh_text_str(&loaded));
	}
}

/* --- options of vfio-pci */

static const struct option {
	const char *name;
	const char *title;
	const char *means;
} options[] = {
	{"disable_vga", "vfio-pci was loaded to offer no card's VGA ranges",
	 "QEMU does not start with x-vga=on, which a guest with SeaBIOS needs; one with OVMF does "
	 "without."},
	{"nointxmask", "vfio-pci was loaded to mask no device's interrupt line",
	 "A device can be given away only while no other one is on its interrupt line."},
};

static void check_options(struct vh_checkup *c)
{
	char value[16];

	for (size_t i = 0; i < VH_ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		struct vh_finding *f;

		if (vh_sys_attr(c->sys, value, sizeof(value), "sys/module/vfio_pci/parameters/%s",
				o->name) ||
		    strcmp(value, "Y") != 0) {
			continue;
		}
		f = vh_found(c, VH_WARNING, o->name, "%s", o->title);
		vh_seen(f, "/sys/module/vfio_pci/parameters/%s: Y", o->name);
		vh_means(f, "%s", o->means);
		vh_remedy(f, "Unless you need it, take it out of /etc/modprobe.d and of the "
			     "kernel's command line, make the initramfs anew, and reboot.");
		vh_remedy_command(f, "grep -r %s /etc/modprobe.d /proc/cmdline", o->name);
	}
}

const struct vh_check vh_checks_kernel[] = {
	{"kernel.release", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_release},
	{"kernel.modules", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_modules},
	{"kernel.vfio", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_vfio},
	{"kernel.initramfs", VH_STAGE_BINDING, VH_NEEDS_NOTHING, vh_check_initramfs},
	{"kernel.vfio-options", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_options},
	{0},
};
