/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which modules are behind a card, and what the plan makes of them. peers.md 3.1: joeknock90#53 and
 * #85 (the order comes from the kernel, not from a list), #56; QaidVoid#45 (vfio is never unloaded).
 */

#include "lib/host/module.h"
#include "tests/support/cases.h"
#include "tests/unit/host_picture.h"

#define UNLOAD GPU_PROFILE "[host]\nmodules = unload\n"
#define KEEP   GPU_PROFILE "[host]\nmodules = keep\n"
#define LOOK   "program usr/bin/look\n"
#define LOOKS  GPU_PROFILE "[exec]\nbefore-detach = /usr/bin/look\n"

/* A second card of the vendor's that stays on the host. */
#define OTHER_CARD                                                                            \
	"pci 0000:02:00.0 10de:2204 class=030000 driver=nvidia group=13 parent=0000:00:01.0 " \
	"drm=card1\n"
#define SCREENLESS_CARD \
	"pci 0000:02:00.0 10de:2204 class=030200 driver=nvidia group=13 parent=0000:00:01.0\n"
#define SCREENLESS "[device compute]\naddress = 0000:02:00.0\n"

static const struct vh_module *module_of(const struct picture *p, const char *name)
{
	for (size_t i = 0; i < p->host.module_count; i++) {
		if (strcmp(p->host.modules[i].name, name) == 0) {
			return &p->host.modules[i];
		}
	}
	return NULL;
}

static void look(struct picture *p)
{
	struct vh_error err = {0};

	assert_int_equal(vh_host_inspect_modules(fk_sys(p->fk), &p->host, &err), 0);
}

static void peers_3_1_order_is_the_kernels(void **state)
{
	struct picture *p = picture_of(state, fk_host("nvidia-modules"));
	VH_AUTO_TEXT struct vh_text order = {0};
	const struct vh_module *m;

	(void)inspected(p, GPU);
	look(p);
	for (size_t i = 0; i < p->host.module_count; i++) {
		vh_text_addf(&order, "%s ", p->host.modules[i].name);
	}
	assert_string_equal(vh_text_str(&order),
			    "nvidia_drm nvidia_modeset nvidia_uvm nvidia snd_hda_intel ");
	m = module_of(p, "nvidia");
	assert_int_equal(m->uses, 2);
	assert_int_equal(m->holders, 2);
	assert_int_equal(m->drives, 1);
	assert_true(m->is_driver);
	assert_string_equal(m->base, "nvidia");
	m = module_of(p, "nvidia_drm");
	assert_int_equal(m->uses, 1); /* the text console */
	assert_int_equal(m->holders, 0);
	assert_false(m->is_driver);
	assert_string_equal(m->base, "nvidia");
}

static void built_in_is_no_module(void **state)
{
	struct picture *p =
		picture_of(state, fk_host_with("single-gpu", "module bochs loaded=builtin\n"));

	(void)inspected(p, GPU);
	look(p);
	assert_null(module_of(p, "bochs"));
	assert_false(vh_module_is_loaded(fk_sys(p->fk), "bochs"));
}

/* QaidVoid#45 */
static void peers_3_1_vfio_is_never_looked_at(void **state)
{
	struct picture *p = picture_of(state, fk_host_with("single-gpu", "module vfio_pci\n"));

	assert_int_equal(fk_write(p->fk, D GPU "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(p->fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(fk_write(p->fk, PCI "drivers_probe", GPU), 0);
	take(p);
	(void)inspected(p, GPU);
	look(p);
	for (size_t i = 0; i < p->host.module_count; i++) {
		assert_int_not_equal(strncmp(p->host.modules[i].name, "vfio", 4), 0);
	}
}

static void a_module_that_leaves_counts_less_than_nothing(void **state)
{
	struct picture *p = picture_of(state, fk_host("nvidia-modules"));
	VH_AUTO_LIST struct vh_list holders = {0};
	struct vh_module m;

	fk_set(p->fk, "sys/module/nvidia_uvm/refcnt", "-1\n");
	assert_int_equal(vh_module_load(fk_sys(p->fk), "nvidia_uvm", &m, &holders), 0);
	assert_int_equal(m.uses, 0);
}

static void parameters_with_their_modes(void **state)
{
	struct picture *p = picture_of(state, fk_host("nvidia-modules"));
	VH_AUTO_LIST struct vh_list writable = {0};
	VH_AUTO_TEXT struct vh_text text = {0};

	fk_set(p->fk, "sys/module/nvidia_drm/parameters/lines", "a\nb\n");
	assert_int_equal(vh_module_parameters(fk_sys(p->fk), "nvidia_drm", &text, &writable), 0);
	assert_string_equal(vh_text_str(&text), "debug=0\nfbdev=Y\nmodeset=Y\n");
	assert_true(vh_list_has(&writable, "debug"));
	assert_false(vh_list_has(&writable, "fbdev"));
}

/* --- the plan ----------------------------------------------------------------------------------- */

struct planned {
	struct fakekernel *fk;
	struct vh_profile profile;
	struct vh_plan plan;
};

static int plan_teardown(void **state)
{
	struct planned *p = *state;

	fk_free(p->fk);
	vh_profile_done(&p->profile);
	vh_plan_done(&p->plan);
	free(p);
	return 0;
}

static struct planned *plan_of(void **state, struct fakekernel *fk, const char *profile)
{
	struct planned *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	*state = p;
	p->fk = fk;
	rig_profile(&p->profile, "win11", profile);
	test_case_plan(fk, &p->profile, &p->plan);
	return p;
}

/* "unbind AUDIO, unload nvidia_drm, ..." */
static char *way_out(const struct planned *p)
{
	struct vh_text t = {0};

	if (p->plan.refusal_count > 0) {
		fail_msg("refused: %s", p->plan.refusals[0].reason);
	}
	for (size_t i = 0; i < p->plan.steps.count; i++) {
		const struct vh_step *s = &p->plan.steps.steps[i];

		if (s->kind == VH_STEP_UNLOAD) {
			vh_text_addf(&t, "unload %s%s\n", vh_basename(s->path),
				     s->extra[0] ? " (driver)" : "");
		} else if (s->kind == VH_STEP_UNBIND || s->kind == VH_STEP_REBIND) {
			vh_text_addf(&t, "%s %s\n", vh_step_word(s->kind), s->found);
		}
	}
	vh_text_add(&t, "");
	return t.data;
}

static bool notes(const struct planned *p, const char *part)
{
	for (size_t i = 0; i < p->plan.notes.count; i++) {
		if (strstr(p->plan.notes.items[i], part)) {
			return true;
		}
	}
	return false;
}

/* joeknock90#53, #85: nvidia_uvm before nvidia; trap 24: sound before all of them. */
static void peers_3_1_modules_leave_in_the_order_of_their_holders(void **state)
{
	struct planned *p = plan_of(state, fk_host("nvidia-modules"), GPU_PROFILE);
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind snd_hda_intel\n"
				   "unload nvidia_drm\n"
				   "unload nvidia_modeset\n"
				   "unload nvidia_uvm\n"
				   "rebind nvidia\n"
				   "unload nvidia (driver)\n");
}

static void overrides_come_before_any_module_leaves(void **state)
{
	struct planned *p = plan_of(state, fk_host("nvidia-modules"), GPU_PROFILE);
	size_t override = 0;
	size_t unload = 0;

	for (size_t i = p->plan.steps.count; i-- > 0;) {
		enum vh_step_kind kind = p->plan.steps.steps[i].kind;

		override = kind == VH_STEP_OVERRIDE && override == 0 ? i : override;
		unload = kind == VH_STEP_UNLOAD ? i : unload;
	}
	assert_true(override > 0 && override < unload);
}

/* joeknock90#56: whether unloading is needed at all. */
static void peers_3_1_keep_unloads_nothing(void **state)
{
	struct planned *p = plan_of(state, fk_host_with("nvidia-modules", SCREENLESS_CARD),
				    SCREENLESS "[host]\nmodules = keep\n");
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind nvidia\n");
}

static void auto_unbinds_drivers_that_do_not_hang(void **state)
{
	struct planned *p = plan_of(state, fk_host("single-gpu"), GPU_PROFILE);
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind snd_hda_intel\nunbind bochs-drm\n");
}

static void unload_takes_any_display_driver(void **state)
{
	struct planned *p = plan_of(state, fk_host("single-gpu"), UNLOAD);
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind snd_hda_intel\n"
				   "rebind bochs-drm\n"
				   "unload bochs (driver)\n");
}

/* ilayna#28: modules built in */
static void peers_3_3_built_in_is_unbound(void **state)
{
	struct planned *p =
		plan_of(state, fk_host_with("single-gpu", "module bochs loaded=builtin\n"), UNLOAD);
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind snd_hda_intel\nunbind bochs-drm\n");
	assert_true(notes(p, "cannot be unloaded"));
}

static void another_card_on_the_module_keeps_it(void **state)
{
	struct planned *p =
		plan_of(state, fk_host_with("nvidia-modules", SCREENLESS_CARD), SCREENLESS);
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind nvidia\n");
	assert_true(notes(p, "nvidia stays loaded: it drives 0000:01:00.0 as well"));
	assert_true(notes(p, "waits for ever for a user"));
}

/* Both cards go: then the module goes, and both get it back. */
static void two_cards_on_the_module_both_go(void **state)
{
	struct planned *p = plan_of(state, fk_host_with("nvidia-modules", OTHER_CARD),
				    GPU_PROFILE "[device other]\naddress = 0000:02:00.0\n");
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind snd_hda_intel\n"
				   "unload nvidia_drm\n"
				   "unload nvidia_modeset\n"
				   "unload nvidia_uvm\n"
				   "rebind nvidia\n"
				   "rebind nvidia\n"
				   "unload nvidia (driver)\n");
}

static void refused(const struct planned *p, const char *part)
{
	assert_int_equal(p->plan.refusal_count, 1);
	assert_int_equal(p->plan.refusals[0].kind, VH_REFUSED_MODULE);
	if (!strstr(p->plan.refusals[0].reason, part)) {
		fail_msg("no '%s' in: %s", part, p->plan.refusals[0].reason);
	}
}

/*
 * QaidVoid#44: the unbind that waits for the use count. nvidia-drm has a card with screens in use for
 * as long as it is loaded, and no process shows it.
 */
static void peers_3_1_unbind_that_cannot_end_is_refused(void **state)
{
	struct planned *p = plan_of(state, fk_host("nvidia-modules"), KEEP);

	refused(p, "the unbind of 0000:01:00.0 would never end");
	assert_non_null(strstr(p->plan.refusals[0].reason, "the profile keeps the modules"));
	assert_non_null(strstr(p->plan.refusals[0].hint, "leave out 'modules = keep'"));
}

static void peers_3_1_nor_beside_another_card(void **state)
{
	struct planned *p = plan_of(state, fk_host_with("nvidia-modules", OTHER_CARD), GPU_PROFILE);

	refused(p, "the modules cannot be unloaded here");
	assert_non_null(strstr(p->plan.refusals[0].hint, "hand over all cards of this driver"));
}

/* It may be one that ends the use. */
static void a_program_of_the_user_may_unbind_what_has_screens(void **state)
{
	struct planned *p = plan_of(state, fk_host_with("nvidia-modules", OTHER_CARD LOOK), LOOKS);
	VH_AUTO_FREE char *steps = way_out(p);

	assert_string_equal(steps, "unbind snd_hda_intel\nunbind nvidia\n");
}

/* joeknock90#18: in use, and it is known beforehand. Trap 22: no descriptor shows it. */
static void trap_22_use_that_nothing_explains_is_refused(void **state)
{
	struct planned *p = plan_of(
		state, fk_host_with("nvidia-modules", "module nvidia needs_device=1 refcnt=1\n"),
		GPU_PROFILE);

	refused(p, "nvidia is in use (3), and no process is seen to use it");
	assert_non_null(strstr(p->plan.refusals[0].hint, "nvidia-persistenced"));
	assert_string_equal(vh_refusal_word(VH_REFUSED_MODULE), "module");
}

/* Trap 25: the console is a user, and goes by itself. */
static void trap_25_the_console_explains_one_use(void **state)
{
	struct planned *p = plan_of(state, fk_host("nvidia-modules"), GPU_PROFILE);

	assert_int_equal(p->plan.refusal_count, 0);
}

static void trap_25_the_console_explains_no_more_than_one(void **state)
{
	struct planned *p =
		plan_of(state,
			fk_host_with("nvidia-modules",
				     "module nvidia_drm needs=nvidia_modeset console=1 refcnt=2\n"),
			GPU_PROFILE);

	refused(p, "nvidia_drm is in use (3)");
}

/* Trap 24: the sound side pins the module, and is unbound first. */
static void trap_24_sound_explains_one_use(void **state)
{
	struct planned *p =
		plan_of(state, fk_host_with("single-gpu", "module bochs pinned_by=snd_hda_intel\n"),
			UNLOAD);

	assert_string_equal(fk_get(p->fk, "sys/module/bochs/refcnt"), "1\n");
	assert_int_equal(p->plan.refusal_count, 0);
}

/* PipeWire has the sound side open, and goes with its session: that explains no use of the driver. */
static void trap_22_a_listener_does_not_hide_a_lost_count(void **state)
{
	struct planned *p = plan_of(state,
				    fk_host_with("nvidia-modules",
						 "module nvidia needs_device=1 refcnt=1\n"
						 "process 700 pipewire fd=/dev/snd/controlC0\n"),
				    GPU_PROFILE);
	bool found = false;

	for (size_t i = 0; i < p->plan.refusal_count; i++) {
		found |= p->plan.refusals[i].kind == VH_REFUSED_MODULE;
	}
	assert_true(found);
}

/* Who is seen refuses under his own name. */
static void a_holder_is_refused_by_name_not_by_count(void **state)
{
	struct planned *p =
		plan_of(state, fk_host_with("nvidia-modules", "process 700 cuda fd=/dev/nvidia0\n"),
			GPU_PROFILE);

	assert_int_equal(p->plan.refusal_count, 1);
	assert_int_equal(p->plan.refusals[0].kind, VH_REFUSED_HOLDER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(peers_3_1_order_is_the_kernels),
		PICTURE_TEST(built_in_is_no_module),
		PICTURE_TEST(peers_3_1_vfio_is_never_looked_at),
		PICTURE_TEST(a_module_that_leaves_counts_less_than_nothing),
		PICTURE_TEST(parameters_with_their_modes),
#define PLAN_TEST(name) cmocka_unit_test_teardown(name, plan_teardown)
		PLAN_TEST(peers_3_1_modules_leave_in_the_order_of_their_holders),
		PLAN_TEST(overrides_come_before_any_module_leaves),
		PLAN_TEST(peers_3_1_keep_unloads_nothing),
		PLAN_TEST(auto_unbinds_drivers_that_do_not_hang),
		PLAN_TEST(unload_takes_any_display_driver),
		PLAN_TEST(peers_3_3_built_in_is_unbound),
		PLAN_TEST(another_card_on_the_module_keeps_it),
		PLAN_TEST(peers_3_1_unbind_that_cannot_end_is_refused),
		PLAN_TEST(peers_3_1_nor_beside_another_card),
		PLAN_TEST(a_program_of_the_user_may_unbind_what_has_screens),
		PLAN_TEST(two_cards_on_the_module_both_go),
		PLAN_TEST(trap_22_use_that_nothing_explains_is_refused),
		PLAN_TEST(trap_25_the_console_explains_one_use),
		PLAN_TEST(trap_25_the_console_explains_no_more_than_one),
		PLAN_TEST(trap_24_sound_explains_one_use),
		PLAN_TEST(trap_22_a_listener_does_not_hide_a_lost_count),
		PLAN_TEST(a_holder_is_refused_by_name_not_by_count),
	};

	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
