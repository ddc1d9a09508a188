/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: which VM has which devices, and what is unfinished. */
#include "cli/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/json.h"
#include "lib/base/cleanup.h"
#include "lib/engine/handoff.h"
#include "lib/host/record.h"
#include "lib/proxmox/proxmox.h"

static void driver_of(struct vh_sys *sys, const char *device, char *buf, size_t size)
{
	if (vh_sys_link_name(sys, buf, size, "sys/bus/pci/devices/%s/driver", device)) {
		(void)vh_copy(buf, size, "");
	}
}

static size_t steps_left(const struct vh_journal *j)
{
	size_t left = 0;

	for (size_t i = 0; i < j->count; i++) {
		left += !j->entries[i].undone;
	}
	return left;
}

/*
 * Asked without the lock: a run that goes on now looks unfinished. Whether QEMU lives is judged by
 * its process alone; opening the group's node here could fail the start of a VM.
 */
static enum vh_state state_of(struct vh_sys *sys, const struct vh_journal *j)
{
	if (j->attached && j->qemu.pid == 0 && j->owner.pid == 0 && j->lingering_until_ms == 0) {
		return VH_STATE_MANUAL;
	}
	return vh_journal_state(sys, j);
}

static const char *advice(enum vh_state state)
{
	switch (state) {
	case VH_STATE_UNFINISHED:
	case VH_STATE_ORPHANED:
		return "'vfio-handoff recover' brings it back (unless a start or stop goes on now)";
	case VH_STATE_MANUAL:
		return "'vfio-handoff reattach' with its name brings it back";
	case VH_STATE_LINGERING:
		return "the VM's next start takes them over; 'vfio-handoff reattach' with its name "
		       "brings them back now";
	case VH_STATE_STARTING:
	case VH_STATE_RUNNING:
	default:
		return "";
	}
}

/* "3 d 4 h", "12 min", "8 s": two units at most. */
static void format_age(uint64_t ms, char *buf, size_t size)
{
	uint64_t s = ms / 1000;

	if (s >= 86400) {
		(void)snprintf(buf, size, "%" PRIu64 " d %" PRIu64 " h", s / 86400,
			       s % 86400 / 3600);
	} else if (s >= 3600) {
		(void)snprintf(buf, size, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s % 3600 / 60);
	} else if (s >= 60) {
		(void)snprintf(buf, size, "%" PRIu64 " min", s / 60);
	} else {
		(void)snprintf(buf, size, "%" PRIu64 " s", s);
	}
}

static uint64_t age_ms(struct cli *cli, const struct vh_journal *j)
{
	uint64_t now_ms = cli->sys->ops->now_ms(cli->sys);

	return now_ms > j->attached_ms ? now_ms - j->attached_ms : 0;
}

static uint64_t linger_left_ms(struct cli *cli, const struct vh_journal *j)
{
	uint64_t now_ms = cli->sys->ops->now_ms(cli->sys);

	return j->lingering_until_ms > now_ms ? j->lingering_until_ms - now_ms : 0;
}

/* A VM of Proxmox is a number to us, and a name to its people; "" if it has none. */
static void name_of(struct vh_sys *sys, const char *vm, char *buf, size_t size)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err;

	(void)vh_copy(buf, size, "");
	if (vh_is_vmid(vm) && vh_is_pve_node(sys) && vh_pve_load(sys, vm, &guest, &err) == 0) {
		(void)vh_copy(buf, size, guest.config.name);
	}
}

static void add_times(struct cli *cli, const struct vh_journal *j, enum vh_state state,
		      struct vh_text *out)
{
	char age[64];

	if (j->attached) {
		format_age(age_ms(cli, j), age, sizeof(age));
		vh_text_addf(out, ", handed over %s ago", age);
	}
	if (state == VH_STATE_LINGERING) {
		format_age(linger_left_ms(cli, j), age, sizeof(age));
		vh_text_addf(out, ", for %s more", age);
	}
}

static void add_text(struct cli *cli, const struct vh_journal *j, struct vh_text *out)
{
	enum vh_state state = state_of(cli->sys, j);
	struct vh_process stuck;
	char driver[64];
	char name[64];

	name_of(cli->sys, j->vm, name, sizeof(name));
	vh_text_addf(out, "%s%s%s%s: %s", j->vm, name[0] ? " (" : "", name, name[0] ? ")" : "",
		     vh_state_word(state));
	if (state == VH_STATE_RUNNING && j->qemu.pid != 0) {
		vh_text_addf(out, ", QEMU is process %jd", (intmax_t)j->qemu.pid);
	}
	add_times(cli, j, state, out);
	vh_text_addf(out, "; %zu step%s to undo\n", steps_left(j), steps_left(j) == 1 ? "" : "s");
	for (size_t i = 0; i < j->devices.count; i++) {
		const char *device = j->devices.items[i];

		driver_of(cli->sys, device, driver, sizeof(driver));
		vh_text_addf(out, "  %s  driver %s", device, driver[0] ? driver : "(none)");
		if (vh_stuck_read(cli->sys, device, &stuck) == 0) {
			vh_text_addf(out, ", BLOCKED by an abandoned %s (process %jd)",
				     vh_stuck_act(cli->sys, device), (intmax_t)stuck.pid);
		}
		vh_text_add(out, "\n");
	}
	if (vh_stuck_read(cli->sys, "console", &stuck) == 0) {
		vh_text_addf(out,
			     "  the text console is BLOCKED by an abandoned write (process %jd)\n",
			     (intmax_t)stuck.pid);
	}
	if (advice(state)[0]) {
		vh_text_addf(out, "  %s\n", advice(state));
	}
}

static struct json_object *to_json(struct cli *cli, const struct vh_journal *j)
{
	struct json_object *o = json_object_new_object();
	struct json_object *devices = json_object_new_array();
	enum vh_state state = state_of(cli->sys, j);
	char driver[64];
	char name[64];

	name_of(cli->sys, j->vm, name, sizeof(name));
	cli_json_string(o, "vm", j->vm);
	if (name[0]) {
		cli_json_string(o, "name", name);
	}
	cli_json_string(o, "state", vh_state_word(state));
	(void)json_object_object_add(o, "qemu_pid", json_object_new_int64(j->qemu.pid));
	if (j->attached) {
		(void)json_object_object_add(o, "handed_over_ms_ago",
					     json_object_new_int64((int64_t)age_ms(cli, j)));
	}
	if (state == VH_STATE_LINGERING) {
		(void)json_object_object_add(
			o, "lingers_ms", json_object_new_int64((int64_t)linger_left_ms(cli, j)));
	}
	(void)json_object_object_add(o, "steps_left", json_object_new_int64((int64_t)steps_left(j)));
	for (size_t i = 0; i < j->devices.count; i++) {
		struct json_object *d = json_object_new_object();
		struct vh_process stuck;
		bool blocked = vh_stuck_read(cli->sys, j->devices.items[i], &stuck) == 0;

		driver_of(cli->sys, j->devices.items[i], driver, sizeof(driver));
		cli_json_string(d, "address", j->devices.items[i]);
		cli_json_string(d, "driver", driver);
		(void)json_object_object_add(d, "blocked", json_object_new_boolean(blocked));
		(void)json_object_array_add(devices, d);
	}
	(void)json_object_object_add(o, "devices", devices);
	return o;
}

/* Without a watcher only events bring back what an event forgot. */
static void add_watcher(struct vh_sys *sys, struct vh_text *out)
{
	struct vh_process watcher;

	if (vh_watcher(sys, &watcher) && vh_sys_exists(sys, "run/systemd/system")) {
		vh_text_add(out, "nobody watches for ends that no event tells; 'systemctl enable "
				 "--now vfio-handoff-recover.path' changes that\n");
	}
}

/* Where what could not be read is told: @problems, or a person if that is NULL. */
static void complain(const struct vh_error *err, struct vh_text *problems)
{
	if (problems) {
		vh_text_addf(problems, "%s%s", problems->len ? "; " : "", err->msg);
	} else {
		cli_error(err);
	}
}

static int collect(struct cli *cli, struct json_object *array, struct vh_text *out,
		   struct vh_text *problems)
{
	VH_AUTO_LIST struct vh_list vms = {0};
	struct vh_error err = {0};
	int status = CLI_OK;
	int rc = vh_journal_list(cli->sys, &vms);

	if (rc) {
		(void)vh_error_set(&err, -rc, NULL, "cannot read /" VH_RUN_VM_DIR);
		complain(&err, problems);
		status = CLI_FAILED;
	}
	for (size_t i = 0; i < vms.count; i++) {
		VH_AUTO_JOURNAL struct vh_journal j = {0};

		err = (struct vh_error){0};
		rc = vh_journal_load(cli->sys, vms.items[i], false, &j, &err);
		if (rc == -ENOENT) {
			continue; /* it ended just now */
		}
		if (rc) {
			complain(&err, problems);
			status = CLI_FAILED;
		} else if (array) {
			(void)json_object_array_add(array, to_json(cli, &j));
		} else {
			add_text(cli, &j, out);
		}
	}
	if (vms.count == 0 && status == CLI_OK) {
		vh_text_add(out, "nothing is handed over\n");
	} else if (vms.count > 0) {
		add_watcher(cli->sys, out);
	}
	return status;
}

int cli_status_render(struct cli *cli, struct vh_text *out, struct vh_text *problems)
{
	return collect(cli, NULL, out, problems);
}

int cli_status(struct cli *cli, int argc, char **argv)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct json_object *array = NULL;
	int status;

	(void)argv;
	if (argc != 1) {
		return cli_usage("status [--json]");
	}
	if (cli->json) {
		array = json_object_new_array();
	}
	status = collect(cli, array, &text, NULL);
	if (array) {
		cli_json_print(array);
	} else {
		(void)fputs(vh_text_str(&text), stdout);
	}
	return status;
}
