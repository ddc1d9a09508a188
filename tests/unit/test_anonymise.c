/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Nothing that tells whose machine it is leaves it; what a reader needs stays as it was. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/report/anonymise.h"

/* Host tower.lan.corp.com, users ann (Ann Example) and ole-kj, and two with everybody's names. */
static void know(struct vh_anonymiser *a)
{
	vh_anonymiser_name(a, VH_PRIVATE_HOST, "tower");
	vh_anonymiser_name(a, VH_PRIVATE_DOMAIN, "lan.corp.com");
	vh_anonymiser_alias(a, VH_PRIVATE_USER, "ann", "Ann Beispiel");
	vh_anonymiser_name(a, VH_PRIVATE_USER, "ole-kj");
	vh_anonymiser_name(a, VH_PRIVATE_USER, "user");
	vh_anonymiser_name(a, VH_PRIVATE_HOST, "debian");
	vh_anonymiser_name(a, VH_PRIVATE_CLUSTER, "attic");
}

static char *once(const char *text)
{
	VH_AUTO_ANONYMISER struct vh_anonymiser a = {0};
	struct vh_text out = {0};

	know(&a);
	vh_anonymise(&a, text, strlen(text), &out);
	assert_false(a.failed || out.failed);
	return out.data ? out.data : strdup("");
}

/* And a second time, by one who knows nothing of the first, nothing more changes. */
static void becomes(const char *text, const char *wanted)
{
	VH_AUTO_FREE char *got = once(text);
	VH_AUTO_FREE char *again = once(got);

	assert_string_equal(got, wanted);
	assert_string_equal(again, wanted);
}

static void stays(const char *text)
{
	becomes(text, text);
}

static void test_names(void **state)
{
	(void)state;
	becomes("tower kernel: TOWER, towers, Tower's", "host-1 kernel: host-1, towers, host-1's");
	becomes("ann@tower tower.lan.corp.com:~", "user-1@host-1 host-1.domain-1.example:~");
	becomes("/home/ann/vm.qcow2 (Ann Beispiel)", "/home/user-1/vm.qcow2 (user-1)");
	becomes("user Ann_win11 ann-pc joann annie", "user user-1_win11 user-1-pc joann annie");
	becomes("c1 (ole-kj, x11) ole", "c1 (user-2, x11) ole");
	becomes("cluster_name: attic", "cluster_name: cluster-1");
	becomes("ann%20vm my%20ann machine-qemu\\x2d3\\x2dann.scope",
		"user-1%20vm my%20user-1 machine-qemu\\x2d3\\x2duser-1.scope");
}

/* Nobody told us of them: the path does, and then the word is known everywhere. */
static void test_home_tells_a_name(void **state)
{
	(void)state;
	becomes("berta wrote /home/berta/rom.bin", "user-4 wrote /home/user-4/rom.bin");
	becomes("file='/var/home/carl'", "file='/var/home/user-4'");
	stays("/home/ and /home");
}

/* A user called "user" must not make nonsense of every line. */
static void test_everybodys_words_stay(void **state)
{
	(void)state;
	stays("Debian GNU/Linux 12, a user of the host, user@1000.service");
	becomes("/home/user/x, user@debian, user-unit", "/home/user-3/x, user-3@host-2, user-unit");
	becomes("/etc/pve/nodes/debian/qemu-server", "/etc/pve/nodes/host-2/qemu-server");
}

static void test_left_names_are_told(void **state)
{
	VH_AUTO_ANONYMISER struct vh_anonymiser a = {0};

	(void)state;
	know(&a);
	assert_string_equal(vh_anonymiser_left(&a, 0), "user");
	assert_string_equal(vh_anonymiser_left(&a, 1), "debian");
	assert_null(vh_anonymiser_left(&a, 2));
}

static void test_mac(void **state)
{
	(void)state;
	becomes("net0: virtio=BC:24:11:AA:BB:CC,bridge=vmbr0\nbc:24:11:aa:bb:cc bc:24:11:aa:bb:cd",
		"net0: virtio=02:00:00:00:00:01,bridge=vmbr0\n02:00:00:00:00:01 02:00:00:00:00:02");
	becomes("<mac address='52:54:00:12:34:56'/>", "<mac address='02:00:00:00:00:01'/>");
	becomes("bc-24-11-aa-bb-cc enxbc2411aabbcc", "02-00-00-00-00-01 enx020000000001");
	stays("ff:ff:ff:ff:ff:ff 00:00:00:00:00:00");
}

static void test_uuid(void **state)
{
	(void)state;
	becomes("<uuid>C7A5FDBD-EDAF-9455-926A-D65C16DB1809</uuid> GPU-c7a5fdbd-edaf-9455-926a-d65c16db1809",
		"<uuid>00000000-0000-0000-0000-000000000001</uuid> "
		"GPU-00000000-0000-0000-0000-000000000001");
	becomes("vfio-handoff 1 0a1b2c3d-0000-4000-8000-00000000beef 9e107d9d372bb682 win11 libvirt",
		"vfio-handoff 1 00000000-0000-0000-0000-000000000001 9e107d9d372bb682 win11 libvirt");
	becomes("_BOOT_ID=0a1b2c3d00004000800000000000beef 0a1b2c3d-0000-4000-8000-00000000beef",
		"_BOOT_ID=00000000000000000000000000000001 00000000-0000-0000-0000-000000000001");
	becomes("dev-disk-by\\x2duuid-0a1b2c3d\\x2d0000\\x2d4000\\x2d8000\\x2d00000000beef.device",
		"dev-disk-by\\x2duuid-00000000\\x2d0000\\x2d0000\\x2d0000\\x2d000000000001.device");
	becomes("root=UUID=ABCD-1234 /dev/disk/by-uuid/ABCD-1234",
		"root=UUID=serial-1 /dev/disk/by-uuid/serial-1");
}

static void test_addresses(void **state)
{
	(void)state;
	becomes("10.1.2.3 192.168.7.9/24, 10.1.2.3:5900", "192.0.2.1 192.0.2.2/24, 192.0.2.1:5900");
	becomes("fe80::aabb:ccff:fedd:1 2a01:4f8:0:1::2/64 2A01:04F8::1:0:0:0:2",
		"2001:db8::1 2001:db8::2/64 2001:db8::2");
	becomes("[2a01:4f8::2]:5900, 10.0.0.1.", "[2001:db8::1]:5900, 192.0.2.2.");
	stays("127.0.0.1 ::1 0.0.0.0 :: 255.255.255.0 192.0.2.77 2001:db8::5");
}

/* What looks like one and is none. */
static void test_what_a_reader_needs_stays(void **state)
{
	(void)state;
	stays("0000:01:00.0 01:00.1 10de:2204 [0x4000000000-0x43ffffffff] c000000000000000");
	stays("6.8.12-4-pve, 6.1.0-28-amd64, 535.183.01, pve-qemu-kvm 9.0.2-4, 94.02.42.80.12");
	stays("BIOS version 1.4.0.2, driver 10.0.0.1, firmware: 1.2.3.4, 1.2.3.4-5 5.10.0.1~bpo");
	stays("snd_hda_intel 0000:01:00.1: vfio-pci -> (none) (12 ms)");
	stays("12:34:56 std::abort user@1000.service getty@tty1.service");
	stays("intel_iommu=on iommu=pt vfio-pci.ids=10de:2204,10de:1aef pcie_acs_override=downstream");
	stays("qemu: -vnc password=on -object secret,id=s0 password-secret=s0");
	stays("Serial: 8250/16550 driver; serial0: socket; <serial type='pty'>; console=ttyS0");
}

static void test_serial_numbers(void **state)
{
	(void)state;
	becomes("Serial Number: S4EWNX0M1\n/dev/disk/by-id/nvme-Samsung_SSD_970_S4EWNX0M1-part2",
		"Serial Number: serial-1\n/dev/disk/by-id/nvme-Samsung_SSD_970_serial-1-part2");
	becomes("by-id/wwn-0x5002538e40b5a1d2-part1 by-id/usb-San_Disk_4C53000-0:0 by-id/nvme-eui.00253",
		"by-id/wwn-serial-1-part1 by-id/usb-San_Disk_serial-2-0:0 by-id/nvme-eui.serial-3");
	becomes("<serial>WD-1234</serial><entry name='serial'>PF2AB3CD</entry>",
		"<serial>serial-1</serial><entry name='serial'>serial-2</entry>");
	becomes("scsi1: local:vm-1,serial=ABC123,size=2G {\"serial\":\"XY-99\"}",
		"scsi1: local:vm-1,serial=serial-1,size=2G {\"serial\":\"serial-2\"}");
	becomes("Device Serial Number 00-11-22-ff-ff-33-44-55, ID_SERIAL_SHORT=K1J2",
		"Device Serial Number serial-1, ID_SERIAL_SHORT=serial-2");
	/* Said before the key tells what it is. */
	becomes("K1J2X seen\nSerial: K1J2X", "serial-1 seen\nSerial: serial-1");
	stays("Serial Number: To be filled by O.E.M., Serial Number: 0000000, serial number of");
}

static void test_secrets(void **state)
{
	(void)state;
	becomes("<graphics type='vnc' passwd='hunter2'/>", "<graphics type='vnc' passwd='***'/>");
	becomes("cipassword: $5$abc/def\npassword=hunter2,x", "cipassword: ***\npassword=***,x");
	becomes("Authorization: Bearer abc.def", "Authorization: Bearer ***");
	becomes("{\"token\": \"a b\"}", "{\"token\": \"***\"}");
	becomes("https://ann:pw@git.corp.com/x", "https://***@git.corp.com/x");
	becomes("key VK7JG-NPHTM-C97JM-9MPGT-3V66T", "key AAAAA-AAAAA-AAAAA-AAAAA-00001");
	becomes("mail ann.b+x@mail.corp.com.", "mail mail-1@example.invalid.");
}

/* The journal, the log and the definition speak of the same things. */
static void test_consistent_across_texts(void **state)
{
	VH_AUTO_ANONYMISER struct vh_anonymiser a = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	static const char first[] = "bc:24:11:aa:bb:cc K1J2X";
	static const char second[] = "|Serial Number: K1J2X|BC:24:11:AA:BB:CC|password: x";

	(void)state;
	vh_anonymiser_learn(&a, first, strlen(first));
	vh_anonymiser_learn(&a, second, strlen(second));
	vh_anonymise(&a, first, strlen(first), &out);
	vh_anonymise(&a, second, strlen(second), &out);
	assert_string_equal(out.data, "02:00:00:00:00:01 serial-1|Serial Number: serial-1|"
				      "02:00:00:00:00:01|password: ***");
	assert_int_equal(vh_anonymiser_count(&a, VH_PRIVATE_MAC), 1);
	assert_int_equal(vh_anonymiser_count(&a, VH_PRIVATE_SERIAL), 1);
	assert_int_equal(vh_anonymiser_count(&a, VH_PRIVATE_SECRET), 1);
	assert_int_equal(vh_anonymiser_count(&a, VH_PRIVATE_UUID), 0);
	assert_string_equal(vh_private_word(VH_PRIVATE_MAC), "MAC address");
}

/* More addresses than a documentation network holds: none of them gets another's stand-in. */
static void test_many(void **state)
{
	VH_AUTO_ANONYMISER struct vh_anonymiser a = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text again = {0};

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		vh_text_addf(&text, "10.7.%u.%u bc:24:11:00:%02x:%02x\n", i >> 8, i & 0xff, i >> 8,
			     i & 0xff);
	}
	vh_anonymise(&a, text.data, text.len, &out);
	assert_int_equal(vh_anonymiser_count(&a, VH_PRIVATE_IP), 3000);
	assert_int_equal(vh_anonymiser_count(&a, VH_PRIVATE_MAC), 3000);
	assert_null(strstr(out.data, "10.7."));
	assert_non_null(strstr(out.data, "192.0.2.254 02:00:00:00:00:fe\n198.51.100.1 "));
	assert_non_null(strstr(out.data, "203.0.113.254 02:00:00:00:02:fa\n198.18."));
	vh_anonymise(&a, out.data, out.len, &again);
	assert_string_equal(again.data, out.data);
}

/* Any bytes, with zeros, in any length, come out; what is long is not slow. */
static void test_hostile(void **state)
{
	VH_AUTO_ANONYMISER struct vh_anonymiser a = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	static const char zeros[] = "ann\0ann\xff\xfe\0serial=\0/home/\0by-id/";

	(void)state;
	know(&a);
	vh_anonymise(&a, zeros, sizeof(zeros) - 1, &out);
	assert_memory_equal(out.data, "user-1\0ann\xff", 10);
	for (int i = 0; i < 200000; i++) {
		vh_text_add(&text, i % 3 ? "a:" : "b.");
	}
	vh_text_add(&text, "serial=");
	for (int i = 0; i < 100000; i++) {
		vh_text_add(&text, "9z");
	}
	vh_anonymise(&a, text.data, text.len, &out);
	assert_false(out.failed);
	vh_anonymise(&a, "", 0, &out);
	stays("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_home_tells_a_name),
		cmocka_unit_test(test_everybodys_words_stay),
		cmocka_unit_test(test_left_names_are_told),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_what_a_reader_needs_stays),
		cmocka_unit_test(test_serial_numbers),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_consistent_across_texts),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
