/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * patch for a VM of Proxmox: the real command in this process, on a fake node whose qm is the model
 * of tests/support/pve_qm.h. It refuses as the real one does, or fails as a test wants.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <json-c/json.h>
#include <sha1.h>

#include "cli/cli.h"
#include "lib/definition/definition.h"
#include "tests/support/fakekernel.h"
#include "tests/support/pve_qm.h"

#define CONF      "etc/pve/nodes/pve1/qemu-server/100.conf"
#define KEPT      VH_KEPT_DIR "/100/"
#define PROFILE   "etc/vfio-handoff/100.ini"
#define MAX_WORDS 12

/* The guide's: two lines for one card, and arguments that undo what cpu says. */
#define GUIDE                                                          \
	"args: -smbios 'type=0, x' -cpu 'host,hv_vendor_id=NV43FIX'\n" \
	"bios: ovmf\n"                                                 \
	"cpu: host\n"                                                  \
	"efidisk0: local-zfs:vm-100-disk-0,size=1M\n"                  \
	"hostpci0: 01:00,pcie=1,x-vga=1\n"                             \
	"hostpci1: 01:00.1\n"                                          \
	"machine: q35\n"                                               \
	"memory: 16384\n"                                              \
	"name: win10\n"                                                \
	"ostype: win10\n"                                              \
	"\n"                                                           \
	"[snap]\n"                                                     \
	"hostpci0: 02:00\n"

enum trouble {
	NONE,
	REFUSES,    /* says why, changes nothing */
	HALF_WAY,   /* sets the first key, then fails */
	FORGETFUL,  /* says it is done, and has left out the first key */
	FAILS_ONCE, /* as HALF_WAY, but the next call works */
	RACED,      /* somebody else was faster, so that the digest is another */
	LATE,
	BROKEN, /* as HALF_WAY, and from then on refuses all */
};

/**
 * struct rig - a node and the last run
 * @calls: how often qm was run
 * @said:  the last call, its words joined by '|'
 */
struct rig {
	struct fakekernel *fk;
	struct cli cli;
	enum trouble trouble;
	bool running;
	unsigned calls;
	struct vh_text said;
	char *out;
	char *err;
	int status;
};

/* --- qm */

static void digest_is(struct fakekernel *fk, const char *digest)
{
	char now[SHA1_DIGEST_STRING_LENGTH];
	const char *text = fk_get(fk, CONF);

	(void)SHA1Data((const uint8_t *)text, strlen(text), now);
	assert_string_equal(digest, now);
}

static void take_assignments(const char *const *words, struct vh_pve_edit *edit)
{
	for (; words[0]; words += 2) {
		VH_AUTO_FREE char *list = strdup(words[1] ? words[1] : "");
		bool set = strcmp(words[0], "--delete") != 0;
		char *rest = list;
		char *key;

		assert_non_null(words[1]);
		while ((key = set ? NULL : strsep(&rest, ",")) != NULL || set) {
			struct vh_pve_assignment *items =
				realloc(edit->items, (edit->count + 1) * sizeof(*items));

			assert_non_null(items);
			edit->items = items;
			items += edit->count++;
			*items = (struct vh_pve_assignment){.value = set ? strdup(words[1]) : NULL};
			assert_true(
				vh_copy(items->key, sizeof(items->key), set ? words[0] + 2 : key));
			if (set) {
				break;
			}
		}
	}
}

static void change(struct rig *r, struct vh_pve_edit *edit, size_t from, size_t count)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_FREE char *before = strdup(fk_get(r->fk, CONF));
	struct vh_pve_edit part = {edit->items + from, count};

	assert_non_null(before);
	pve_qm_run(before, strlen(before), &part, r->running, &text);
	fk_set(r->fk, CONF, vh_text_str(&text));
}

static int act(struct rig *r, const struct vh_command *command, struct vh_pve_edit *edit)
{
	switch (r->trouble) {
	case REFUSES:
		vh_text_add(command->err, "400 Parameter verification failed.\ncpu: invalid\n");
		return 255;
	case HALF_WAY:
	case FAILS_ONCE:
	case BROKEN:
		change(r, edit, 0, 1);
		r->trouble = r->trouble == BROKEN ? REFUSES : NONE;
		vh_text_add(command->out, "update VM 100: ...\n");
		vh_text_add(command->err, "storage 'x' is full\n");
		return 2;
	case FORGETFUL:
		r->trouble = NONE;
		change(r, edit, 1, edit->count - 1);
		return 0;
	case RACED:
		fk_set(r->fk, CONF, "cpu: max\nmemory: 3\n");
		vh_text_add(command->err, "detected modified configuration - file changed by other "
					  "user? Try again.\n");
		return 255;
	case LATE:
		return -ETIMEDOUT;
	case NONE:
	default:
		change(r, edit, 0, edit->count);
		return 0;
	}
}

static int qm(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	struct rig *r = arg;
	struct vh_pve_edit edit = {0};
	int status;

	r->calls++;
	vh_text_done(&r->said);
	for (size_t i = 1; command->argv[i]; i++) {
		vh_text_addf(&r->said, "%s%s", i > 1 ? "|" : "", command->argv[i]);
	}
	assert_string_equal(command->argv[0], "/usr/sbin/qm");
	assert_string_equal(command->argv[1], "set");
	assert_string_equal(command->argv[2], "100");
	assert_string_equal(command->argv[3], "--digest");
	digest_is(fk, command->argv[4]);
	take_assignments(command->argv + 5, &edit);
	status = act(r, command, &edit);
	vh_pve_edit_done(&edit);
	return status;
}

/* --- the rig */

static struct rig *rig_open(void **state, const char *conf, const char *profile)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	*state = r;
	r->fk = fk_host("proxmox");
	r->cli.sys = fk_sys(r->fk);
	fk_set(r->fk, CONF, conf);
	fk_set(r->fk, "usr/sbin/qm", "0");
	fk_chmod(r->fk, "usr/sbin/qm", 0755, 0);
	fk_programs(r->fk, qm, r);
	if (profile) {
		fk_set(r->fk, PROFILE, profile);
	}
	return r;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	fk_free(r->fk);
	vh_text_done(&r->said);
	free(r->out);
	free(r->err);
	free(r);
	return 0;
}

static char *slurp(FILE *f)
{
	long size = ftell(f);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	rewind(f);
	assert_int_equal(fread(text, 1, (size_t)size, f), (size_t)size);
	return text;
}

/* Sends a stream to a file; returns what it was. */
static int redirect(FILE *stream, FILE *to)
{
	int own;

	(void)fflush(stream);
	own = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3);
	assert_true(own >= 0 && dup2(fileno(to), fileno(stream)) >= 0);
	return own;
}

static void restore(FILE *stream, int own, FILE *to)
{
	(void)fflush(stream);
	assert_true(dup2(own, fileno(stream)) >= 0);
	(void)close(own);
	(void)fseek(to, 0, SEEK_END);
}

static void run_words(struct rig *r, const char *const words[])
{
	char *argv[MAX_WORDS + 1] = {(char[]){"patch"}};
	VH_AUTO_FILE FILE *out = tmpfile();
	VH_AUTO_FILE FILE *err = tmpfile();
	int argc = 1;
	int own_out;
	int own_err;

	assert_true(out && err);
	for (; *words; words++) {
		assert_true(argc < MAX_WORDS);
		memcpy(&argv[argc++], words, sizeof(argv[0]));
	}
	own_out = redirect(stdout, out);
	own_err = redirect(stderr, err);
	r->status = cli_patch(&r->cli, argc, argv);
	restore(stdout, own_out, out);
	restore(stderr, own_err, err);
	free(r->out);
	free(r->err);
	r->out = slurp(out);
	r->err = slurp(err);
}

#define run(r, ...) run_words((r), (const char *const[]){"100", __VA_ARGS__, NULL})

static void expect(const struct rig *r, int status, unsigned calls)
{
	if (r->status != status || r->calls != calls) {
		fail_msg("exit status %d instead of %d, %u calls of qm instead of %u\n%s%s",
			 r->status, status, r->calls, calls, r->out, r->err);
	}
}

static void err_has(const struct rig *r, const char *part)
{
	if (!strstr(r->err, part)) {
		fail_msg("no '%s' on stderr:\n%s", part, r->err);
	}
}

static void conf_is(const struct rig *r, const char *wanted)
{
	assert_string_equal(fk_get(r->fk, CONF), wanted);
}

/* "qm set 100 --digest DIGEST" + @wanted is all of stdout. */
static void prints(const struct rig *r, const char *wanted)
{
	char digest[SHA1_DIGEST_STRING_LENGTH];
	VH_AUTO_TEXT struct vh_text all = {0};
	const char *text = fk_get(r->fk, CONF);

	(void)SHA1Data((const uint8_t *)text, strlen(text), digest);
	vh_text_addf(&all, "qm set 100 --digest %s%s\n", digest, wanted);
	assert_string_equal(r->out, vh_text_str(&all));
}

static const char hide[] = "[guest]\nhide-kvm = yes\n";

/* --- */

static void the_command_is_shown_and_nothing_is_run(void **state)
{
	struct rig *r = rig_open(state, GUIDE,
				 "[device gpu]\naddress = 0000:01:00.0\n[guest]\n"
				 "hide-kvm = yes\nvendor-id = randomid\n");

	run(r, "--fix-args");
	expect(r, CLI_OK, 0);
	prints(r, " --args '-smbios '\\''type=0, x'\\''' --cpu host,hidden=1,hv-vendor-id=randomid "
		  "--delete hostpci1");
	err_has(r, "100: hostpci1: folded into hostpci0 ([device gpu])\n");
	err_has(r, "note: args: 100.conf:1 has '-cpu host,hv_vendor_id=NV43FIX'");
	err_has(r, "nothing was changed; --apply runs this");
	conf_is(r, GUIDE);
	assert_false(fk_exists(r->fk, VH_KEPT_DIR "/100"));
	run(r, "--profile", "100");
	expect(r, CLI_OK, 0);
	prints(r, " --cpu host,hidden=1,hv-vendor-id=randomid --delete hostpci1");
	err_has(r, "--fix-args takes it out");
}

static void a_terminal_obeys_nothing_of_a_value(void **state)
{
	struct rig *r = rig_open(state,
				 "args: -cpu host -name '\033]0;x\a\302\233J'\n"
				 "cpu: host,hidden=1\n",
				 hide);

	run(r, "--fix-args");
	expect(r, CLI_OK, 0);
	prints(r, " --args $'-name \\047\\033]0;x\\007\\302\\233J\\047'");
	assert_null(strchr(r->err, '\033'));
}

static void apply_and_undo_are_one_call_each(void **state)
{
	struct rig *r = rig_open(state, GUIDE, hide);
	static const char patched[] = "bios: ovmf\n"
				      "cpu: host,hidden=1\n"
				      "efidisk0: local-zfs:vm-100-disk-0,size=1M\n"
				      "hostpci0: 01:00,pcie=1,x-vga=1\n"
				      "machine: q35\n"
				      "memory: 16384\n"
				      "name: win10\n"
				      "ostype: win10\n"
				      "\n"
				      "[snap]\n"
				      "hostpci0: 02:00\n";

	fk_set(r->fk, CONF, strstr(GUIDE, "bios:"));
	run(r, "--apply");
	expect(r, CLI_OK, 1);
	conf_is(r, patched);
	assert_non_null(strstr(vh_text_str(&r->said), "|--cpu|host,hidden=1|--delete|hostpci1"));
	assert_string_equal(fk_get(r->fk, KEPT "before"), strstr(GUIDE, "bios:"));
	assert_string_equal(fk_get(r->fk, KEPT "after"), patched);
	run(r, "--apply");
	expect(r, CLI_OK, 1);
	assert_string_equal(r->out, "");
	err_has(r, "100: nothing for qm to change\n");
	run(r, "--check");
	expect(r, CLI_OK, 1);
	assert_string_equal(r->out, "");
	run(r, "--undo");
	expect(r, CLI_OK, 2);
	conf_is(r, strstr(GUIDE, "bios:"));
	assert_non_null(strstr(r->out, " --cpu host --hostpci1 01:00.1\n"));
	assert_false(fk_exists(r->fk, VH_KEPT_DIR "/100"));
	run(r, "--undo");
	expect(r, CLI_OK, 2);
	err_has(r, "nothing to undo");
}

static void check_lists_what_is_missing(void **state)
{
	struct rig *r = rig_open(state, GUIDE, hide);

	run(r, "--check");
	expect(r, CLI_FAILED, 0);
	assert_string_equal(r->out,
			    "args: without -cpu, which leaves -smbios 'type=0, x' (hide-kvm)\n"
			    "cpu: hidden=1 (hide-kvm)\n"
			    "hostpci1: folded into hostpci0 (hostpci0)\n");
	conf_is(r, GUIDE);
	/* What undoes the set is missing, even if all the rest is there. */
	fk_set(r->fk, CONF, "args: -cpu host\ncpu: host,hidden=1\nhostpci0: 01:00\n");
	run(r, "--check");
	expect(r, CLI_FAILED, 0);
	assert_string_equal(r->out, "args: without -cpu (hide-kvm)\n");
}

static void a_card_of_the_profile_that_the_vm_lacks_is_added(void **state)
{
	struct rig *r = rig_open(state, "cores: 2\nmachine: q35\n",
				 "[device gpu]\naddress = 0000:02:00.0\n");

	run(r, "--apply");
	expect(r, CLI_OK, 1);
	conf_is(r, "cores: 2\nhostpci0: 0000:02:00,pcie=1\nmachine: q35\n");
}

static void a_line_with_a_mapping_gets_what_the_profile_asks_for(void **state)
{
	struct rig *r = rig_open(state, "hostpci2: mapping=gpu\nmachine: q35\n",
				 "[guest]\nx-vga = yes\nrom = /usr/share/kvm/a.rom\n");

	fk_set(r->fk, "etc/pve/mapping/pci.cfg",
	       "gpu\n\tmap id=10de:2204,iommugroup=15,node=pve1,path=0000:02:00\n");
	run(r, "--apply");
	expect(r, CLI_OK, 1);
	conf_is(r, "hostpci2: mapping=gpu,pcie=1,x-vga=1,romfile=a.rom\nmachine: q35\n");
}

static void a_vm_without_cards_can_be_patched(void **state)
{
	struct rig *r = rig_open(state, "cores: 2\ncpu: host\n", hide);

	run(r, "--apply");
	expect(r, CLI_OK, 1);
	conf_is(r, "cores: 2\ncpu: host,hidden=1\n");
	fk_remove(r->fk, PROFILE);
	run(r, "--hide-kvm", "--vendor-id", "abc");
	expect(r, CLI_OK, 1);
	prints(r, " --cpu host,hidden=1,hv-vendor-id=abc");
	run(r, "--apply");
	expect(r, CLI_USAGE, 1);
}

static void a_running_vm_gets_it_pending(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\n", hide);

	r->running = true;
	(void)fk_proxmox_qemu(r->fk, "100");
	run(r, "--apply");
	expect(r, CLI_OK, 1);
	conf_is(r, "cpu: host\n\n[PENDING]\ncpu: host,hidden=1\n");
	err_has(r, "100 is running: this holds from its next start after a full shutdown");
	run(r, "--check");
	expect(r, CLI_OK, 1);
	run(r, "--undo");
	expect(r, CLI_OK, 2);
	run(r, "--check");
	expect(r, CLI_FAILED, 2);
}

static void what_qm_refuses_is_said_and_nothing_is_kept(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\n", hide);

	r->trouble = REFUSES;
	run(r, "--apply");
	expect(r, CLI_FAILED, 1);
	err_has(r, "qm: cpu: invalid\n");
	err_has(r, "qm set failed: exit status 255\n");
	err_has(r, "100.conf is as it was before\n");
	conf_is(r, "cpu: host\n");
	assert_false(fk_exists(r->fk, VH_KEPT_DIR "/100"));
}

static void what_was_done_half_is_taken_back(void **state)
{
	static const char profile[] = "[guest]\nhide-kvm = yes\nballoon = none\nvideo = none\n";
	struct rig *r = rig_open(state, "balloon: 64\ncpu: host\n", profile);

	r->trouble = FAILS_ONCE;
	run(r, "--apply");
	expect(r, CLI_FAILED, 2);
	err_has(r, "qm: update VM 100: ...\nqm: storage 'x' is full\n");
	err_has(r, "100.conf is as it was before\n");
	conf_is(r, "balloon: 64\ncpu: host\n");
	assert_false(fk_exists(r->fk, VH_KEPT_DIR "/100"));
	/* Done, says qm, but it is not. */
	r->trouble = FORGETFUL;
	run(r, "--apply");
	expect(r, CLI_FAILED, 4);
	err_has(r, "100.conf: balloon is '64' after qm set, and should be '0'\n");
	conf_is(r, "balloon: 64\ncpu: host\n");
}

static void who_was_faster_keeps_what_he_did(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\nmemory: 1\n", hide);

	r->trouble = RACED;
	run(r, "--apply");
	expect(r, CLI_FAILED, 1);
	conf_is(r, "cpu: max\nmemory: 3\n");
	err_has(r, "qm: detected modified configuration");
	err_has(r, "note: 100.conf: somebody else has changed cpu meanwhile; it stays 'max'\n");
	err_has(r, "nothing of this patch is in 100.conf, which somebody else has changed; try "
		   "again\n");
	assert_false(fk_exists(r->fk, VH_KEPT_DIR "/100"));
}

/* As if we had been killed once qm had done it: what the first patch left is no longer true. */
static void a_second_patch_that_was_cut_short_is_finished(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\nmemory: 1\n", hide);

	run(r, "--apply");
	expect(r, CLI_OK, 1);
	fk_set(r->fk, PROFILE, "[guest]\nhide-kvm = yes\nvideo = none\n");
	r->trouble = LATE;
	run(r, "--apply");
	expect(r, CLI_INCOMPLETE, 2);
	r->trouble = NONE;
	fk_set(r->fk, CONF, "cpu: host,hidden=1\nmemory: 1\nvga: none\n");
	run(r, "--undo");
	expect(r, CLI_FAILED, 2);
	err_has(r, "was cut short");
	err_has(r, "'vfio-handoff patch 100 --apply' finishes it, and then --undo goes back\n");
	run(r, "--apply");
	expect(r, CLI_OK, 2);
	err_has(r, "100: the patch that was cut short is finished; --undo goes back\n");
	run(r, "--undo");
	expect(r, CLI_OK, 3);
	conf_is(r, "cpu: host\nmemory: 1\n");
}

/* What was kept of the first is there again, also if somebody else had changed the VM. */
static void a_second_patch_that_fails_leaves_the_first(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\nmemory: 1\n", hide);

	run(r, "--apply");
	expect(r, CLI_OK, 1);
	fk_set(r->fk, PROFILE, "[guest]\nhide-kvm = yes\nvideo = none\n");
	r->trouble = REFUSES;
	run(r, "--apply");
	expect(r, CLI_FAILED, 2);
	assert_string_equal(fk_get(r->fk, KEPT "before"), "cpu: host\nmemory: 1\n");
	assert_string_equal(fk_get(r->fk, KEPT "after"), "cpu: host,hidden=1\nmemory: 1\n");
	fk_set(r->fk, CONF, "cpu: max,hidden=1\nmemory: 1\n");
	run(r, "--apply");
	expect(r, CLI_FAILED, 3);
	assert_string_equal(fk_get(r->fk, KEPT "before"), "cpu: host\nmemory: 1\n");
	assert_string_equal(fk_get(r->fk, KEPT "after"), "cpu: host,hidden=1\nmemory: 1\n");
	fk_set(r->fk, CONF, "cpu: host,hidden=1\nmemory: 1\n");
	r->trouble = NONE;
	run(r, "--undo");
	expect(r, CLI_OK, 4);
	conf_is(r, "cpu: host\nmemory: 1\n");
}

static void what_cannot_be_taken_back_is_said(void **state)
{
	static const char profile[] = "[guest]\nhide-kvm = yes\nballoon = none\n";
	struct rig *r = rig_open(state, "balloon: 64\ncpu: host\n", profile);

	r->trouble = BROKEN;
	run(r, "--apply");
	expect(r, CLI_INCOMPLETE, 2);
	err_has(r, "and it could not all be set back: qm set failed: exit status 255\n");
	conf_is(r, "balloon: 0\ncpu: host\n");
	/* The old values are kept, but whose the new ones are nobody knows. */
	r->trouble = NONE;
	run(r, "--undo");
	expect(r, CLI_FAILED, 2);
	err_has(r, "was cut short");
	err_has(r, "/var/lib/vfio-handoff/guest/100/before");
}

static void a_qm_that_does_not_end_is_left_alone(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\n", hide);

	r->trouble = LATE;
	run(r, "--apply");
	expect(r, CLI_INCOMPLETE, 1);
	err_has(r, "qm has not ended after 120 s and was left alone\n");
	err_has(r, "'qm config 100' shows what it has done");
}

static void a_machine_without_qm_is_said(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\n", hide);

	fk_remove(r->fk, "usr/sbin/qm");
	run(r, "--apply");
	expect(r, CLI_FAILED, 0);
	err_has(r, "there is no /usr/sbin/qm on this machine\n");
	conf_is(r, "cpu: host\n");
}

static void a_locked_vm_is_refused_by_its_lock(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\nlock: backup\n", hide);

	run(r, "--apply");
	expect(r, CLI_FAILED, 0);
	err_has(r, "VM 100 is locked (backup); nothing was changed\n");
	err_has(r, "qm unlock 100");
	run(r, "--undo");
	expect(r, CLI_FAILED, 0);
	err_has(r, "VM 100 is locked (backup)");
	run(r, "--check");
	expect(r, CLI_FAILED, 0);
	assert_string_equal(r->out, "cpu: hidden=1 (hide-kvm)\n");
}

static void a_vm_elsewhere_is_refused_by_its_node(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\n", hide);

	fk_remove(r->fk, CONF);
	fk_set(r->fk, "etc/pve/nodes/pve2/qemu-server/100.conf", "cpu: host\n");
	run(r, "--apply");
	expect(r, CLI_FAILED, 0);
	err_has(r, "the guest 100 is on the node 'pve2', not on this one, 'pve1'");
	run(r, "--hide-kvm");
	expect(r, CLI_FAILED, 0);
	err_has(r, "the guest 100 is on the node 'pve2', not on this one, 'pve1'");
	fk_remove(r->fk, "etc/pve/nodes/pve2/qemu-server/100.conf");
	fk_set(r->fk, "etc/pve/nodes/pve1/lxc/100.conf", "arch: amd64\n");
	run(r, "--hide-kvm");
	expect(r, CLI_FAILED, 0);
	err_has(r, "100 is a container");
}

static void what_somebody_else_changed_is_not_undone(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\nmemory: 1\n", hide);

	run(r, "--apply");
	expect(r, CLI_OK, 1);
	fk_set(r->fk, CONF, "cpu: max,hidden=1\nmemory: 2\n");
	run(r, "--undo");
	expect(r, CLI_FAILED, 1);
	err_has(r, "somebody else has changed cpu: it is 'max,hidden=1'; patch made it "
		   "'host,hidden=1', and before that it was 'host'");
	/* A later patch starts from there. */
	fk_set(r->fk, PROFILE, "[guest]\nhide-kvm = yes\nvendor-id = abc\n");
	run(r, "--apply");
	expect(r, CLI_OK, 2);
	err_has(r, "note: 100.conf has been changed since it was patched; --undo will go back to "
		   "what it is now\n");
	run(r, "--undo");
	expect(r, CLI_OK, 3);
	conf_is(r, "cpu: max,hidden=1\nmemory: 2\n");
}

static void a_second_patch_keeps_what_was_before_the_first(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\nmemory: 1\n", hide);

	run(r, "--apply");
	fk_set(r->fk, CONF, "cpu: host,hidden=1\nmemory: 2\n");
	fk_set(r->fk, PROFILE, "[guest]\nhide-kvm = yes\nvideo = none\n");
	run(r, "--apply");
	expect(r, CLI_OK, 2);
	conf_is(r, "cpu: host,hidden=1\nmemory: 2\nvga: none\n");
	run(r, "--undo");
	expect(r, CLI_OK, 3);
	conf_is(r, "cpu: host\nmemory: 2\n");
}

/* "command" of the JSON on stdout contains @part, and @done is @wanted. */
static void json_is(const struct rig *r, const char *part, const char *done, bool wanted)
{
	struct json_object *o = json_tokener_parse(r->out);
	struct json_object *value;

	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "command", &value));
	assert_non_null(strstr(json_object_get_string(value), part));
	assert_null(strchr(json_object_get_string(value), '\n'));
	assert_true(json_object_object_get_ex(o, done, &value));
	assert_int_equal(json_object_get_boolean(value), wanted);
	json_object_put(o);
}

static void json_has_the_command(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\n", hide);

	r->cli.json = true;
	run(r, "--profile", "100");
	expect(r, CLI_OK, 0);
	json_is(r, " --cpu host,hidden=1", "applied", false);
	run(r, "--apply");
	expect(r, CLI_OK, 1);
	json_is(r, " --cpu host,hidden=1", "applied", true);
	run(r, "--apply");
	expect(r, CLI_OK, 1);
	json_is(r, "", "applied", false);
	run(r, "--undo");
	expect(r, CLI_OK, 2);
	json_is(r, " --cpu host", "undone", true);
	run(r, "--undo");
	json_is(r, "", "undone", false);
	r->trouble = REFUSES;
	run(r, "--apply");
	expect(r, CLI_FAILED, 3);
	assert_string_equal(r->out, "");
}

static void a_new_vm_is_one_command(void **state)
{
	struct rig *r = rig_open(state, "cpu: host\n", NULL);

	fk_set(r->fk, "etc/vfio-handoff/120.ini",
	       "[device gpu]\naddress = 0000:01:00.0\n[guest]\nhide-kvm = yes\n");
	run_words(r, (const char *const[]){"--new", "120", "--hypervisor", "proxmox", "--minimal",
					   "--storage", "tank", NULL});
	expect(r, CLI_OK, 0);
	assert_string_equal(
		r->out, "qm create 120 --machine q35 --bios ovmf --efidisk0 "
			"tank:1,efitype=4m,pre-enrolled-keys=1 --cpu host,hidden=1 --memory 4096 "
			"--balloon 0 --cores 2 --ostype l26 --hostpci0 0000:01:00,pcie=1\n");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_command_is_shown_and_nothing_is_run),
		TEST(a_terminal_obeys_nothing_of_a_value),
		TEST(apply_and_undo_are_one_call_each),
		TEST(check_lists_what_is_missing),
		TEST(a_card_of_the_profile_that_the_vm_lacks_is_added),
		TEST(a_line_with_a_mapping_gets_what_the_profile_asks_for),
		TEST(a_vm_without_cards_can_be_patched),
		TEST(a_running_vm_gets_it_pending),
		TEST(what_qm_refuses_is_said_and_nothing_is_kept),
		TEST(what_was_done_half_is_taken_back),
		TEST(who_was_faster_keeps_what_he_did),
		TEST(a_second_patch_that_was_cut_short_is_finished),
		TEST(a_second_patch_that_fails_leaves_the_first),
		TEST(what_cannot_be_taken_back_is_said),
		TEST(a_qm_that_does_not_end_is_left_alone),
		TEST(a_machine_without_qm_is_said),
		TEST(a_locked_vm_is_refused_by_its_lock),
		TEST(a_vm_elsewhere_is_refused_by_its_node),
		TEST(what_somebody_else_changed_is_not_undone),
		TEST(a_second_patch_keeps_what_was_before_the_first),
		TEST(json_has_the_command),
		TEST(a_new_vm_is_one_command),
	};

	/* Only root may change a VM. */
	return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
