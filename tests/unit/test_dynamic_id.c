/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The id that Proxmox leaves with vfio-pci: noted on the way out, taken out on the way back. */

#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

#define VFIO      PCI "drivers/vfio-pci/"
#define REMOVE_ID "write " VFIO "remove_id=10de 2204"
#define LEFT      "dynid vfio-pci 10de:2204\n"
#define CONF_FILE "etc/modprobe.d/vfio.conf"

static struct rig *open_node(void **state, const char *lines)
{
	return rig_open(state, "proxmox", lines, GPU_PROFILE);
}

static void there_and_back(struct rig *r)
{
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static bool has_id(struct rig *r)
{
	return fk_has_dynid(r->fk, "vfio-pci", "10de:2204");
}

/* What Proxmox does to a card that is not on vfio-pci yet. */
static void bind_as_proxmox(struct rig *r, const char *device, const char *ids)
{
	char path[VH_PATH_MAX];

	(void)fk_write(r->fk, VFIO "new_id", ids);
	(void)snprintf(path, sizeof(path), D "%s/driver/unbind", device);
	assert_int_equal(fk_write(r->fk, path, device), 0);
	(void)fk_write(r->fk, VFIO "bind", device);
	rig_driver(r, device, "vfio-pci");
}

/* Position in what was done, from @from on; fails if it was not done. */
static const char *done(struct rig *r, const char *from, const char *what)
{
	const char *at = strstr(from ? from : fk_operation_log(r->fk), what);

	if (!at) {
		fail_msg("no '%s' in:\n%s", what, from ? from : fk_operation_log(r->fk));
	}
	return at;
}

static void planned_once_an_id_on_a_node(void **state)
{
	static const char both[] = GPU_PROFILE "[device second]\naddress = " SECOND "\n";
	struct rig *r = rig_open(state, "proxmox", "", both);
	VH_AUTO_PLAN struct vh_plan plan = {0};
	VH_AUTO_TEXT struct vh_text ids = {0};

	test_case_plan(r->fk, &r->profile, &plan);
	for (size_t i = 0; i < plan.steps.count; i++) {
		const struct vh_step *step = &plan.steps.steps[i];

		if (step->kind == VH_STEP_DYNAMIC_ID) {
			assert_string_equal(step->device, "");
			assert_string_equal(step->path, VFIO "remove_id");
			vh_text_addf(&ids, "%s ", step->wanted);
		}
	}
	assert_string_equal(vh_text_str(&ids), "10de:2204 10de:1aef ");
}

static void not_planned_elsewhere(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	there_and_back(r);
	assert_int_equal(rig_operations(r, "dynamic-id"), 0);
	assert_int_equal(rig_operations(r, "remove_id"), 0);
}

/* What was on vfio-pci before stays there, by whatever holds it. */
static void not_planned_for_what_is_on_vfio_pci(void **state)
{
	struct rig *r = open_node(state, "");

	bind_as_proxmox(r, GPU, "10de 2204");
	rig_begin_here(r);
	there_and_back(r);
	assert_int_equal(rig_operations(r, REMOVE_ID), 0);
	rig_driver(r, GPU, "vfio-pci");
	assert_true(has_id(r));
}

static void nothing_is_written_on_the_way_out(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "remove_id="), 0);
	assert_int_equal(rig_operations(r, "dynamic-id ~ " VFIO "remove_id ~ 10de:2204 ~"), 1);
	assert_true(has_id(r));
}

static void a_leftover_goes(void **state)
{
	struct rig *r = open_node(state, LEFT);

	there_and_back(r);
	assert_false(has_id(r));
	rig_has_logged(
		r, "vfio-pci forgets the id 10de:2204: /sys/bus/pci/drivers/vfio-pci/remove_id");
	/* once for the entry, once for the kernel's word that there is no other */
	assert_int_equal(rig_operations(r, REMOVE_ID), 2);
}

static void nothing_left_is_nothing_to_say(void **state)
{
	struct rig *r = open_node(state, "");

	there_and_back(r);
	assert_int_equal(rig_operations(r, REMOVE_ID), 1);
	assert_null(strstr(vh_text_str(&r->lines.text), "forgets"));
}

/* Behind the host driver's bind, before the override is cleared. */
static void the_card_returns_first(void **state)
{
	struct rig *r = open_node(state, LEFT);
	const char *at;

	there_and_back(r);
	at = done(r, NULL, "nouveau/bind=" GPU);
	at = done(r, at, "snd_hda_intel/bind=" AUDIO);
	at = done(r, at, REMOVE_ID);
	(void)done(r, at, GPU "/driver_override=\\n");
}

/* Without a driver of its own a function would be vfio-pci's as soon as its override is gone. */
static void a_function_without_a_driver_stays_free(void **state)
{
	struct rig *r = rig_open(state, "proxmox",
				 "pci 0000:01:00.2 10de:1ad9 class=0c8000 group=14 "
				 "parent=0000:00:01.0\ndynid vfio-pci 10de:1ad9\n",
				 GPU_PROFILE);

	there_and_back(r);
	assert_int_equal(fk_write(r->fk, PCI "drivers_probe", "0000:01:00.2"), 0);
	rig_driver(r, "0000:01:00.2", "");
}

/* No VM had it: what is in the list was there before. */
static void a_rollback_leaves_it(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_fault(r, FK_BIND, "vfio-pci/bind=" AUDIO, EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_is_clean(r);
	assert_true(has_id(r));
	assert_int_equal(rig_operations(r, REMOVE_ID), 0);
}

static void recover_takes_it_as_well(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
	assert_false(has_id(r));
}

static void what_is_configured_stays(void **state)
{
	struct rig *r = open_node(state, LEFT "file " CONF_FILE " options vfio-pci ids=10de:2204\n"
					      "dynid vfio-pci 10de:1aef\n");

	there_and_back(r);
	assert_true(has_id(r));
	assert_false(fk_has_dynid(r->fk, "vfio-pci", "10de:1aef"));
	assert_int_equal(rig_operations(r, REMOVE_ID), 0);
	rig_has_logged(r, "vfio-pci keeps the id 10de:2204: /" CONF_FILE " gives it");
}

static void what_cannot_be_read_may_name_it(void **state)
{
	struct rig *r = open_node(state, LEFT "file " CONF_FILE " options vfio-pci\n");

	rig_fault(r, FK_READ, CONF_FILE, EIO);
	there_and_back(r);
	assert_true(has_id(r));
	rig_has_logged(r, "whether /" CONF_FILE " asks for it cannot be read");
}

/* Another VM of Proxmox's, without a profile, has the second card. */
static void what_holds_another_card_stays(void **state)
{
	struct rig *r = open_node(state, "");

	bind_as_proxmox(r, SECOND, "10de 2204");
	rig_begin_here(r);
	there_and_back(r);
	assert_true(has_id(r));
	rig_driver(r, SECOND, "vfio-pci");
	rig_has_logged(r, "vfio-pci keeps the id 10de:2204: " SECOND " is bound by it");
}

/* One with an override needs no id: ours of another VM, or driverctl's. */
static void what_has_an_override_needs_no_id(void **state)
{
	struct rig *r = open_node(state, "");

	bind_as_proxmox(r, SECOND, "10de 2204");
	assert_int_equal(fk_write(r->fk, D SECOND "/driver_override", "vfio-pci"), 0);
	rig_begin_here(r);
	there_and_back(r);
	assert_false(has_id(r));
	rig_driver(r, SECOND, "vfio-pci");
}

static void unload_vfio(struct rig *r)
{
	static const char *const argv[] = {"/usr/sbin/modprobe", "-r", "vfio-pci", NULL};
	static const struct vh_command unload = {.argv = argv, .timeout_ms = 1000};

	assert_int_equal(fk_sys(r->fk)->ops->run(fk_sys(r->fk), &unload), 0);
	assert_false(fk_exists(r->fk, VFIO));
}

static void without_vfio_pci_there_is_no_list(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	unload_vfio(r);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_driver(r, GPU, "nouveau");
	rig_has_no_records(r);
	assert_int_equal(rig_operations(r, REMOVE_ID), 0);
}

/* The card is home and all its values are back; the user is told by name; nothing is left to do. */
static void expect_told(struct rig *r, const char *why)
{
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "10de:2204 stays in its list");
	rig_says(r, why);
	rig_is_clean(r);
	rig_expect(r, rig_recover(r), VH_OUTCOME_NOTHING);
}

static void a_write_that_fails_is_told(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_fault(r, FK_WRITE_OTHER, "remove_id=10de 2204", EIO);
	expect_told(r, "/sys/bus/pci/drivers/vfio-pci/remove_id");
	assert_true(has_id(r));
}

static void a_write_without_effect_is_told(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_fault(r, FK_WRITE_OTHER, "remove_id=10de 2204", FK_SILENT);
	expect_told(r, "again and again");
	assert_int_equal(rig_operations(r, REMOVE_ID), 16);
}

static void a_write_that_hangs_is_told_and_blocks_nothing(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_fault(r, FK_WRITE_OTHER, "remove_id=10de 2204", FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	assert_int_equal(rig_operations(r, REMOVE_ID), 1);
	rig_driver(r, GPU, "nouveau");
	rig_has_no_records(r);
	fk_release(r->fk);
	rig_is_clean(r);
}

/* Only what the kernel says at the end counts. */
static void a_write_that_only_seemed_to_fail(void **state)
{
	struct rig *r = open_node(state, LEFT);

	rig_fault_once(r, FK_WRITE_OTHER, "remove_id=10de 2204", FK_EFFECT_THEN_EIO);
	there_and_back(r);
	assert_false(has_id(r));
}

/* Only somebody's editor can have done that. */
static void a_record_without_an_id_is_told(void **state)
{
	static const char path[] = "run/vfio-handoff/vm/win11/journal";
	struct rig *r = open_node(state, LEFT);
	VH_AUTO_FREE char *text = NULL;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	text = strdup(fk_get(r->fk, path));
	assert_non_null(text);
	memcpy(strstr(text, "10de:2204"), "10de:220g", 9);
	fk_set(r->fk, path, text);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "'10de:220g' is no id");
	rig_is_clean(r);
	assert_true(has_id(r));
}

static void words_for_people(void **state)
{
	struct vh_step step = {.kind = VH_STEP_DYNAMIC_ID, .wanted = "10de:2204"};
	struct vh_step back;

	(void)state;
	assert_string_equal(vh_step_word(VH_STEP_DYNAMIC_ID), "dynamic-id");
	assert_true(vh_step_reverse(&step, &back));
	assert_string_equal(back.wanted, "10de 2204");
	(void)memset(step.wanted, 'a', sizeof(step.wanted) - 1);
	assert_true(vh_step_reverse(&step, &back));
	assert_int_equal(strlen(back.wanted), sizeof(back.wanted) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(planned_once_an_id_on_a_node),
		RIG_TEST(not_planned_elsewhere),
		RIG_TEST(not_planned_for_what_is_on_vfio_pci),
		RIG_TEST(nothing_is_written_on_the_way_out),
		RIG_TEST(a_leftover_goes),
		RIG_TEST(nothing_left_is_nothing_to_say),
		RIG_TEST(the_card_returns_first),
		RIG_TEST(a_function_without_a_driver_stays_free),
		RIG_TEST(a_rollback_leaves_it),
		RIG_TEST(recover_takes_it_as_well),
		RIG_TEST(what_is_configured_stays),
		RIG_TEST(what_cannot_be_read_may_name_it),
		RIG_TEST(what_holds_another_card_stays),
		RIG_TEST(what_has_an_override_needs_no_id),
		RIG_TEST(without_vfio_pci_there_is_no_list),
		RIG_TEST(a_write_that_fails_is_told),
		RIG_TEST(a_write_without_effect_is_told),
		RIG_TEST(a_write_that_hangs_is_told_and_blocks_nothing),
		RIG_TEST(a_write_that_only_seemed_to_fail),
		RIG_TEST(a_record_without_an_id_is_told),
		cmocka_unit_test(words_for_people),
	};

	return cmocka_run_group_tests_name("dynamic_id", tests, NULL, NULL);
}
