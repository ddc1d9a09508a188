/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A card's ROM through its sysfs file: G14; kernel 1.11. */

#include "lib/engine/rom_dump.h"
#include "tests/support/rom_made.h"
#include "tests/unit/handoff_rig.h"

static struct rom_made rom;

struct dump {
	struct fakekernel *fk;
	struct vh_text data;
	struct vh_error err;
	struct vh_log log;
	volatile sig_atomic_t cancel;
	char *before;
};

static void open_dump(struct dump *d, struct fakekernel *fk, const char *name)
{
	*d = (struct dump){.fk = fk};
	rom_usual(&rom, 0x10de, 0x2204);
	fk_rom(fk, name, rom.bytes, rom.len);
	d->before = fk_dump_host(fk);
}

static int dump(struct dump *d, const char *name)
{
	struct vh_engine e = {
		.sys = fk_sys(d->fk),
		.log = &d->log,
		.lock_timeout_ms = 1000,
		.cancel = &d->cancel,
	};

	return vh_rom_dump(&e, name, &d->data, &d->err);
}

static void as_before(struct dump *d, const char *name)
{
	VH_AUTO_FREE char *after = fk_dump_host(d->fk);
	VH_AUTO_FREE char *diff = fk_diff(d->before, after);

	assert_string_equal(diff, "");
	assert_false(fk_rom_is_on(d->fk, name));
}

static void close_dump(struct dump *d)
{
	vh_text_done(&d->data);
	free(d->before);
	fk_free(d->fk);
}

static void got_all(const struct dump *d)
{
	assert_int_equal(d->data.len, rom.len);
	assert_memory_equal(d->data.data, rom.bytes, rom.len);
}

static void refused(struct dump *d, const char *name, int code, const char *part)
{
	assert_int_equal(dump(d, name), code);
	if (!strstr(d->err.msg, part)) {
		fail_msg("no '%s' in '%s'", part, d->err.msg);
	}
	assert_null(d->data.data);
	assert_null(strstr(fk_operation_log(d->fk), "write "));
	as_before(d, name);
	close_dump(d);
}

static void while_its_driver_has_it(void **state)
{
	struct dump d;

	(void)state;
	open_dump(&d, fk_host("nvidia"), GPU);
	assert_int_equal(dump(&d, GPU), 0);
	got_all(&d);
	as_before(&d, GPU);
	close_dump(&d);
}

static struct fakekernel *without_driver(void)
{
	return fk_host_with("single-gpu", "pci 0000:09:00.0 10de:1c03 class=030000 group=30 "
					  "memory=off\n");
}

static void enabled_and_disabled_again(void **state)
{
	const char *name = "0000:09:00.0";
	struct dump d;

	(void)state;
	open_dump(&d, without_driver(), name);
	assert_int_equal(dump(&d, name), 0);
	got_all(&d);
	assert_non_null(strstr(fk_operation_log(d.fk), "0000:09:00.0/enable=1"));
	assert_non_null(strstr(fk_operation_log(d.fk), "0000:09:00.0/enable=0"));
	as_before(&d, name);
	close_dump(&d);
}

static void on_vfio_pci_and_asleep(void **state)
{
	struct fakekernel *fk = fk_host("single-gpu");
	struct dump d;

	(void)state;
	assert_int_equal(fk_write(fk, D GPU "/driver_override", "vfio-pci\n"), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/bochs-drm/unbind", GPU), 0);
	{
		const char *const argv[] = {"/usr/sbin/modprobe", "vfio-pci", NULL};
		struct vh_command command = {.argv = argv, .timeout_ms = 1000};

		assert_int_equal(fk_sys(fk)->ops->run(fk_sys(fk), &command), 0);
	}
	assert_string_equal(fk_driver(fk, GPU), "vfio-pci");
	assert_string_equal(fk_get(fk, D GPU "/power/runtime_status"), "suspended\n");
	open_dump(&d, fk, GPU);
	assert_int_equal(dump(&d, GPU), 0);
	got_all(&d);
	as_before(&d, GPU);
	assert_string_equal(fk_get(fk, D GPU "/power/control"), "auto\n");
	close_dump(&d);
}

static void not_while_a_vm_has_it(void **state)
{
	struct fakekernel *fk = fk_host("single-gpu");
	struct dump d;

	(void)state;
	fk_set(fk, VH_RUN_DEVICE_DIR "/" GPU, "vm win11\n");
	open_dump(&d, fk, GPU);
	refused(&d, GPU, -EBUSY, "belongs to the VM 'win11'");

	open_dump(&d, fk_host("single-gpu"), GPU);
	fk_lock_by_other(d.fk, VH_RUN_LOCK_DIR "/device-" GPU, true);
	assert_int_equal(dump(&d, GPU), -EBUSY);
	close_dump(&d);
}

static void what_cannot_be_read(void **state)
{
	struct dump d;

	(void)state;
	open_dump(&d, fk_host("nvidia"), GPU);
	assert_int_equal(dump(&d, "0000:77:00.0"), -ENODEV);
	as_before(&d, GPU);
	close_dump(&d);
}

static void a_function_without_one(void **state)
{
	struct dump d;

	(void)state;
	open_dump(&d, fk_host("nvidia"), GPU);
	assert_int_equal(dump(&d, AUDIO), -ENOENT);
	assert_non_null(strstr(d.err.msg, "has no ROM of its own"));
	as_before(&d, GPU);
	close_dump(&d);
}

/* The boot VGA's: under UEFI it reads EIO. */
static void a_shadow_is_explained(void **state)
{
	struct fakekernel *fk = fk_host_with("single-gpu",
					     "pci 0000:09:00.0 10de:1c03 class=030000 group=30 "
					     "rom=shadow boot_vga=1\n");
	struct dump d;

	(void)state;
	open_dump(&d, fk, "0000:09:00.0");
	refused(&d, "0000:09:00.0", -EOPNOTSUPP, "a copy of its ROM in memory");
}

static void nothing_behind_it(void **state)
{
	struct fk_fault fault = {.op = FK_READ, .path_contains = GPU "/rom", .action = EIO};
	struct dump d;

	(void)state;
	open_dump(&d, fk_host("nvidia"), GPU);
	fk_fault(d.fk, &fault);
	assert_int_equal(dump(&d, GPU), -EIO);
	assert_non_null(strstr(d.err.msg, "does not begin with 55 aa"));
	assert_non_null(strstr(d.err.hint, "nouveau"));
	as_before(&d, GPU);
	close_dump(&d);
}

static void a_signal_in_between(void **state)
{
	struct dump d;

	(void)state;
	open_dump(&d, without_driver(), "0000:09:00.0");
	d.cancel = 1;
	assert_int_equal(dump(&d, "0000:09:00.0"), -EINTR);
	assert_null(d.data.data);
	as_before(&d, "0000:09:00.0");
	close_dump(&d);
}

/* Whatever write fails, with or without its effect: all that was done is put back. */
static void any_write_may_fail(void **state)
{
	static const int actions[] = {EIO, EBUSY, FK_EFFECT_THEN_EIO};
	const char *name = "0000:09:00.0";

	(void)state;
	for (size_t a = 0; a < VH_ARRAY_SIZE(actions); a++) {
		/* enable=1, rom=1; those of the way back have no way back. */
		static const char *const writes[] = {"/enable=1", "/rom=1"};

		for (size_t w = 0; w < VH_ARRAY_SIZE(writes); w++) {
			struct fk_fault fault = {
				.path_contains = writes[w], .nth = 1, .action = actions[a]};
			struct dump d;

			open_dump(&d, without_driver(), name);
			fk_fault(d.fk, &fault);
			assert_int_not_equal(dump(&d, name), 0);
			assert_null(d.data.data);
			as_before(&d, name);
			close_dump(&d);
		}
	}
}

static void what_stays_is_told(void **state)
{
	const char *name = "0000:09:00.0";
	struct fk_fault fault = {.path_contains = "/enable=0", .action = EIO};
	struct dump d;

	(void)state;
	open_dump(&d, without_driver(), name);
	fk_fault(d.fk, &fault);
	assert_int_equal(dump(&d, name), -EIO);
	assert_non_null(strstr(d.err.msg, "is not as before"));
	assert_false(fk_rom_is_on(d.fk, name));
	close_dump(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_its_driver_has_it),
		cmocka_unit_test(enabled_and_disabled_again),
		cmocka_unit_test(on_vfio_pci_and_asleep),
		cmocka_unit_test(not_while_a_vm_has_it),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(a_function_without_one),
		cmocka_unit_test(a_shadow_is_explained),
		cmocka_unit_test(nothing_behind_it),
		cmocka_unit_test(a_signal_in_between),
		cmocka_unit_test(any_write_may_fail),
		cmocka_unit_test(what_stays_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
