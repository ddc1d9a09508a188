/* SPDX-License-Identifier: GPL-2.0-or-later */

/* No emulated display, no balloon, and the chipset and firmware that stay what they are. */

#include <errno.h>
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
#include "tests/unit/domain_card.h"

static const struct vh_guest_set no_video = {.no_video = true};
static const struct vh_guest_set no_balloon = {.no_balloon = true};
static const struct vh_guest_set q35 = {.q35 = true};
static const struct vh_guest_set uefi = {.uefi = true};

#define NO_VIDEO "    <video>\n      <model type='none'/>\n    </video>\n"

#define QXL                                                                             \
	"    <video>\n"                                                                 \
	"      <model type='qxl' ram='65536' vgamem='16384' heads='1' primary='yes'>\n" \
	"        <acceleration accel3d='no'/>\n"                                        \
	"      </model>\n"                                                              \
	"      <driver iommu='on'/>\n"                                                  \
	"      <alias name='ua-v'/>\n"                                                  \
	"      <address type='pci' bus='0x00' slot='0x01' function='0x0'/>\n"           \
	"    </video>\n"

static void the_first_video_becomes_none_and_the_others_go(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(&no_video,
			    VM("q35", "    <graphics type='spice'/>\n" QXL
				      "    <video><model type='virtio'/></video>\n"
				      "    <video/>\n"
				      "    <sound/>\n"),
			    VM("q35", "    <graphics type='spice'/>\n" NO_VIDEO "    <sound/>\n"),
			    &report);
	assert_int_equal(report.change_count, 3);
	expect_change(&report, 0, 6, "video = none", "<video> has <model type='none'/>, was 'qxl'");
	expect_change(&report, 1, 14, "video = none", "<video> 'virtio' removed");
	expect_change(&report, 2, 15, "video = none", "<video> '' removed");
}

static void a_video_without_a_model_gets_one(void **state)
{
	(void)state;
	expect_patch(&no_video, VM("q35", "    <video>\n      <!-- x -->\n    </video>\n"),
		     VM("q35", "    <video>\n      <!-- x -->\n      <model type='none'/>\n"
			       "    </video>\n"));
}

/* libvirt adds a display to <graphics>, and to nothing else. */
static void no_video_is_said_where_libvirt_would_add_one(void **state)
{
	(void)state;
	expect_patch(&no_video, VM("q35", "    <graphics type='vnc'/>\n"),
		     VM("q35", "    <graphics type='vnc'/>\n" NO_VIDEO));
	expect_same(&no_video, VM("q35", ""));
	expect_same(&no_video, DOMAIN(""));
}

static void video_none_keeps_its_bytes(void **state)
{
	(void)state;
	expect_same(&no_video, VM("q35", "<video><model heads='1' type=\"none\" /></video>\n"));
	expect_same(&(const struct vh_guest_set){0}, VM("q35", QXL));
	expect_refusal(&no_video,
		       VM("q35", "<video><model type='vga'/>\n<model type='none'/></video>\n"),
		       "vm.xml:6: a second <model>; the first is in line 5", "");
}

#define NO_BALLOON "    <memballoon model='none'/>\n"

static void the_balloon_goes_with_all_it_says(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	expect_patch_noting(
		&no_balloon,
		VM("q35", "    <memballoon model='virtio' autodeflate='on'>\n"
			  "      <stats period='5'/>\n" AT("03", "00", "0") "    </memballoon>\n"),
		VM("q35", NO_BALLOON), &report);
	assert_int_equal(report.change_count, 1);
	expect_change(&report, 0, 5, "balloon = none", "<memballoon model='none'>, was 'virtio'");
	expect_patch(&no_balloon,
		     VM("q35", "<memballoon model='virtio' freePageReporting='on'><!-- x -->"
			       "<stats period='5'/></memballoon>\n"),
		     VM("q35", "<memballoon model='none'><!-- x --></memballoon>\n"));
}

static void no_balloon_is_said_for_libvirt_adds_one(void **state)
{
	(void)state;
	expect_patch(&no_balloon, VM("q35", "    <rng model='virtio'/>\n"),
		     VM("q35", NO_BALLOON "    <rng model='virtio'/>\n"));
	expect_patch(&no_balloon, DOMAIN(""), DOMAIN("  <devices>\n" NO_BALLOON "  </devices>\n"));
}

static void balloon_none_keeps_its_bytes(void **state)
{
	(void)state;
	expect_same(&no_balloon,
		    VM("q35", "<memballoon model=\"none\" ><stats period='5'/></memballoon>\n"));
	expect_refusal(&no_balloon, VM("q35", NO_BALLOON NO_BALLOON),
		       "vm.xml:6: a second <memballoon>; the first is in line 5", "");
}

#define Q35_REFUSED                                                                        \
	"vm.xml:3: machine = q35, and this guest is not so: an installed system does not " \
	"survive the change"

static void a_chipset_is_not_changed(void **state)
{
	(void)state;
	expect_same(&q35, VM("q35", ""));
	expect_same(&q35, VM("pc-q35-rhel9.2.0", ""));
	expect_same(&q35, VM("ubuntu-q35", "<controller type='pci' model='pcie-root'/>\n"));
	expect_refusal(&q35, VM("pc", ""), Q35_REFUSED, "patch --new");
	expect_refusal(&q35, VM("pc-i440fx-7.2", "<controller type='pci' model='pcie-root'/>\n"),
		       Q35_REFUSED, "patch --new");
	expect_refusal(&q35, DOMAIN("<os><type>hvm</type></os>\n"), Q35_REFUSED, "patch --new");
}

#define OS(attributes, inside) DOMAIN("<os" attributes ">" inside "</os>\n")

static void a_firmware_is_not_changed(void **state)
{
	static const char refused[] =
		"vm.xml:3: firmware = uefi, and this guest is not so: an installed system does not "
		"survive the change";

	(void)state;
	expect_same(&uefi, OS(" firmware='efi'", ""));
	expect_same(&uefi, OS("", "<loader readonly='yes' type='pflash'>/x.fd</loader>"));
	expect_same(&uefi, OS("", "<loader>/usr/share/ovmf/OVMF.fd</loader>"));
	expect_same(&uefi, OS("", "<loader type='rom'>/usr/share/edk2/x64/x.fd</loader>"));
	expect_refusal(&uefi, OS("", ""), refused, "patch --new");
	expect_refusal(&uefi, OS(" firmware='bios'", ""), refused, "patch --new");
	expect_refusal(&uefi, OS("", "<loader>/usr/share/seabios/bios.bin</loader>"), refused,
		       "patch --new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_video_becomes_none_and_the_others_go),
		cmocka_unit_test(a_video_without_a_model_gets_one),
		cmocka_unit_test(no_video_is_said_where_libvirt_would_add_one),
		cmocka_unit_test(video_none_keeps_its_bytes),
		cmocka_unit_test(the_balloon_goes_with_all_it_says),
		cmocka_unit_test(no_balloon_is_said_for_libvirt_adds_one),
		cmocka_unit_test(balloon_none_keeps_its_bytes),
		cmocka_unit_test(a_chipset_is_not_changed),
		cmocka_unit_test(a_firmware_is_not_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
