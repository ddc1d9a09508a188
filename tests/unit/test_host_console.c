/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Text consoles and frame buffers, and whose card each is on. */

#include "lib/host/console.h"
#include "tests/unit/host_picture.h"

/* uefi-efifb.host on another kernel. */
#define EFIFB(kernel)                                                                           \
	"kernel " kernel "\niommu dmar0\nconsole fbcon=1 dummy=0\n"                             \
	"bridge 0000:00:10.0 1b36:000c group=1\n"                                               \
	"pci " GPU " 1234:1111 class=030000 group=6 parent=0000:00:10.0 bar0=fd000000+1000000 " \
	"boot_vga=1\n"                                                                          \
	"sysfb efi-framebuffer on=" GPU "\n"

static const struct vh_vtconsole *fbcon_of(const struct vh_host *host)
{
	for (size_t i = 0; i < host->vtconsole_count; i++) {
		if (host->vtconsoles[i].is_fbcon) {
			return &host->vtconsoles[i];
		}
	}
	return NULL;
}

static const struct vh_framebuffer *framebuffer(const struct vh_host *host, unsigned index)
{
	for (size_t i = 0; i < host->framebuffer_count; i++) {
		if (host->framebuffers[i].index == index) {
			return &host->framebuffers[i];
		}
	}
	fail_msg("there is no fb%u", index);
	return NULL;
}

/* BIOS: "vtcon0 (M) frame buffer device"; UEFI: vtcon1. The number and the letter say nothing. */
static void trap_15_fbcon_is_found_by_name_not_number(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));
	struct vh_vtconsole con;

	assert_non_null(fbcon_of(&p->host));
	assert_int_equal(fbcon_of(&p->host)->index, 1);
	assert_true(fbcon_of(&p->host)->bound);
	fk_set(p->fk, "sys/class/vtconsole/vtcon0/name", "(M) frame buffer device\n");
	fk_set(p->fk, "sys/class/vtconsole/vtcon1/name", "(S) dummy device\n");
	fk_set(p->fk, "sys/class/vtconsole/vtcon0/bind", "0\n");
	take(p);
	assert_int_equal(fbcon_of(&p->host)->index, 0);
	assert_false(fbcon_of(&p->host)->bound);
	assert_int_equal(vh_vtconsole_find_fbcon(fk_sys(p->fk), &con), 0);
	assert_int_equal(con.index, 0);
}

static void trap_15_directory_that_goes_with_the_last_frame_buffer(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));
	struct vh_vtconsole con;

	assert_int_equal(fk_write(p->fk, VTCON "bind", "0"), 0);
	assert_int_equal(fk_write(p->fk, PCI "drivers/bochs-drm/unbind", GPU), 0);
	take(p);
	assert_null(fbcon_of(&p->host));
	assert_int_equal(vh_vtconsole_find_fbcon(fk_sys(p->fk), &con), -ENOENT);
	assert_int_equal(p->host.framebuffer_count, 0);
}

static void kernel_without_virtual_terminals(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	fk_remove(p->fk, "sys/class/vtconsole");
	fk_remove(p->fk, "sys/class/graphics");
	fk_remove(p->fk, "sys/bus/platform/devices");
	take(p);
	assert_int_equal(p->host.vtconsole_count, 0);
	assert_int_equal(p->host.framebuffer_count, 0);
	assert_int_equal(p->host.firmware_fb_count, 0);
}

static void framebuffer_belongs_to_the_card_it_hangs_below(void **state)
{
	struct picture *p = picture_of(state, fk_host("two-gpus-idle"));

	assert_int_equal(framebuffer(&p->host, 0)->function, vh_host_find_name(&p->host, GPU));
	assert_int_equal(framebuffer(&p->host, 1)->function, vh_host_find_name(&p->host, SECOND));
	assert_int_equal(framebuffer(&p->host, 0)->firmware, -1);
}

/* The map of consoles to frame buffers, not the order, says which card carries the console. */
static void console_map_tells_whose_card_it_is_on(void **state)
{
	struct picture *p = picture_of(state, fk_host("two-gpus-idle"));

	assert_true(framebuffer(&p->host, 0)->has_console);
	assert_false(framebuffer(&p->host, 1)->has_console);
	assert_int_equal(fk_write(p->fk, PCI "drivers/bochs-drm/unbind", GPU), 0);
	assert_int_equal(fk_write(p->fk, VTCON "bind", "1"), 0);
	take(p);
	assert_true(framebuffer(&p->host, 1)->has_console);
	assert_int_equal(fk_write(p->fk, VTCON "bind", "0"), 0);
	take(p);
	assert_false(framebuffer(&p->host, 1)->has_console);
}

/* kernel.md 3.2: below devices/platform before 6.12, so only its memory tells whose it is. */
static void firmware_framebuffer_is_found_by_its_memory(void **state)
{
	struct picture *p = picture_of(state, fk_parse("efifb", EFIFB("6.1.0-56-amd64")));

	assert_int_equal(p->host.firmware_fb_count, 1);
	assert_string_equal(p->host.firmware_fbs[0].device, "efi-framebuffer.0");
	assert_string_equal(p->host.firmware_fbs[0].driver, "efi-framebuffer");
	assert_int_equal(p->host.firmware_fbs[0].function, vh_host_find_name(&p->host, GPU));
	assert_int_equal(framebuffer(&p->host, 0)->function, -1);
	assert_int_equal(framebuffer(&p->host, 0)->firmware, 0);
}

static void firmware_framebuffer_of_newer_kernels_is_a_child_of_the_card(void **state)
{
	struct picture *p = picture_of(state, fk_parse("efifb", EFIFB("6.12.107-amd64")));

	fk_remove(p->fk, "proc/iomem");
	take(p);
	assert_int_equal(p->host.firmware_fb_count, 1);
	assert_int_equal(p->host.firmware_fbs[0].function, vh_host_find_name(&p->host, GPU));
}

/* joeknock90#69: one that lies elsewhere is nobody's. */
static void peers_3_4_firmware_framebuffer_outside_any_bar_is_nobodys(void **state)
{
	struct picture *p = picture_of(state, fk_parse("efifb", EFIFB("6.1.0-56-amd64")));

	fk_set(p->fk, "proc/iomem", "80000000-fedfffff : PCI Bus\n  a0000000-a07e8fff : BOOTFB\n");
	take(p);
	assert_int_equal(p->host.firmware_fbs[0].function, -1);
	/* whoever is not root sees zeros */
	fk_set(p->fk, "proc/iomem", "00000000-00000000 : PCI Bus\n  00000000-00000000 : efifb\n");
	take(p);
	assert_int_equal(p->host.firmware_fbs[0].function, -1);
}

/* siderolabs/talos#14356: simpledrm calls it BOOTFB. */
static void peers_3_4_all_names_of_firmware_memory_are_known(void **state)
{
	static const char *const names[] = {"BOOTFB", "efifb", "vesafb", "simplefb", "simpledrm"};
	struct picture *p = picture_of(state, fk_parse("efifb", EFIFB("6.1.0-56-amd64")));

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "fd000000-fdffffff : " GPU "\n  fd000000-fd7e8fff : %s\n", names[i]);
		fk_set(p->fk, "proc/iomem", text);
		take(p);
		assert_int_equal(p->host.firmware_fbs[0].function, vh_host_find_name(&p->host, GPU));
	}
}

/* QaidVoid#24: absence is normal on newer kernels and with nvidia's fbdev. */
static void peers_3_4_no_firmware_framebuffer_is_normal(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	assert_int_equal(p->host.firmware_fb_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(trap_15_fbcon_is_found_by_name_not_number),
		PICTURE_TEST(trap_15_directory_that_goes_with_the_last_frame_buffer),
		PICTURE_TEST(kernel_without_virtual_terminals),
		PICTURE_TEST(framebuffer_belongs_to_the_card_it_hangs_below),
		PICTURE_TEST(console_map_tells_whose_card_it_is_on),
		PICTURE_TEST(firmware_framebuffer_is_found_by_its_memory),
		PICTURE_TEST(firmware_framebuffer_of_newer_kernels_is_a_child_of_the_card),
		PICTURE_TEST(peers_3_4_firmware_framebuffer_outside_any_bar_is_nobodys),
		PICTURE_TEST(peers_3_4_all_names_of_firmware_memory_are_known),
		PICTURE_TEST(peers_3_4_no_firmware_framebuffer_is_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
