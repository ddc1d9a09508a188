/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/journal_text.h"
#include "lib/host/record.h"

#define FIELDS_MAX 10 /* one more than the longest record has: words behind it are found out */

struct line {
	char *field[FIELDS_MAX];
	size_t count;
};

static void split(char *text, struct line *line)
{
	char *save = NULL;

	line->count = 0;
	for (char *f = strtok_r(text, " ", &save); f && line->count < FIELDS_MAX;
	     f = strtok_r(NULL, " ", &save)) {
		line->field[line->count++] = f;
	}
}

static int parse_origin(const char *word, enum vh_origin *ret)
{
	for (enum vh_origin origin = VH_ORIGIN_MANUAL; origin <= VH_ORIGIN_BACKUP; origin++) {
		if (strcmp(word, vh_origin_word(origin)) == 0) {
			*ret = origin;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_header(const struct line *line, struct vh_journal *j)
{
	if (line->count != 6 || strcmp(line->field[0], "vfio-handoff") != 0 ||
	    strcmp(line->field[1], "1") != 0 ||
	    !vh_copy(j->boot_id, sizeof(j->boot_id), line->field[2]) ||
	    vh_parse_u64(line->field[3], 16, UINT64_MAX, &j->profile_hash) ||
	    vh_unescape_field(j->vm, sizeof(j->vm), line->field[4])) {
		return -EINVAL;
	}
	return parse_origin(line->field[5], &j->origin);
}

static int parse_process(const struct line *line, struct vh_process *ret)
{
	uint64_t pid;

	if (line->count < 3 || vh_parse_u64(line->field[1], 10, INT32_MAX, &pid) ||
	    vh_parse_u64(line->field[2], 10, UINT64_MAX, &ret->start_time)) {
		return -EINVAL;
	}
	ret->pid = (pid_t)pid;
	return 0;
}

static int parse_intent(const struct line *line, struct vh_journal *j)
{
	struct vh_step step = {0};
	uint64_t n;
	uint64_t timeout;

	if (line->count != 9 || vh_parse_u64(line->field[1], 10, SIZE_MAX, &n) || n != j->count ||
	    vh_unescape_field(step.device, sizeof(step.device), line->field[3]) ||
	    vh_unescape_field(step.path, sizeof(step.path), line->field[4]) ||
	    vh_unescape_field(step.found, sizeof(step.found), line->field[5]) ||
	    vh_unescape_field(step.wanted, sizeof(step.wanted), line->field[6]) ||
	    vh_unescape_field(step.extra, sizeof(step.extra), line->field[7]) ||
	    vh_parse_u64(line->field[8], 10, UINT32_MAX, &timeout)) {
		return -EINVAL;
	}
	step.kind = vh_step_kind_of(line->field[2]);
	step.timeout_ms = (unsigned)timeout;
	if (step.kind == VH_STEP_INVALID) {
		return -EINVAL;
	}
	return vh_journal_add(j, &step);
}

static int parse_number(const struct line *line, struct vh_journal *j, bool undone)
{
	uint64_t n;

	if (line->count != 2 || vh_parse_u64(line->field[1], 10, SIZE_MAX, &n) || n >= j->count) {
		return -EINVAL;
	}
	if (undone) {
		j->entries[n].undone = true;
	} else {
		j->entries[n].done = true;
	}
	return 0;
}

static int parse_device(const struct line *line, struct vh_journal *j)
{
	struct vh_pci_address address;

	if (line->count != 2 || vh_pci_address_parse(line->field[1], &address)) {
		return -EINVAL;
	}
	return vh_list_add(&j->devices, line->field[1]);
}

static int parse_time(const struct line *line, struct vh_journal *j)
{
	const char *word = line->count == 2 ? line->field[0] : "";
	uint64_t ms = 0;

	if (line->count != 2 || vh_parse_u64(line->field[1], 10, UINT64_MAX, &ms)) {
		return -EINVAL;
	}
	if (strcmp(word, "attached") == 0) {
		j->attached = true;
		j->attached_ms = ms;
	} else if (strcmp(word, "lingering") == 0) {
		j->lingering_until_ms = ms;
	} else if (strcmp(word, "linger") == 0 && ms <= UINT32_MAX) {
		j->linger_ms = (unsigned)ms;
	} else {
		return -EINVAL;
	}
	return 0;
}

static int parse_record(const struct line *line, struct vh_journal *j)
{
	const char *word = line->count ? line->field[0] : "";

	if (strcmp(word, "intent") == 0) {
		return parse_intent(line, j);
	}
	if (strcmp(word, "done") == 0 || strcmp(word, "undone") == 0) {
		return parse_number(line, j, word[0] == 'u');
	}
	if (strcmp(word, "device") == 0) {
		return parse_device(line, j);
	}
	if (strcmp(word, "owner") == 0) {
		/* A VM that is started after a detach by hand makes it its own. */
		return line->count == 4 && parse_origin(line->field[3], &j->origin) == 0
			       ? parse_process(line, &j->owner)
			       : -EINVAL;
	}
	if (strcmp(word, "qemu") == 0) {
		return line->count == 3 ? parse_process(line, &j->qemu) : -EINVAL;
	}
	return parse_time(line, j);
}

int vh_journal_parse(char *text, struct vh_journal *j, unsigned *ret_line)
{
	unsigned number = 0;
	char *next = text;

	while (*next) {
		struct line line;
		char *at = next;
		char *end = strchr(at, '\n');
		int rc;

		number++;
		next = end ? end + 1 : at + strlen(at);
		if (end) {
			*end = '\0';
		}
		split(at, &line);
		rc = number == 1 ? parse_header(&line, j) : parse_record(&line, j);
		if (rc) {
			*ret_line = number;
			return rc;
		}
	}
	*ret_line = 1;
	return number > 0 ? 0 : -EINVAL;
}

/* Cuts what follows the last newline, in the file too, so that the next record starts a line. */
static int drop_torn_line(struct vh_sys *sys, const char *path, bool mend, char *text)
{
	char *end = strrchr(text, '\n');
	size_t keep = end ? (size_t)(end - text) + 1 : 0;

	if (text[keep] == '\0') {
		return 0;
	}
	text[keep] = '\0';
	return mend ? sys->ops->publish(sys, path, 0644, text, keep) : 0;
}

static int read_text(struct vh_sys *sys, const char *path, bool mend, char **ret,
		     struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	size_t len = 0;
	int rc = sys->ops->read(sys, path, VH_READ_MAX, 0, &text, &len);

	if (rc == 0 && strlen(text) != len) {
		rc = -EINVAL;
	}
	if (rc == -ENOENT) {
		return vh_error_set(err, ENOENT, path, "there is no journal");
	}
	if (rc) {
		return vh_error_sys(err, -rc, path, "cannot read the journal");
	}
	rc = drop_torn_line(sys, path, mend, text);
	if (rc) {
		return vh_error_sys(err, -rc, path, "cannot mend the journal");
	}
	*ret = VH_TAKE(text);
	return 0;
}

int vh_journal_load(struct vh_sys *sys, const char *vm, bool mend, struct vh_journal *ret,
		    struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_journal j = {0};
	char boot_id[40];
	unsigned line = 0;
	int rc;

	if (vh_journal_path(j.path, sizeof(j.path), vm)) {
		return vh_error_set(err, ENOENT, NULL, "the VM's name is empty or too long");
	}
	rc = read_text(sys, j.path, mend, &text, err);
	if (rc) {
		return rc;
	}
	rc = text ? vh_journal_parse(text, &j, &line) : -EINVAL;
	if (rc) {
		vh_journal_done(&j);
		(void)vh_error_set(err, -rc, NULL, "the journal of '%s' makes no sense in line %u",
				   vm, line);
		return vh_error_hint(err,
				     "it is /run/vfio-handoff/vm/*/journal; look at it, put the "
				     "device back by hand and remove the file, or reboot");
	}
	rc = vh_sys_attr(sys, boot_id, sizeof(boot_id), "proc/sys/kernel/random/boot_id");
	*ret = j;
	if (rc == 0 && strcmp(boot_id, j.boot_id) != 0) {
		return vh_error_set(err, ESTALE, ret->path,
				    "the journal of '%s' is from an earlier boot", vm);
	}
	return 0;
}

int vh_journal_list(struct vh_sys *sys, struct vh_list *ret)
{
	VH_AUTO_LIST struct vh_list ids = {0};
	char vm[256];
	int rc = vh_sys_list(sys, &ids, VH_RUN_VM_DIR);

	if (rc) {
		return rc == -ENOENT ? 0 : rc;
	}
	for (size_t i = 0; i < ids.count; i++) {
		if (vh_unescape(vm, sizeof(vm), ids.items[i]) == 0 &&
		    vh_sys_exists(sys, VH_RUN_VM_DIR "/%s/journal", ids.items[i]) &&
		    vh_list_add(ret, vm)) {
			return -ENOMEM;
		}
	}
	return 0;
}
