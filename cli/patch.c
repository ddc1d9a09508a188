/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patch: what the hypervisor shows the guest. This file reads the call; patch.h says who does it. */
#include "cli/patch.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/libvirt.h"
#include "lib/base/cleanup.h"
#include "lib/profile/profile.h"

#define MEMORY_MIB_MAX (16U << 20)
#define VCPUS_MAX      8192U
#define DISK_GIB_MAX   (1U << 20)

enum kind {
	TAKES_NOTHING, /* a bool */
	TAKES_TEXT,
	TAKES_NUMBER,
	CHOOSES, /* what to do with the VM */
};

/* Which of the three calls an option goes with. */
enum {
	OF_VM = 1,
	OF_FILE = 2,
	OF_NEW = 4,
	OF_ALL = OF_VM | OF_FILE | OF_NEW,
};

/**
 * struct words - the call before anybody has thought about it
 */
struct words {
	struct cli_patch patch;
	const char *hypervisor;
	const char *vendor_id;
	const char *rom;
	unsigned given; /* bit per row of the table */
};

static const struct cli_option options[] = {
	{"--apply", NULL, "change it; the definition before the first change is kept", true},
	{"--check", NULL, "list what is missing; exit status 1 if anything is", true},
	{"--undo", NULL, "back to the definition before the first change", true},
	{"--file", "FILE", "edit a file, no libvirt needed; - is a filter", false},
	{"--new", "NAME",
	 "print the definition of a machine that does not exist yet; for Proxmox NAME is its VMID",
	 false},
	{"--hypervisor", "libvirt|proxmox", "of --new", false},
	{"--profile", "P", "the profile of another VM, or a file (with a '/' or .ini)", false},
	{"--hide-kvm", NULL, "the guest does not see that it runs on KVM", false},
	{"--vendor-id", "ID", "the hypervisor's vendor id that the guest reads", false},
	{"--rom", "FILE", "ROM file of the only display card", false},
	{"--fix-args", NULL, "take out QEMU arguments that undo all this", false},
	{"--connect", "URI", "libvirt to talk to, default " CLI_LIBVIRT_URI, false},
	{"--storage", "S", "Proxmox: where an EFI disk is made", false},
	{"--minimal", NULL, "--new: only what it needs to start", false},
	{"--memory", "MIB", "--new: how much it gets", false},
	{"--vcpus", "N", "--new: how many it gets", false},
	{"--disk", "DISK", "--new: the PATH of an image; for Proxmox its size in GIB", false},
	{0},
};

/* What becomes of each, in the same order. */
static const struct rule {
	enum kind kind;
	unsigned calls;
	size_t offset; /* in struct words */
	unsigned max;  /* of a number; the action that is chosen */
} rules[] = {
	{CHOOSES, OF_VM, 0, CLI_PATCH_APPLY},
	{CHOOSES, OF_VM | OF_FILE, 0, CLI_PATCH_CHECK},
	{CHOOSES, OF_VM, 0, CLI_PATCH_UNDO},
	{TAKES_TEXT, OF_FILE, offsetof(struct words, patch.file), 0},
	{TAKES_TEXT, OF_NEW, offsetof(struct words, patch.fresh), 0},
	{TAKES_TEXT, OF_NEW, offsetof(struct words, hypervisor), 0},
	{TAKES_TEXT, OF_ALL, offsetof(struct words, patch.profile), 0},
	{TAKES_NOTHING, OF_ALL, offsetof(struct words, patch.flags.hide_kvm), 0},
	{TAKES_TEXT, OF_ALL, offsetof(struct words, vendor_id), 0},
	{TAKES_TEXT, OF_ALL, offsetof(struct words, rom), 0},
	{TAKES_NOTHING, OF_VM | OF_FILE, offsetof(struct words, patch.flags.fix_args), 0},
	{TAKES_TEXT, OF_VM, offsetof(struct words, patch.uri), 0},
	{TAKES_TEXT, OF_VM | OF_NEW, offsetof(struct words, patch.storage), 0},
	{TAKES_NOTHING, OF_NEW, offsetof(struct words, patch.minimal), 0},
	{TAKES_NUMBER, OF_NEW, offsetof(struct words, patch.memory_mib), MEMORY_MIB_MAX},
	{TAKES_NUMBER, OF_NEW, offsetof(struct words, patch.vcpus), VCPUS_MAX},
	{TAKES_TEXT, OF_NEW, offsetof(struct words, patch.disk), 0},
};

_Static_assert(VH_ARRAY_SIZE(options) == VH_ARRAY_SIZE(rules) + 1, "a rule for each option");

const struct cli_syntax cli_patch_syntax = {
	"patch",
	"VM [--apply | --check | --undo]\n"
	"--file FILE|- [--check]\n"
	"--new NAME --hypervisor libvirt|proxmox",
	"the VM's definition as its profile wants it, as a diff",
	"Makes the definition of a VM say what the [guest] section and the devices of its profile\n"
	"ask for. VM is a domain of libvirt or, on a Proxmox node, a VMID. Without --apply it only\n"
	"shows what would change, and why. --json goes with VM and with --check.",
	options};

/* One line and where to read on; returns CLI_USAGE. */
static int wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("vfio-handoff: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputs("; see vfio-handoff patch --help\n", stderr);
	return CLI_USAGE;
}

static int take_number(size_t option, const char *value, unsigned *ret)
{
	uint64_t number;

	if (vh_parse_u64(value, 10, rules[option].max, &number) || number == 0) {
		return wrong("%s takes a number from 1 to %u, not '%s'", options[option].name,
			     rules[option].max, value);
	}
	*ret = (unsigned)number;
	return CLI_OK;
}

static int take_option(void *arg, size_t option, const char *value)
{
	const struct rule *rule = &rules[option];
	struct words *w = arg;
	char *place = (char *)w + rule->offset;

	w->given |= 1U << option;
	switch (rule->kind) {
	case TAKES_NOTHING:
		*(bool *)place = true;
		return CLI_OK;
	case TAKES_TEXT:
		if (!value[0]) {
			return wrong("%s '': it is empty", options[option].name);
		}
		memcpy(place, &value, sizeof(value));
		return CLI_OK;
	case TAKES_NUMBER: {
		unsigned number = 0;
		int status = take_number(option, value, &number);

		memcpy(place, &number, sizeof(number));
		return status;
	}
	case CHOOSES:
	default:
		if (w->patch.action != CLI_PATCH_SHOW && w->patch.action != rule->max) {
			return wrong("only one of --apply, --check and --undo");
		}
		w->patch.action = (enum cli_patch_action)rule->max;
		return CLI_OK;
	}
}

static int take_word(struct words *w, const char *word)
{
	if (w->patch.vm) {
		return wrong("one VM at a time: '%s' or '%s'", w->patch.vm, word);
	}
	if (!word[0]) {
		return wrong("the name of a VM is not empty");
	}
	w->patch.vm = word;
	return CLI_OK;
}

static int take_words(struct words *w, int argc, char **argv)
{
	int status = cli_options_each(&cli_patch_syntax, &argc, argv, take_option, w);

	for (int i = 1; i < argc && status == CLI_OK; i++) {
		status = take_word(w, argv[i]);
	}
	return status;
}

/* Every option that was given must go with the call it was given to. */
static int check_call(const struct words *w, unsigned call, const char *title)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(rules); i++) {
		if (!(w->given & (1U << i)) || (rules[i].calls & call)) {
			continue;
		}
		if (call == OF_FILE && rules[i].max == CLI_PATCH_APPLY) {
			return wrong("--apply does not go with --file: the result is on stdout, "
				     "redirect it into another file");
		}
		return wrong("%s does not go with %s", options[i].name, title);
	}
	return CLI_OK;
}

static int check_file(struct words *w)
{
	if (w->patch.vm) {
		return wrong("'%s' and --file: one of the two", w->patch.vm);
	}
	if (w->patch.cli->json && w->patch.action != CLI_PATCH_CHECK) {
		return wrong("--json goes with --file only to --check: the result is XML");
	}
	if (!w->patch.profile && !w->patch.has_flags && !w->patch.flags.fix_args) {
		return wrong("what shall the definition have? --profile P, or --hide-kvm, "
			     "--vendor-id ID, --rom FILE");
	}
	return check_call(w, OF_FILE, "--file");
}

static int check_hypervisor(struct words *w)
{
	const char *word = w->hypervisor;

	if (word && strcmp(word, "libvirt") == 0) {
		w->patch.hypervisor = CLI_HYPERVISOR_LIBVIRT;
	} else if (word && strcmp(word, "proxmox") == 0) {
		w->patch.hypervisor = CLI_HYPERVISOR_PROXMOX;
	} else {
		return wrong("--new needs --hypervisor libvirt or --hypervisor proxmox");
	}
	return CLI_OK;
}

static int check_disk(struct cli_patch *patch)
{
	uint64_t gib = 0;

	if (!patch->disk[0] || patch->hypervisor == CLI_HYPERVISOR_LIBVIRT) {
		return !patch->disk[0] || patch->disk[0] == '/'
			       ? CLI_OK
			       : wrong("--disk takes the absolute path of an image, not '%s'",
				       patch->disk);
	}
	if (vh_parse_u64(patch->disk, 10, DISK_GIB_MAX, &gib) || gib == 0) {
		return wrong("--disk takes its size in GiB for Proxmox, not '%s'", patch->disk);
	}
	patch->disk_gib = (unsigned)gib;
	return CLI_OK;
}

static int check_new(struct words *w)
{
	int status = check_hypervisor(w);

	if (status == CLI_OK && w->patch.vm) {
		status = wrong("'%s' and --new: one of the two", w->patch.vm);
	}
	if (status == CLI_OK && w->patch.cli->json) {
		status = wrong("--json does not go with --new");
	}
	if (status == CLI_OK && w->patch.hypervisor == CLI_HYPERVISOR_LIBVIRT &&
	    w->patch.storage[0]) {
		status = wrong("--storage is for Proxmox; libvirt takes --disk PATH");
	}
	if (status == CLI_OK && w->patch.hypervisor == CLI_HYPERVISOR_PROXMOX &&
	    !vh_is_vmid(w->patch.fresh)) {
		status = wrong("a VM of Proxmox is named by its VMID, 100 or more, not '%s'",
			       w->patch.fresh);
	}
	if (status == CLI_OK) {
		status = check_disk(&w->patch);
	}
	return status == CLI_OK ? check_call(w, OF_NEW, "--new") : status;
}

static int check_vm(struct words *w)
{
	struct cli_patch *patch = &w->patch;
	bool asks = patch->profile || patch->has_flags || patch->flags.fix_args;

	if (!patch->vm) {
		return cli_syntax_wrong(&cli_patch_syntax);
	}
	if (patch->action == CLI_PATCH_UNDO && asks) {
		return wrong("--undo takes back what --apply did, whatever that was");
	}
	if (!patch->uri && vh_is_vmid(patch->vm) && vh_is_pve_node(patch->cli->sys)) {
		patch->hypervisor = CLI_HYPERVISOR_PROXMOX;
	} else if (patch->storage[0]) {
		return wrong("--storage is for a VM of Proxmox");
	}
	return check_call(w, OF_VM, "a VM that is there");
}

static int check_values(struct words *w)
{
	struct vh_guest_set *flags = &w->patch.flags;
	struct vh_error err = {0};

	if (w->vendor_id && vh_guest_vendor_id(flags, w->vendor_id, &err)) {
		return wrong("--vendor-id '%s': %s", w->vendor_id, err.msg);
	}
	if (w->rom && vh_guest_rom_path(flags->rom, w->rom, &err)) {
		return wrong("--rom '%s': %s", w->rom, err.msg);
	}
	w->patch.has_flags = flags->hide_kvm || w->vendor_id || w->rom;
	return CLI_OK;
}

static int check_words(struct words *w)
{
	int status = check_values(w);

	if (status != CLI_OK) {
		return status;
	}
	if (w->patch.file && w->patch.fresh) {
		return wrong("--file and --new: one of the two");
	}
	if (w->patch.file) {
		return check_file(w);
	}
	return w->patch.fresh ? check_new(w) : check_vm(w);
}

int cli_patch(struct cli *cli, int argc, char **argv)
{
	struct words w = {.patch = {.cli = cli, .storage = "", .disk = ""}};
	int status;

	status = take_words(&w, argc, argv);
	if (status == CLI_OK) {
		status = check_words(&w);
	}
	if (status != CLI_OK) {
		return status < 0 ? CLI_OK : status;
	}
	if (w.patch.file) {
		return cli_patch_file(&w.patch);
	}
	if (w.patch.fresh) {
		return cli_patch_new(&w.patch);
	}
	return w.patch.hypervisor == CLI_HYPERVISOR_PROXMOX ? cli_patch_proxmox(&w.patch)
							    : cli_patch_libvirt(&w.patch);
}
