/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The order of the steps and what is left out of them. Each rule is one of the kernel's; the texts
 * of whole plans are in tests/golden.
 */

#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

struct planned {
	struct fakekernel *fk;
	struct vh_profile profile;
	struct vh_plan plan;
};

static void plan_host(struct planned *p, struct fakekernel *fk, const char *profile)
{
	*p = (struct planned){.fk = fk};
	rig_profile(&p->profile, "win11", profile);
	test_case_plan(fk, &p->profile, &p->plan);
	if (p->plan.refusal_count > 0) {
		fail_msg("refused: %s", p->plan.refusals[0].reason);
	}
}

static void done(struct planned *p)
{
	fk_free(p->fk);
	vh_profile_done(&p->profile);
	vh_plan_done(&p->plan);
}

/* Index of a step, or fails; @device NULL for any. */
static size_t at(const struct planned *p, enum vh_step_kind kind, const char *device)
{
	for (size_t i = 0; i < p->plan.steps.count; i++) {
		const struct vh_step *s = &p->plan.steps.steps[i];

		if (s->kind == kind && (!device || strcmp(s->device, device) == 0)) {
			return i;
		}
	}
	fail_msg("no step %s of %s", vh_step_word(kind), device ? device : "anything");
	return 0;
}

static size_t count(const struct planned *p, enum vh_step_kind kind, const char *device)
{
	size_t n = 0;

	for (size_t i = 0; i < p->plan.steps.count; i++) {
		const struct vh_step *s = &p->plan.steps.steps[i];

		n += s->kind == kind && (!device || strcmp(s->device, device) == 0);
	}
	return n;
}

static size_t last(const struct planned *p, enum vh_step_kind kind)
{
	size_t found = at(p, kind, NULL);

	for (size_t i = found; i < p->plan.steps.count; i++) {
		found = p->plan.steps.steps[i].kind == kind ? i : found;
	}
	return found;
}

static void trap_5_override_of_all_comes_before_any_unbind(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE "[device usb]\naddress = 0000:00:14.0\n");
	assert_int_equal(count(&p, VH_STEP_OVERRIDE, NULL), 5);
	assert_true(last(&p, VH_STEP_OVERRIDE) < at(&p, VH_STEP_UNBIND, NULL));
	done(&p);
}

static void trap_24_sound_goes_first_then_last_function_to_first(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE);
	assert_true(at(&p, VH_STEP_UNBIND, AUDIO) < at(&p, VH_STEP_UNBIND, "0000:01:00.2"));
	assert_true(at(&p, VH_STEP_UNBIND, "0000:01:00.2") < at(&p, VH_STEP_UNBIND, GPU));
	done(&p);
}

static void trap_16_console_goes_before_any_unbind(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("single-gpu"), GPU_PROFILE);
	assert_true(at(&p, VH_STEP_CONSOLE, "") < at(&p, VH_STEP_UNBIND, NULL));
	done(&p);
}

/* vfio-pci's coming and going changes power/control: recorded first, restored last. */
static void power_is_recorded_before_anything_else_of_the_device(void **state)
{
	struct planned p;
	VH_AUTO_PLAN struct vh_plan back = {0};
	size_t power = 0;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE);
	for (size_t i = 0; i < p.plan.steps.count; i++) {
		enum vh_step_kind kind = p.plan.steps.steps[i].kind;

		if (kind != VH_STEP_RETURN && kind != VH_STEP_MODULE && kind != VH_STEP_POWER) {
			assert_true(i > last(&p, VH_STEP_POWER));
			break;
		}
	}
	assert_int_equal(vh_plan_reverse(&p.plan.steps, &back.steps), 0);
	for (size_t i = 0; i < back.steps.count; i++) {
		if (back.steps.steps[i].kind == VH_STEP_POWER) {
			power = power ? power : i;
		} else if (back.steps.steps[i].kind != VH_STEP_RETURN) {
			assert_true(power == 0);
		}
	}
	assert_string_equal(p.plan.steps.steps[at(&p, VH_STEP_POWER, AUDIO)].found, "auto");
	done(&p);
}

/* vendor-reset#76: d3cold_allowed and power/control of every function. */
static void peers_3_5_d3cold_and_power_of_all_functions(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE);
	assert_int_equal(count(&p, VH_STEP_D3COLD, NULL), 4);
	assert_int_equal(count(&p, VH_STEP_POWER, NULL), 4);
	assert_int_equal(count(&p, VH_STEP_AWAKE, NULL), 4);
	assert_true(last(&p, VH_STEP_BIND) < at(&p, VH_STEP_AWAKE, NULL));
	done(&p);
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE "power = keep\nd3cold = keep\n");
	assert_int_equal(count(&p, VH_STEP_D3COLD, NULL), 0);
	assert_int_equal(count(&p, VH_STEP_AWAKE, NULL), 0);
	assert_int_equal(count(&p, VH_STEP_POWER, NULL), 4);
	done(&p);
}

static void module_is_loaded_before_anything_is_taken_away(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("single-gpu"), GPU_PROFILE);
	for (size_t i = 0; i < at(&p, VH_STEP_MODULE, ""); i++) {
		assert_int_equal(p.plan.steps.steps[i].kind, VH_STEP_RETURN);
	}
	done(&p);
	plan_host(&p, fk_host_with("single-gpu", "module vfio_pci loaded=yes\n"), GPU_PROFILE);
	assert_int_equal(count(&p, VH_STEP_MODULE, NULL), 0);
	done(&p);
}

/* gpu-operator#1328: take all functions; one without a driver has nothing to unbind. */
static void trap_19_all_functions_go_to_vfio(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE);
	assert_int_equal(p.plan.devices.count, 4);
	assert_int_equal(count(&p, VH_STEP_BIND, NULL), 4);
	assert_int_equal(count(&p, VH_STEP_UNBIND, "0000:01:00.3"), 0);
	assert_int_equal(count(&p, VH_STEP_OVERRIDE, "0000:01:00.3"), 1);
	done(&p);
}

static void group_is_asked_last_and_once(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE "[device usb]\naddress = 0000:00:14.0\n");
	assert_int_equal(count(&p, VH_STEP_VIABLE, NULL), 2);
	assert_true(last(&p, VH_STEP_BIND) < at(&p, VH_STEP_VIABLE, NULL));
	assert_int_equal(last(&p, VH_STEP_VIABLE), p.plan.steps.count - 1);
	done(&p);
}

static void what_is_on_vfio_already_is_left_there(void **state)
{
	struct fakekernel *fk = fk_host_with("single-gpu", "module vfio_pci loaded=yes\n");
	struct planned p;

	(void)state;
	assert_int_equal(fk_write(fk, D AUDIO "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/snd_hda_intel/unbind", AUDIO), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/bind", AUDIO), 0);
	plan_host(&p, fk, GPU_PROFILE);
	assert_int_equal(p.plan.devices.count, 2);
	assert_int_equal(count(&p, VH_STEP_OVERRIDE, AUDIO), 0);
	assert_int_equal(count(&p, VH_STEP_UNBIND, AUDIO), 0);
	assert_int_equal(count(&p, VH_STEP_BIND, AUDIO), 0);
	assert_int_equal(count(&p, VH_STEP_RETURN, AUDIO), 0);
	assert_int_equal(count(&p, VH_STEP_BIND, GPU), 1);
	done(&p);
}

/* The way back aims it at the host's driver for a moment, so it has to be known. */
/* The first function of the slot has no way back of its own, the others have. */
static void a_first_function_on_vfio_does_not_cost_the_others_their_reset(void **state)
{
	struct fakekernel *fk = fk_host_with("single-gpu", "module vfio_pci loaded=yes\n");
	struct planned p;

	(void)state;
	assert_int_equal(fk_write(fk, "sys/class/vtconsole/vtcon1/bind", "0"), 0);
	assert_int_equal(fk_write(fk, D GPU "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/bochs-drm/unbind", GPU), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/bind", GPU), 0);
	plan_host(&p, fk, GPU_PROFILE);
	assert_int_equal(count(&p, VH_STEP_RESET, GPU), 0);
	assert_int_equal(count(&p, VH_STEP_RESET, AUDIO), 1);
	done(&p);
}

static void an_override_that_is_vfio_already_is_recorded(void **state)
{
	struct fakekernel *fk = fk_host("single-gpu");
	struct planned p;

	(void)state;
	assert_int_equal(fk_write(fk, D GPU "/driver_override", "vfio-pci"), 0);
	plan_host(&p, fk, GPU_PROFILE);
	assert_string_equal(p.plan.steps.steps[at(&p, VH_STEP_OVERRIDE, GPU)].found, "vfio-pci");
	assert_int_equal(count(&p, VH_STEP_OVERRIDE, AUDIO), 1);
	assert_int_equal(count(&p, VH_STEP_UNBIND, GPU), 1);
	done(&p);
}

/* joeknock90#69: only when the console or the frame buffer really lies on this card. */
static void peers_3_4_console_of_another_card_is_left_alone(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("two-gpus-idle"), "[device gpu]\naddress = " SECOND "\n");
	assert_int_equal(count(&p, VH_STEP_CONSOLE, NULL), 0);
	done(&p);
}

/* Traps 12, 14: evicted by the kernel where it does that; by hand only on older ones. */
static void trap_14_firmware_frame_buffer_is_unbound_on_old_kernels_only(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("uefi-efifb"), GPU_PROFILE);
	assert_int_equal(count(&p, VH_STEP_FRAMEBUFFER, NULL), 0);
	assert_true(p.plan.notes.count > 0);
	assert_non_null(strstr(p.plan.notes.items[0], "efi-framebuffer.0"));
	done(&p);
	plan_host(&p, fk_host("kernel-5.10"), GPU_PROFILE);
	assert_int_equal(count(&p, VH_STEP_FRAMEBUFFER, NULL), 1);
	assert_true(at(&p, VH_STEP_FRAMEBUFFER, GPU) < at(&p, VH_STEP_BIND, GPU));
	done(&p);
}

/* Trap 31: vfio evicts nothing for the other display classes. */
static void trap_31_other_display_classes_need_it_by_hand(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p,
		  fk_parse("380", "kernel 6.1.0-56-amd64\niommu dmar0\nconsole fbcon=1 dummy=0\n"
				  "bridge 0000:00:10.0 1b36:000c group=1\n"
				  "pci " GPU " 1234:1111 class=038000 group=6 parent=0000:00:10.0 "
				  "bar0=fd000000+1000000\n"
				  "sysfb efi-framebuffer on=" GPU "\n"),
		  GPU_PROFILE);
	assert_int_equal(count(&p, VH_STEP_FRAMEBUFFER, GPU), 1);
	done(&p);
}

static void deadlines_are_the_profiles_and_a_resets_is_longer(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("single-gpu"), GPU_PROFILE "[host]\ntimeout = 7s\n");
	for (size_t i = 0; i < p.plan.steps.count; i++) {
		const struct vh_step *s = &p.plan.steps.steps[i];

		assert_int_equal(s->timeout_ms, s->kind == VH_STEP_RESET ? 65000 : 7000);
	}
	done(&p);
	plan_host(&p, fk_host("single-gpu"), GPU_PROFILE "[host]\ntimeout = 2m\n");
	assert_int_equal(p.plan.steps.steps[at(&p, VH_STEP_RESET, GPU)].timeout_ms, 120000);
	done(&p);
}

/* Trap 8: `default` would drop the user's choice, so it is saved; a stale list is said beforehand. */
static void trap_8_reset_method_is_recorded_and_a_stale_one_foretold(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE "[reset]\nmethod = flr\n");
	assert_string_equal(p.plan.steps.steps[at(&p, VH_STEP_RESET_METHOD, GPU)].found, "flr bus");
	assert_string_equal(p.plan.steps.steps[at(&p, VH_STEP_RESET_METHOD, GPU)].wanted, "flr");
	assert_true(p.plan.notes.count > 0);
	done(&p);
}

/* The kernel refuses a list with a stale 'bus' as a whole, and with it the start would fail. */
static void a_stale_bus_is_not_asked_for(void **state)
{
	struct planned p;

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE "[reset]\nmethod = bus flr\n");
	assert_string_equal(p.plan.steps.steps[at(&p, VH_STEP_RESET_METHOD, GPU)].wanted, "flr");
	done(&p);
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE "[reset]\nmethod = bus\n");
	for (size_t i = 0; i < p.plan.steps.count; i++) {
		assert_int_not_equal(p.plan.steps.steps[i].kind, VH_STEP_RESET_METHOD);
	}
	assert_non_null(
		strstr(p.plan.notes.items[p.plan.notes.count - 1], "none of the reset methods"));
	done(&p);
}

/* G15; gnif/vendor-reset#46, #97: the list is from before the module was loaded. */
static void vendor_resets_method_is_asked_for_where_it_works(void **state)
{
	static const char profile[] = "[device gpu]\naddress = 0000:03:00.0\n[reset]\nmethod = "
				      "device_specific\n";
	static const char card[] =
		"kernel 6.1.0-56-amd64\niommu ivhd0\n"
		"bridge 0000:00:01.0 1022:1483 group=1\n"
		"pci 0000:03:00.0 1002:731f class=030000 group=9 parent=0000:00:01.0 reset=pm\n"
		"pci 0000:03:00.1 1002:ab38 class=040300 group=9 parent=0000:00:01.0\n";
	static const char loaded[] = "file sys/module/vendor_reset/refcnt 0\\n\n";
	VH_AUTO_TEXT struct vh_text text = {0};
	struct planned p;

	(void)state;
	plan_host(&p, fk_parse("no module", card), profile);
	for (size_t i = 0; i < p.plan.steps.count; i++) {
		assert_int_not_equal(p.plan.steps.steps[i].kind, VH_STEP_RESET_METHOD);
	}
	done(&p);
	vh_text_addf(&text, "%s%s", card, loaded);
	plan_host(&p, fk_parse("module", vh_text_str(&text)), profile);
	for (size_t i = 0; i < p.plan.steps.count; i++) {
		const struct vh_step *step = &p.plan.steps.steps[i];

		if (step->kind == VH_STEP_RESET_METHOD) {
			assert_string_equal(step->wanted, "device_specific");
			assert_int_equal(fk_write(p.fk, step->path, step->wanted), 0);
			done(&p);
			return;
		}
	}
	fail_msg("device_specific is not asked for");
}

static void planning_twice_gives_the_same(void **state)
{
	struct planned p;
	VH_AUTO_PLAN struct vh_plan again = {0};

	(void)state;
	plan_host(&p, fk_host("nvidia-idle"), GPU_PROFILE);
	test_case_plan(p.fk, &p.profile, &again);
	assert_int_equal(again.steps.count, p.plan.steps.count);
	assert_memory_equal(again.steps.steps, p.plan.steps.steps,
			    again.steps.count * sizeof(*again.steps.steps));
	assert_int_equal(fk_operations(p.fk), 0);
	done(&p);
}

static void words_of_steps_are_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < VH_STEP_MAX; i++) {
		assert_int_equal(vh_step_kind_of(vh_step_word((enum vh_step_kind)i)), i);
	}
	assert_int_equal(vh_step_kind_of("remove"), VH_STEP_INVALID);
	assert_int_equal(vh_step_kind_of(""), VH_STEP_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_5_override_of_all_comes_before_any_unbind),
		cmocka_unit_test(trap_24_sound_goes_first_then_last_function_to_first),
		cmocka_unit_test(trap_16_console_goes_before_any_unbind),
		cmocka_unit_test(power_is_recorded_before_anything_else_of_the_device),
		cmocka_unit_test(peers_3_5_d3cold_and_power_of_all_functions),
		cmocka_unit_test(module_is_loaded_before_anything_is_taken_away),
		cmocka_unit_test(trap_19_all_functions_go_to_vfio),
		cmocka_unit_test(group_is_asked_last_and_once),
		cmocka_unit_test(what_is_on_vfio_already_is_left_there),
		cmocka_unit_test(a_first_function_on_vfio_does_not_cost_the_others_their_reset),
		cmocka_unit_test(an_override_that_is_vfio_already_is_recorded),
		cmocka_unit_test(peers_3_4_console_of_another_card_is_left_alone),
		cmocka_unit_test(trap_14_firmware_frame_buffer_is_unbound_on_old_kernels_only),
		cmocka_unit_test(trap_31_other_display_classes_need_it_by_hand),
		cmocka_unit_test(deadlines_are_the_profiles_and_a_resets_is_longer),
		cmocka_unit_test(trap_8_reset_method_is_recorded_and_a_stale_one_foretold),
		cmocka_unit_test(a_stale_bus_is_not_asked_for),
		cmocka_unit_test(vendor_resets_method_is_asked_for_where_it_works),
		cmocka_unit_test(planning_twice_gives_the_same),
		cmocka_unit_test(words_of_steps_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
