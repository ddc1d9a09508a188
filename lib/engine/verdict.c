/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/verdict.h"

#include <errno.h>
#include <string.h>

/* A VM that was over so soon never got to anything. */
#define SHORT_RUN_MS 10000U

void vh_join_lines(const struct vh_list *lines, struct vh_text *out)
{
	for (size_t i = 0; i < lines->count; i++) {
		vh_text_addf(out, "%s%s", out->len ? "; " : "", lines->items[i]);
	}
}

/* By the journal: the card itself may be gone. */
static bool has_screen(const struct vh_journal *j)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct vh_step *step = &j->entries[i].step;

		if (step->kind == VH_STEP_CONSOLE || step->kind == VH_STEP_FRAMEBUFFER ||
		    step->kind == VH_STEP_VT ||
		    (step->kind == VH_STEP_RETURN &&
		     (strstr(step->found, "drm=") || strstr(step->found, "fb=")))) {
			return true;
		}
	}
	return false;
}

/* Lines begin with the function they are about. */
static bool names(const struct vh_list *lines, const char *device)
{
	size_t len = strlen(device);

	for (size_t i = 0; i < lines->count; i++) {
		if (strncmp(lines->items[i], device, len) == 0 && lines->items[i][len] == ':') {
			return true;
		}
	}
	return false;
}

static void add(struct vh_text *list, const char *device)
{
	vh_text_addf(list, "%s%s", list->len ? ", " : "", device);
}

static void say_what_is_back(const struct vh_run *run, bool screen)
{
	VH_AUTO_TEXT struct vh_text broken = {0};
	VH_AUTO_TEXT struct vh_text back = {0};
	VH_AUTO_TEXT struct vh_text left = {0};
	const struct vh_list *devices = &run->journal->devices;

	for (size_t i = 0; i < devices->count; i++) {
		const char *device = devices->items[i];

		if (names(&run->left, device)) {
			add(&left, device);
		} else {
			add(names(&run->broken, device) ? &broken : &back, device);
		}
	}
	vh_log(run->log, VH_LOG_ERROR, NULL, NULL, "%s: back on the host: %s%s%s%s%s%s",
	       run->journal->vm, back.len ? vh_text_str(&back) : "nothing",
	       left.len ? "; not back: " : "", vh_text_str(&left),
	       broken.len ? "; back, but not working: " : "", vh_text_str(&broken),
	       screen ? "; the host's screen may stay dark" : "");
}

static void hint(bool screen, bool again, struct vh_error *err)
{
	if (screen) {
		(void)vh_error_hint(
			err,
			"the host's screen may stay dark. Over ssh: %s'journalctl -b -t "
			"vfio-handoff' and dmesg tell why; a reboot brings the card back",
			again ? "'vfio-handoff recover' tries again once the device is free; " : "");
	} else if (again) {
		(void)vh_error_hint(err,
				    "free the device, then run 'vfio-handoff recover'; if that "
				    "does not help, reboot");
	} else {
		(void)vh_error_hint(err, "look at the kernel log (dmesg)");
	}
}

void vh_verdict(const struct vh_run *run, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	bool screen = has_screen(run->journal);
	bool again = run->left.count > 0;

	vh_join_lines(&run->left, &text);
	vh_join_lines(&run->broken, &text);
	/* Said once: these steps are undone, and a later try does not come to them again. */
	if (!run->journal->attached) {
		vh_join_lines(&run->ended, &text);
	}
	(void)vh_error_set(err, EIO, run->journal->path, "%s: %s",
			   again ? "not undone" : "back, but not working", vh_text_str(&text));
	hint(screen, again, err);
	say_what_is_back(run, screen);
}

void vh_note_short_run(struct vh_sys *sys, struct vh_log *log, const struct vh_journal *j)
{
	uint64_t ran_ms = sys->ops->now_ms(sys) - j->attached_ms;

	if (!j->attached || ran_ms >= SHORT_RUN_MS) {
		return;
	}
	if (j->origin == VH_ORIGIN_LIBVIRT) {
		vh_log(log, VH_LOG_NOTICE, NULL, NULL,
		       "%s: over %llu ms after it had its devices. If nobody stopped it, the VM "
		       "failed and not the hand-over: /var/log/libvirt/qemu/%s.log tells why",
		       j->vm, (unsigned long long)ran_ms, j->vm);
	} else if (j->origin == VH_ORIGIN_PROXMOX) {
		vh_log(log, VH_LOG_NOTICE, NULL, NULL,
		       "%s: over %llu ms after it had its devices. If nobody stopped it, the VM "
		       "failed and not the hand-over: the log of its start task tells why",
		       j->vm, (unsigned long long)ran_ms);
	}
}
