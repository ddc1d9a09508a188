/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/function.h"
#include "lib/host/record.h"

void vh_mark_stuck(struct vh_run *run, const char *device, const char *text)
{
	char path[VH_PATH_MAX];
	int tries = 0;
	int rc;

	(void)snprintf(path, sizeof(path), VH_RUN_STUCK_DIR "/%s", device);
	/* The end of another VM may remove the empty directory between the two. */
	do {
		rc = run->sys->ops->make_dir(run->sys, VH_RUN_STUCK_DIR, 0755);
		if (rc == 0) {
			rc = run->sys->ops->publish(run->sys, path, 0644, text, strlen(text));
		}
	} while (rc == -ENOENT && ++tries < 8);
	if (rc) {
		vh_log(run->log, VH_LOG_ERROR, device, NULL, "cannot mark %s as blocked: /%s: %s",
		       device, path, strerror(-rc));
	}
}

static int explain(int rc, const char *path, const struct vh_process *stuck, struct vh_error *err)
{
	if (rc == -ETIMEDOUT) {
		(void)vh_error_set(err, ETIMEDOUT, path,
				   "/%s: the kernel did not finish the write in time; it is left "
				   "behind in process %jd",
				   path, (intmax_t)stuck->pid);
		return vh_error_hint(err,
				     "end what uses the device, then 'vfio-handoff recover'; if "
				     "the write never ends, only a reboot helps");
	}
	if (rc == -ENOTRECOVERABLE) {
		(void)vh_error_set(
			err, ENOTRECOVERABLE, path,
			"/%s: the kernel killed the process that wrote: a fault in the driver",
			path);
		return vh_error_hint(err, "look at the kernel log (dmesg); the host needs a reboot");
	}
	return vh_error_sys(err, -rc, path, "cannot write");
}

int vh_write(struct vh_run *run, const char *path, const char *value, const char *device,
	     unsigned timeout_ms, struct vh_error *err)
{
	const char *data = value[0] ? value : "\n";
	struct vh_process stuck = {0};
	char record[128];
	int rc = run->sys->ops->write(run->sys, path, data, strlen(data), timeout_ms, &stuck);

	if (rc == -ETIMEDOUT && device[0]) {
		vh_stuck_format(record, sizeof(record), &stuck);
		vh_mark_stuck(run, device, record);
	}
	return rc ? explain(rc, path, &stuck, err) : 0;
}

void vh_driver_of(struct vh_sys *sys, const char *device, char *buf, size_t size)
{
	if (vh_sys_link_name(sys, buf, size, "sys/bus/pci/devices/%s/driver", device)) {
		buf[0] = '\0';
	}
}

bool vh_device_is_dead(struct vh_sys *sys, const char *device, unsigned timeout_ms)
{
	VH_AUTO_FREE char *data = NULL;
	char path[VH_PATH_MAX];
	size_t len = 0;
	int rc;

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/config", device);
	rc = sys->ops->read(sys, path, 4096, timeout_ms, &data, &len);
	return rc == -ENOENT || (rc == 0 && vh_config_is_dead(data, len));
}

/* The kernel names its own modprobe; where that cannot be read, the usual places. */
static int find_modprobe(struct vh_sys *sys, char *buf, size_t size)
{
	static const char *const places[] = {"/usr/sbin/modprobe", "/sbin/modprobe"};

	if (vh_sys_attr(sys, buf, size, "proc/sys/kernel/modprobe") == 0 && buf[0] == '/' &&
	    vh_sys_exists(sys, "%s", buf + 1)) {
		return 0;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(places); i++) {
		if (vh_sys_exists(sys, "%s", places[i] + 1)) {
			return vh_copy(buf, size, places[i]) ? 0 : -ENAMETOOLONG;
		}
	}
	return -ENOENT;
}

int vh_modprobe_with(struct vh_run *run, const char *module, const struct vh_list *options,
		     unsigned timeout_ms, struct vh_error *err)
{
	const char **argv = calloc(options->count + 4, sizeof(*argv));
	struct vh_command command = {.argv = argv, .timeout_ms = timeout_ms};
	char modprobe[256];
	int rc = argv ? find_modprobe(run->sys, modprobe, sizeof(modprobe)) : -ENOMEM;

	if (rc) {
		free(argv);
		return vh_error_set(err, -rc, NULL, "there is no modprobe to load %s with", module);
	}
	argv[0] = modprobe;
	argv[1] = "--";
	argv[2] = module;
	for (size_t i = 0; i < options->count; i++) {
		argv[3 + i] = options->items[i];
	}
	rc = run->sys->ops->run(run->sys, &command);
	free(argv);
	if (rc > 0) {
		(void)vh_error_set(err, EIO, NULL, "%s %s failed with exit status %d", modprobe,
				   module, rc);
		return vh_error_hint(err, "run it by hand to see why");
	}
	return rc < 0 ? vh_error_sys(err, -rc, NULL, "%s %s", modprobe, module) : 0;
}

int vh_modprobe(struct vh_run *run, const char *module, unsigned timeout_ms, struct vh_error *err)
{
	const struct vh_list none = {0};

	return vh_modprobe_with(run, module, &none, timeout_ms, err);
}

int vh_observe_attribute(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	int rc = vh_sys_attr_guarded(run->sys, step->timeout_ms, buf, size, "%s", step->path);

	if (rc == 0 && strcmp(buf, "(null)") == 0) {
		buf[0] = '\0';
	}
	return rc;
}

int vh_apply_attribute(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	return vh_write(run, step->path, step->wanted, step->device, step->timeout_ms, err);
}

int vh_undo_attribute(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char now[sizeof(step->found)];
	int rc = vh_observe_attribute(run, step, now, sizeof(now));

	if (rc) {
		return vh_error_sys(err, -rc, step->path, "cannot read the present value");
	}
	if (strcmp(now, step->found) == 0) {
		return VH_UNDO_OK;
	}
	rc = vh_write(run, step->path, step->found, step->device, step->timeout_ms, err);
	if (rc) {
		return rc;
	}
	rc = vh_observe_attribute(run, step, now, sizeof(now));
	if (rc) {
		return vh_error_sys(err, -rc, step->path, "cannot read the value back");
	}
	if (strcmp(now, step->found) != 0) {
		return vh_error_set(err, EIO, step->path,
				    "/%s took the write but reads '%s', not '%s'", step->path, now,
				    step->found);
	}
	return VH_UNDO_OK;
}
