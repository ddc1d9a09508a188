/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Frame buffers by place: the firmware's is touched only where its memory lies in a BAR of the card
 * that leaves, or where it is its child, whatever its driver is called.
 */

#include "tests/unit/host_picture.h"

#define HOST(kernel)                                                                            \
	"kernel " kernel "\niommu dmar0\nconsole fbcon=1 dummy=0\n"                             \
	"bridge 0000:00:10.0 1b36:000c group=1\nbridge 0000:00:11.0 1b36:000c group=2\n"        \
	"pci " GPU " 1234:1111 class=030000 group=6 parent=0000:00:10.0 bar0=fd000000+1000000 " \
	"reset=bus boot_vga=1\n"                                                                \
	"pci " SECOND                                                                           \
	" 1002:73bf class=030000 group=7 parent=0000:00:11.0 bar0=e0000000+10000000 "           \
	"reset=bus\n"
#define OLD            "5.10.0-35-amd64"
#define NEW            "6.12.107-amd64"
#define SECOND_PROFILE "[device gpu]\naddress = " SECOND "\n"

/* Everything that may be written when the screen is concerned. */
static unsigned touched(struct rig *r)
{
	return rig_operations(r, "sys/bus/platform/") + rig_operations(r, "vtconsole");
}

/* There and back, without a difference to the firmware's frame buffer. */
static void leaves_it_alone(void **state, const char *lines, const char *profile)
{
	struct rig *r = rig_open_host(state, fk_parse("place", lines), profile);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(touched(r), 0);
	assert_string_equal(fk_get(r->fk, VTCON "bind"), "1\n");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(touched(r), 0);
	rig_is_clean(r);
	assert_int_equal(rig_teardown(state), 0);
	*state = NULL;
}

/* joeknock90#69: efifb on the other card, unbound because a list of commands said so. */
static void peers_3_4_framebuffer_of_the_other_card_is_not_touched(void **state)
{
	leaves_it_alone(state, HOST(OLD) "sysfb efi-framebuffer on=" GPU "\n", SECOND_PROFILE);
	leaves_it_alone(state, HOST(NEW) "sysfb efi-framebuffer on=" GPU "\n", SECOND_PROFILE);
	leaves_it_alone(state,
			HOST(OLD) "sysfb simple-framebuffer on=" GPU " driver=simpledrm card=0\n",
			SECOND_PROFILE);
}

/* The same device, the same driver: only the place of its memory differs. */
static void peers_3_4_framebuffer_on_this_card_is_let_go(void **state)
{
	static const char *const devices[] = {"efi-framebuffer", "vesa-framebuffer",
					      "simple-framebuffer"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(devices); i++) {
		char lines[1200];
		char unbind[128];
		struct rig *r;

		(void)snprintf(lines, sizeof(lines), HOST(OLD) "sysfb %s on=" SECOND "\n",
			       devices[i]);
		(void)snprintf(unbind, sizeof(unbind), "drivers/%s/unbind=%s.0", devices[i],
			       devices[i]);
		r = rig_open_host(state, fk_parse("here", lines), SECOND_PROFILE);
		rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
		assert_int_equal(rig_operations(r, unbind), 1);
		assert_int_equal(rig_operations(r, "vtcon1/bind=0"), 1);
		rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
		rig_is_clean(r);
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

/* A frame buffer in a hole between the cards is nobody's, and one that begins in a BAR is its. */
static void peers_3_4_place_is_taken_by_the_byte(void **state)
{
	static const struct {
		const char *base;
		const char *function;
	} places[] = {
		{"fd000000", GPU},    {"fdffffff", GPU},    {"fe000000", NULL}, {"fcffffff", NULL},
		{"e0000000", SECOND}, {"efffffff", SECOND}, {"f0000000", NULL},
	};
	struct picture *p =
		picture_of(state, fk_parse("byte", HOST(OLD) "sysfb efi-framebuffer on=" GPU "\n"));

	for (size_t i = 0; i < VH_ARRAY_SIZE(places); i++) {
		char text[128];
		int wanted = places[i].function ? vh_host_find_name(&p->host, places[i].function)
						: -1;

		(void)snprintf(text, sizeof(text),
			       "80000000-fedfffff : PCI Bus\n  %s-ffffffff : efifb\n",
			       places[i].base);
		fk_set(p->fk, "proc/iomem", text);
		take(p);
		assert_int_equal(p->host.firmware_fbs[0].function, wanted);
	}
}

/* siderolabs/talos#14356: the kernel calls the memory BOOTFB, its driver by the driver's name. */
static void peers_3_4_all_drivers_of_firmware_screens_are_known(void **state)
{
	static const char *const names[] = {"BOOTFB",    "efifb",   "vesafb", "simplefb",
					    "simpledrm", "vesadrm", "efidrm"};
	struct picture *p = picture_of(
		state, fk_parse("names", HOST(OLD) "sysfb efi-framebuffer on=" GPU "\n"));

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		char text[160];

		(void)snprintf(text, sizeof(text),
			       "e0000000-efffffff : " SECOND "\n  e1000000-e17e8fff : %s\n",
			       names[i]);
		fk_set(p->fk, "proc/iomem", text);
		take(p);
		assert_int_equal(p->host.firmware_fbs[0].function,
				 vh_host_find_name(&p->host, SECOND));
	}
	fk_set(p->fk, "proc/iomem",
	       "e0000000-efffffff : " SECOND "\n  e1000000-e17e8fff : amdgpu\n");
	take(p);
	assert_int_equal(p->host.firmware_fbs[0].function, -1);
}

/* Some memory of that name elsewhere does not hide the one that is in a BAR. */
static void every_line_is_looked_at(void **state)
{
	struct picture *p =
		picture_of(state, fk_parse("two", HOST(OLD) "sysfb efi-framebuffer on=" GPU "\n"));

	fk_set(p->fk, "proc/iomem",
	       "a0000000-a07e8fff : BOOTFB\ne0000000-efffffff : " SECOND
	       "\n  e0000000-e07e8fff : simpledrm\n");
	take(p);
	assert_int_equal(p->host.firmware_fbs[0].function, vh_host_find_name(&p->host, SECOND));
}

/* QaidVoid#24: gone on newer kernels, and with NVIDIA's own fbdev: nothing to do, no error. */
static void peers_3_4_absence_is_normal(void **state)
{
	struct rig *r = rig_open_host(state, fk_parse("none", HOST(OLD)), GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "sys/bus/platform/"), 0);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* Evicted between the plan and the write: the same. */
static void peers_3_4_absence_comes_suddenly(void **state)
{
	struct rig *r = rig_open_host(state,
				      fk_parse("gone", HOST(NEW) "sysfb simple-framebuffer on=" GPU
								 " driver=simpledrm card=0\n"),
				      GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "this kernel removes the firmware's frame buffer for good");
	assert_int_equal(rig_operations(r, "sys/bus/platform/"), 0);
	assert_false(fk_exists(r->fk, "sys/bus/platform/devices/simple-framebuffer.0"));
	assert_false(fk_exists(r->fk, "dev/dri/card0"));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_no_records(r);
}

/* simpledrm's card0 goes with the eviction: nobody may wait for it on the way back. */
static void peers_3_4_card_of_simpledrm_is_no_offer_of_the_card(void **state)
{
	static const char *const kernels[] = {
		HOST(OLD) "sysfb simple-framebuffer on=" GPU " driver=simpledrm card=0\n",
		HOST("6.1.0-56-amd64") "sysfb simple-framebuffer on=" GPU
				       " driver=simpledrm card=0\n",
		HOST(NEW) "sysfb simple-framebuffer on=" GPU " driver=simpledrm card=0\n",
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(kernels); i++) {
		struct picture *p = picture_of(state, fk_parse("simpledrm", kernels[i]));
		struct vh_function *f = function(p, GPU);

		assert_true(fk_exists(p->fk, "dev/dri/card0"));
		assert_int_equal(p->host.firmware_fbs[0].function, vh_host_find_name(&p->host, GPU));
		for (size_t j = 0; j < VH_OFFER_MAX; j++) {
			assert_int_equal(f->offers[j], 0);
		}
		assert_int_equal(picture_teardown(state), 0);
	}
	*state = picture_of(state, fk_parse("last", HOST(NEW)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(peers_3_4_framebuffer_of_the_other_card_is_not_touched),
		RIG_TEST(peers_3_4_framebuffer_on_this_card_is_let_go),
		PICTURE_TEST(peers_3_4_place_is_taken_by_the_byte),
		PICTURE_TEST(peers_3_4_all_drivers_of_firmware_screens_are_known),
		PICTURE_TEST(every_line_is_looked_at),
		RIG_TEST(peers_3_4_absence_is_normal),
		RIG_TEST(peers_3_4_absence_comes_suddenly),
		PICTURE_TEST(peers_3_4_card_of_simpledrm_is_no_offer_of_the_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
