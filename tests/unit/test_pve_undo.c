/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Back to the keys as they were before the first patch, and never over what others did since. */

#include "tests/unit/pve_patch_rig.h"

static const char before[] = "balloon: 2048\ncpu: kvm64\nhostpci0: 01:00.0\nhostpci1: 01:00.1\n"
			     "memory: 4096\nname: a\n\n[snap]\ncpu: qemu64\n";
static const char after[] = "balloon: 0\ncpu: host,hidden=1\nefidisk0: local:vm-100-disk-1\n"
			    "hostpci0: 0000:01:00\nmemory: 4096\nname: a\n\n[snap]\ncpu: qemu64\n";

/* @wanted NULL: refused with @said. */
static void undoes(const char *was, const char *became, const char *is, const char *wanted,
		   const char *said)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	VH_AUTO_TEXT struct vh_text words = {0};
	struct vh_pve_text texts[] = {rig_text(was), rig_text(became), rig_text(is)};
	struct vh_error err = {0};
	int rc = vh_pve_undo(&texts[0], &texts[1], &texts[2], &edit, &report, &err);

	if (!wanted) {
		assert_string_equal(err.msg, said);
		assert_int_equal(rc, -ESTALE);
		assert_int_equal(edit.count, 0);
		return;
	}
	if (rc < 0) {
		fail_msg("%s", err.msg);
	}
	rig_print(&edit, &got);
	assert_string_equal(vh_text_str(&got), wanted);
	assert_int_equal(rc, edit.count > 0);
	if (said) {
		rig_print_report(&report, &words);
		assert_string_equal(vh_text_str(&words), said);
	}
}

static void every_key_goes_back(void **state)
{
	(void)state;
	undoes(before, after, after,
	       "balloon 2048\ncpu kvm64\nefidisk0 deleted\nhostpci0 01:00.0\nhostpci1 01:00.1\n",
	       "1 balloon: '0' -> '2048' (as before the first patch)\n"
	       "2 cpu: 'host,hidden=1' -> 'kvm64' (as before the first patch)\n"
	       "3 efidisk0: 'local:vm-100-disk-1' -> not set (as before the first patch)\n"
	       "4 hostpci0: '0000:01:00' -> '01:00.0' (as before the first patch)\n"
	       "0 hostpci1: not set -> '01:00.1' (as before the first patch)\n"
	       "note: Proxmox keeps the volume of efidisk0 as an unused disk of the VM\n");
}

static void what_others_changed_stays(void **state)
{
	(void)state;
	undoes("cpu: kvm64\nmemory: 1\n", "cpu: host\nmemory: 1\n",
	       "cores: 4\ncpu: host\nmemory: 2\nvga: none\n", "cpu kvm64\n", NULL);
	/* Between two patches, too. */
	undoes("cpu: kvm64\nmemory: 1\nname: a\n", "cpu: host\nmemory: 2\nname: b\n",
	       "cpu: host\nmemory: 2\nname: b\n", "cpu kvm64\n", NULL);
}

static void what_is_as_before_needs_nothing(void **state)
{
	(void)state;
	undoes(before, after, before, "", "");
	undoes("cpu: host\n", "cpu: host\n", "cpu: kvm64\n", "", "");
	undoes("cpu: kvm64\nvga: std\n", "cpu: host\nvga: none\n", "cpu: kvm64\nvga: none\n",
	       "vga std\n", NULL);
}

static void somebody_else_is_named_with_all_three_values(void **state)
{
	(void)state;
	undoes("cpu: kvm64\n", "cpu: host\n", "cpu: max\n", NULL,
	       "100.conf: somebody else has changed cpu: it is 'max'; patch made it 'host', and "
	       "before that it was 'kvm64'");
	undoes("cores: 1\n", "hostpci12: 01:00\n", "hostpci12: 02:00\n", NULL,
	       "100.conf: somebody else has changed hostpci12: it is '02:00'; patch made it '01:00', "
	       "and before that it was not set");
	undoes("args: -a\n", "cores: 1\n", "args: -b\n", NULL,
	       "100.conf: somebody else has changed args: it is '-b'; patch made it not set, and "
	       "before that it was '-a'");
}

static void the_order_of_options_is_nobodys_change(void **state)
{
	(void)state;
	undoes("cpu: kvm64\n", "cpu: host,hidden=1\n", "cpu: hidden=on,cputype=host\n",
	       "cpu kvm64\n", NULL);
	undoes("args: -a,b\n", "args: -c,d\n", "args: -d,c\n", NULL,
	       "100.conf: somebody else has changed args: it is '-d,c'; patch made it '-c,d', and "
	       "before that it was '-a,b'");
}

static void what_is_pending_counts_as_done(void **state)
{
	(void)state;
	undoes("cpu: kvm64\n", "cpu: kvm64\n\n[PENDING]\ncpu: host\n",
	       "cpu: kvm64\n\n[PENDING]\ncpu: host\n", "cpu kvm64\n", NULL);
	undoes("cpu: kvm64\nvga: std\n", "cpu: host\n",
	       "cpu: host\nvga: std\n[pending]\ndelete: vga\n", "cpu kvm64\nvga std\n", NULL);
	/* Unlike what a second [PENDING] takes the place of. */
	undoes("cpu: a\n", "cpu: a\n[PENDING]\ncpu: b\n[PENDING]\ncpu: c\n", "cpu: c\n", "cpu a\n",
	       NULL);
}

static void verifies(const char *key, const char *value, const char *conf, const char *msg)
{
	struct vh_pve_assignment one = {.value = value ? strdup(value) : NULL};
	struct vh_pve_edit edit = {.items = &one, .count = 1};
	struct vh_pve_text config = rig_text(conf);
	struct vh_error err = {0};
	int rc;

	(void)vh_copy(one.key, sizeof(one.key), key);
	rc = vh_pve_verify(&edit, &config, &err);
	assert_int_equal(rc, msg[0] ? -EIO : 0);
	assert_string_equal(err.msg, msg);
	free(one.value);
}

/* The number of a VM that is gone may have been given to another. */
static void another_vm_of_the_number_is_left_alone(void **state)
{
	(void)state;
	undoes("cpu: host\nhostpci1: 01:00.1\nsmbios1: uuid=1\n",
	       "cpu: max\nsmbios1: base64=1,uuid=1\n", "cpu: max\nsmbios1: uuid=2\n", NULL,
	       "100.conf: it is another VM than the one that patch changed: its smbios1 has another "
	       "uuid");
	undoes("cpu: host\nsmbios1: uuid=1\n", "cpu: max\nsmbios1: uuid=1\n",
	       "cpu: max\nsmbios1: uuid=1,serial=a\n", "cpu host\n", NULL);
	undoes("cpu: host\nsmbios1: uuid=1\n", "cpu: max\n", "cpu: max\n", "cpu host\n", NULL);
}

/* An edit of cpu and vga that takes hostpci1 away; @now is what there is after it failed. */
static void takes_back(const char *now, const char *wanted, const char *said)
{
	static const char was[] = "cpu: host\nhostpci1: 01:00.1\nmemory: 1\n";
	struct vh_pve_assignment items[] = {
		{"cpu", (char[]){"host,hidden=1"}}, {"vga", (char[]){"none"}}, {"hostpci1", NULL}};
	struct vh_pve_edit edit = {items, 3};
	VH_AUTO_PVE_EDIT struct vh_pve_edit back = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	VH_AUTO_TEXT struct vh_text words = {0};
	struct vh_pve_text texts[] = {rig_text(was), rig_text(now)};
	struct vh_error err = {0};
	int rc = vh_pve_take_back(&edit, &texts[0], &texts[1], &back, &report, &err);

	rig_print(&back, &got);
	assert_string_equal(vh_text_str(&got), wanted);
	assert_int_equal(rc, back.count > 0);
	for (size_t i = 0; i < report.note_count; i++) {
		vh_text_addf(&words, "%s\n", report.notes[i]);
	}
	assert_string_equal(vh_text_str(&words), said);
}

static void only_our_own_is_taken_back(void **state)
{
	(void)state;
	takes_back("cpu: host\nhostpci1: 01:00.1\nmemory: 2\n", "", "");
	takes_back("cpu: host,hidden=1\nhostpci1: 01:00.1\n", "cpu host\n", "");
	takes_back("cpu: host,hidden=on\nvga: type=none\n",
		   "cpu host\nvga deleted\nhostpci1 01:00.1\n", "");
	takes_back("cpu: max\nhostpci1: 02:00\nvga: none\n", "vga deleted\n",
		   "100.conf: somebody else has changed cpu meanwhile; it stays 'max'\n"
		   "100.conf: somebody else has changed hostpci1 meanwhile; it stays '02:00'\n");
}

/* qm takes a deleted line out of the boot order by itself. */
static void the_boot_order_goes_back(void **state)
{
	struct vh_pve_assignment items[] = {{"hostpci1", NULL},
					    {"boot", (char[]){"order=hostpci0"}}};
	static const char was[] = "boot: order=hostpci1\nhostpci1: 01:00.1\n";
	static const char became[] = "boot: order=\n";
	struct vh_pve_edit edit = {items, 2};
	VH_AUTO_PVE_EDIT struct vh_pve_edit back = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text got = {0};
	struct vh_pve_text texts[] = {rig_text(was), rig_text(became)};
	struct vh_error err = {0};

	(void)state;
	undoes(was, became, became, "boot order=hostpci1\nhostpci1 01:00.1\n", NULL);
	assert_int_equal(vh_pve_take_back(&edit, &texts[0], &texts[1], &back, &report, &err), 1);
	rig_print(&back, &got);
	assert_string_equal(vh_text_str(&got), "hostpci1 01:00.1\nboot order=hostpci1\n");
}

static void what_qm_made_of_it_is_compared(void **state)
{
	(void)state;
	verifies("cpu", "host,hidden=1", "cpu: host,hidden=1\n", "");
	verifies("cpu", "host,hidden=1", "cpu: cputype=host,hidden=1\n", "");
	verifies("cpu", "host,hidden=1", "cpu: x\n[PENDING]\ncpu: host,hidden=1\n", "");
	verifies("cpu", "host,hidden=1", "cpu: host\n",
		 "100.conf: cpu is 'host' after qm set, and should be 'host,hidden=1'");
	verifies("cpu", "host", "cores: 2\n",
		 "100.conf: cpu is not set after qm set, and should be 'host'");
	verifies("args", NULL, "cores: 2\n", "");
	verifies("args", NULL, "args: -a\n[snap]\n",
		 "100.conf: args is '-a' after qm set, and should be not set");
}

static void proxmox_completes_some_values(void **state)
{
	static const char efidisk[] = "local:1,efitype=4m,pre-enrolled-keys=1";

	(void)state;
	verifies("machine", "q35", "machine: pc-q35-9.0+pve1\n", "");
	verifies("machine", "q35", "machine: pc-i440fx-9.0\n",
		 "100.conf: machine is 'pc-i440fx-9.0' after qm set, and should be 'q35'");
	verifies(
		"efidisk0", efidisk,
		"efidisk0: local:100/vm-100-disk-0.qcow2,efitype=4m,pre-enrolled-keys=1,size=528K\n",
		"");
	verifies("efidisk0", efidisk, "efidisk0: local:100/vm-100-disk-0.qcow2,efitype=4m\n",
		 "100.conf: efidisk0 is 'local:100/vm-100-disk-0.qcow2,efitype=4m' after qm set, and "
		 "should be 'local:1,efitype=4m,pre-enrolled-keys=1'");
	verifies("efidisk0", efidisk, "efidisk0: tank:v,efitype=4m,pre-enrolled-keys=1\n",
		 "100.conf: efidisk0 is 'tank:v,efitype=4m,pre-enrolled-keys=1' after qm set, and "
		 "should be 'local:1,efitype=4m,pre-enrolled-keys=1'");
}

static void a_long_value_is_cut_in_a_message(void **state)
{
	VH_AUTO_TEXT struct vh_text conf = {0};
	VH_AUTO_TEXT struct vh_text msg = {0};

	(void)state;
	vh_text_add(&conf, "args: -");
	vh_text_add(&msg, "100.conf: args is '-");
	for (unsigned i = 0; i < 200; i++) {
		vh_text_add(&conf, "x");
		vh_text_add(&msg, i < 91 ? "x" : "");
	}
	vh_text_add(&conf, "\n");
	vh_text_add(&msg, "...' after qm set, and should be not set");
	verifies("args", NULL, vh_text_str(&conf), vh_text_str(&msg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_goes_back),
		cmocka_unit_test(what_others_changed_stays),
		cmocka_unit_test(what_is_as_before_needs_nothing),
		cmocka_unit_test(somebody_else_is_named_with_all_three_values),
		cmocka_unit_test(the_order_of_options_is_nobodys_change),
		cmocka_unit_test(what_is_pending_counts_as_done),
		cmocka_unit_test(another_vm_of_the_number_is_left_alone),
		cmocka_unit_test(only_our_own_is_taken_back),
		cmocka_unit_test(the_boot_order_goes_back),
		cmocka_unit_test(what_qm_made_of_it_is_compared),
		cmocka_unit_test(proxmox_completes_some_values),
		cmocka_unit_test(a_long_value_is_cut_in_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
