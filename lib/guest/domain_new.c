/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lib/guest/domain.h"

#define MEMORY_MIB 8192
#define VCPUS      4
#define IMAGES     "/var/lib/libvirt/images/"

/* libvirt keeps it in NAME.xml and NAME.log, and a file's name has 255 bytes. */
#define NAME_MAX_BYTES 250

/*
 * Secure Boot is off because what a passed-through card brings fails under it in ways that do not
 * look like it: a ROM file that was edited is skipped by the firmware, a driver built on the guest
 * is not loaded. Asked for by name: else libvirt takes the first firmware of the host's list, on
 * Debian the one with Microsoft's keys.
 */
#define OS                                                                                     \
	"  <os firmware='efi'>\n"                                                              \
	"    <!-- libvirt makes the EFI disk (nvram) at the first start. For Windows 11 set\n" \
	"         secure-boot to 'yes' and add to the devices\n"                               \
	"         <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm> -->\n"   \
	"    <firmware>\n"                                                                     \
	"      <feature enabled='no' name='secure-boot'/>\n"                                   \
	"    </firmware>\n"                                                                    \
	"    <type arch='x86_64' machine='q35'>hvm</type>\n"                                   \
	"  </os>\n"

#define FEATURES         \
	"  <features>\n" \
	"    <acpi/>\n"  \
	"    <apic/>\n"  \
	"  </features>\n"

/* No graphics: libvirt gives a machine without them no emulated display either. */
#define MINIMAL_DEVICES                                                                           \
	"    <controller type='usb' model='none'/>\n"                                             \
	"    <!-- virsh console shows the firmware here, also while the card shows nothing -->\n" \
	"    <serial type='pty'/>\n"                                                              \
	"    <memballoon model='none'/>\n"

#define FULL_DEVICES                                       \
	"    <interface type='network'>\n"                 \
	"      <source network='default'/>\n"              \
	"      <model type='virtio'/>\n"                   \
	"    </interface>\n"                               \
	"    <controller type='usb' model='qemu-xhci'/>\n" \
	"    <input type='tablet' bus='usb'/>\n"           \
	"    <serial type='pty'/>\n"

/* For the installation, until the card's driver is there. VNC: not every QEMU has SPICE. */
#define DISPLAY                                                          \
	"    <graphics type='vnc' autoport='yes' listen='127.0.0.1'/>\n" \
	"    <video>\n"                                                  \
	"      <model type='virtio'/>\n"                                 \
	"    </video>\n"

static void add_escaped(struct vh_text *t, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			vh_text_add(t, "&amp;");
			break;
		case '<':
			vh_text_add(t, "&lt;");
			break;
		case '>':
			vh_text_add(t, "&gt;");
			break;
		case '\'':
			vh_text_add(t, "&apos;");
			break;
		default:
			vh_text_addn(t, s, 1);
		}
	}
}

/* What a path may hold, a name may hold too. */
static int check_characters(const char *name, struct vh_error *err)
{
	char path[VH_GUEST_ROM_MAX];
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_text_addf(&text, "/%s", name);
	if (text.failed) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	return vh_guest_rom_path(path, vh_text_str(&text), err);
}

static int check_name(const char *name, struct vh_error *err)
{
	if (name[strspn(name, " ")] == '\0') {
		return vh_error_set(err, EINVAL, NULL, "it is empty");
	}
	if (strlen(name) > NAME_MAX_BYTES) {
		return vh_error_set(err, EINVAL, NULL, "it has %zu bytes, at most %d fit",
				    strlen(name), NAME_MAX_BYTES);
	}
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return vh_error_set(err, EINVAL, NULL, "libvirt makes it the name of a file");
	}
	return check_characters(name, err);
}

static int check(const struct vh_domain_new *machine, struct vh_error *err)
{
	char disk[VH_GUEST_ROM_MAX];

	if (check_name(machine->name, err)) {
		return vh_error_wrap(err, "the name '%.64s' cannot be used", machine->name);
	}
	if (machine->disk[0] && vh_guest_rom_path(disk, machine->disk, err)) {
		return vh_error_wrap(err, "the disk '%.64s' cannot be used", machine->disk);
	}
	return 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s);

	return len >= strlen(end) && strcmp(s + len - strlen(end), end) == 0;
}

static void add_disk(struct vh_text *t, const char *path, struct vh_report *report)
{
	bool is_block = strncmp(path, "/dev/", 5) == 0;
	const char *format = !is_block && ends_with(path, ".qcow2") ? "qcow2" : "raw";

	vh_text_addf(t,
		     "    <disk type='%s' device='disk'>\n"
		     "      <driver name='qemu' type='%s' discard='unmap'/>\n"
		     "      <source %s='",
		     is_block ? "block" : "file", format, is_block ? "dev" : "file");
	add_escaped(t, path);
	vh_text_add(t, "'/>\n"
		       "      <target dev='vda' bus='virtio'/>\n"
		       "      <boot order='1'/>\n"
		       "    </disk>\n");
	if (!is_block) {
		vh_report_note(report,
			       "the machine starts only with its disk, %s; `qemu-img create -f %s "
			       "FILE 64G` makes one",
			       path, format);
	}
}

static void add_disk_of(struct vh_text *t, const struct vh_domain_new *machine,
			struct vh_report *report)
{
	VH_AUTO_TEXT struct vh_text path = {0};

	if (machine->disk[0]) {
		vh_text_add(&path, machine->disk);
	} else {
		vh_text_addf(&path, IMAGES "%s.qcow2", machine->name);
	}
	t->failed |= path.failed;
	add_disk(t, vh_text_str(&path), report);
}

static void add_devices(struct vh_text *t, const struct vh_guest_set *set,
			const struct vh_domain_new *machine, struct vh_report *report)
{
	vh_text_add(t, "  <devices>\n");
	if (machine->minimal) {
		if (machine->disk[0]) {
			add_disk_of(t, machine, report);
		}
		vh_text_add(t, MINIMAL_DEVICES);
	} else {
		add_disk_of(t, machine, report);
		vh_text_add(t, FULL_DEVICES);
		if (!set->no_video) {
			vh_text_add(t, DISPLAY);
		}
	}
	vh_text_add(t, "  </devices>\n");
}

static void write_base(struct vh_text *t, const struct vh_guest_set *set,
		       const struct vh_domain_new *machine, struct vh_report *report)
{
	unsigned vcpus = machine->vcpus ? machine->vcpus : VCPUS;

	vh_text_add(t, "<domain type='kvm'>\n  <name>");
	add_escaped(t, machine->name);
	vh_text_addf(t,
		     "</name>\n"
		     "  <memory unit='MiB'>%u</memory>\n"
		     "  <vcpu placement='static'>%u</vcpu>\n" OS FEATURES
		     "  <cpu mode='host-passthrough' check='none' migratable='off'>\n"
		     "    <topology sockets='1' cores='%u' threads='1'/>\n"
		     "  </cpu>\n"
		     "  <!-- Windows takes the clock for local time: offset='localtime' -->\n"
		     "  <clock offset='utc'/>\n",
		     machine->memory_mib ? machine->memory_mib : MEMORY_MIB, vcpus, vcpus);
	add_devices(t, set, machine, report);
	vh_text_add(t, "</domain>\n");
}

/* Its notes only: nobody has seen the text that the changes are changes of. */
static void take_notes(const struct vh_report *from, struct vh_report *to)
{
	for (size_t i = 0; i < from->note_count; i++) {
		vh_report_note(to, "%s", from->notes[i]);
	}
	to->failed |= from->failed;
}

int vh_domain_new(const struct vh_guest_set *set, const struct vh_domain_new *machine,
		  struct vh_text *ret, struct vh_report *report, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text base = {0};
	VH_AUTO_REPORT struct vh_report patched = {0};
	struct vh_domain_xml domain;
	int rc = check(machine, err);

	if (rc) {
		return rc;
	}
	write_base(&base, set, machine, report);
	if (base.failed) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	domain = (struct vh_domain_xml){machine->name, vh_text_str(&base), base.len};
	rc = vh_domain_patch(set, &domain, ret, &patched, err);
	if (rc < 0) {
		return rc;
	}
	if (rc == 0) {
		vh_text_addn(ret, vh_text_str(&base), base.len);
	}
	take_notes(&patched, report);
	if (ret->failed || report->failed) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	return 0;
}
