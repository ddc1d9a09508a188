/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who brings back what no event brings back? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/hook_parts.h"
#include "lib/checks/records.h"
#include "lib/host/record.h"
#include "lib/host/unit.h"

#define RECOVER_PATH    "vfio-handoff-recover.path"
#define RECOVER_SERVICE "vfio-handoff-recover.service"
#define LINK            "/etc/systemd/system/paths.target.wants/" RECOVER_PATH
#define UNIT_TIMEOUT_MS 5000U

static const char without_watcher[] =
	"A VM whose end no event tells (a start that failed, a hook that was taken away) keeps its "
	"devices until the next event, and nothing lingers.";

/* Enabled by its link: the answer where systemd cannot be asked. */
bool vh_watcher_is_enabled(struct vh_sys *sys)
{
	static const char *const dirs[] = {"etc/systemd/system", "usr/lib/systemd/system",
					   "lib/systemd/system"};
	char target[VH_PATH_MAX];

	for (size_t i = 0; i < VH_ARRAY_SIZE(dirs); i++) {
		if (vh_sys_link(sys, target, sizeof(target), "%s/paths.target.wants/" RECOVER_PATH,
				dirs[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void report_nobody(struct vh_checkup *c, const char *seen)
{
	struct vh_finding *f;

	if (vh_hook_post_stop_warns(c)) {
		return; /* with the same remedy */
	}
	f = vh_found(c, VH_WARNING, "", "nobody watches for ends that no event tells");
	vh_seen(f, "%s", seen);
	vh_means(f, "%s", without_watcher);
	if (vh_systemd_runs(c->sys)) {
		vh_remedy(f, "Let systemd start the watcher whenever something is handed over.");
		vh_remedy_command(f, "systemctl enable --now " RECOVER_PATH);
	} else {
		vh_remedy(f, "Let what runs the services here keep 'vfio-handoff recover --watch' "
			     "running; it ends when nothing is handed over any more.");
	}
}

static void watched_by(struct vh_checkup *c, const char *seen)
{
	struct vh_finding *f = vh_found(c, VH_PASS, "", "ends that no event tells are watched for");

	vh_seen(f, "%s", seen);
}

/* systemd was asked, and answered. */
static void judge_unit(struct vh_checkup *c, const struct vh_unit *u)
{
	char seen[256];

	(void)snprintf(seen, sizeof(seen), RECOVER_PATH ": %s, %s", u->load, u->active);
	if (strcmp(u->active, "active") == 0) {
		watched_by(c, seen);
	} else {
		report_nobody(c, seen);
	}
}

static void report_uncaptured(struct vh_checkup *c)
{
	struct vh_finding *f = vh_found(c, VH_UNKNOWN, "",
					"whether ends that no event tells are watched for is not "
					"known");

	vh_seen(f, LINK ": not captured");
	vh_means(f, "%s", without_watcher);
	vh_remedy(f, "Ask the host itself.");
	vh_remedy_command(f, "systemctl status " RECOVER_PATH);
}

void vh_check_watcher(struct vh_checkup *c)
{
	VH_AUTO_TEXT struct vh_text seen = {0};
	struct vh_error err = {0};
	struct vh_process watcher;
	struct vh_unit unit = {0};

	if (c->captured && !vh_sys_exists(c->sys, "etc/systemd/system")) {
		report_uncaptured(c);
		return;
	}
	if (!c->captured && vh_watcher(c->sys, &watcher) == 0) {
		vh_text_addf(&seen, "/" VH_RUN_WATCH ": process %jd", (intmax_t)watcher.pid);
		watched_by(c, vh_text_str(&seen));
		return;
	}
	if (!vh_systemd_runs(c->sys) && !vh_watcher_is_enabled(c->sys)) {
		report_nobody(c, c->captured ? LINK ": not there"
					     : "/" VH_RUN_WATCH ": no process that lives");
		return;
	}
	if (!c->captured && vh_unit_state(c->sys, RECOVER_PATH, UNIT_TIMEOUT_MS, &unit, &err) == 0) {
		judge_unit(c, &unit);
	} else if (vh_watcher_is_enabled(c->sys)) {
		watched_by(c, LINK);
	} else {
		report_nobody(c, LINK ": not there");
	}
	vh_unit_done(&unit);
}

void vh_check_watcher_service(struct vh_checkup *c)
{
	struct vh_unit unit = {0};
	struct vh_error err = {0};

	if (!c->captured && vh_systemd_runs(c->sys) &&
	    vh_unit_state(c->sys, RECOVER_SERVICE, UNIT_TIMEOUT_MS, &unit, &err) == 0 &&
	    strcmp(unit.active, "failed") == 0) {
		struct vh_finding *f =
			vh_found(c, VH_FAILURE, RECOVER_SERVICE, "the watcher has failed");

		vh_seen(f, "systemctl show: ActiveState=failed");
		vh_means(f, "%s", without_watcher);
		vh_remedy(f,
			  "Its log says why; put that right, then start it again with 'systemctl "
			  "reset-failed " RECOVER_SERVICE " && systemctl restart " RECOVER_PATH
			  "'.");
		vh_remedy_command(f, "journalctl -b -u " RECOVER_SERVICE);
	}
	vh_unit_done(&unit);
}
