/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table behind struct vh_sys: counting, death, and the way to the reactions. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_internal.h"

void fk_die(struct fakekernel *fk)
{
	fk->dead = true;
	for (int i = 0; i < fk->lock_count; i++) {
		if (fk->locks[i].handle > 0) {
			fk->locks[i].handle = 0;
		}
	}
}

static bool dies_now(const struct fakekernel *fk)
{
	return fk->die_at > 0 && fk->operations == fk->die_at;
}

/* Counts a changing operation; not 0 if the process is dead before it does anything. */
static int begin(struct fakekernel *fk, const char *what, const char *path, const char *data,
		 size_t len)
{
	if (fk->dead) {
		return -EOWNERDEAD;
	}
	fk->operations++;
	vh_text_addf(&fk->op_log, "%s %s%s%.*s", what, path, data ? "=" : "",
		     (int)(data ? strcspn(data, "\n") : 0), data ? data : "");
	vh_text_addf(&fk->op_log, "%s\n", data && len > 0 && data[0] == '\n' ? "\\n" : "");
	if (dies_now(fk) && fk->how == FK_BEFORE) {
		fk_die(fk);
		return -EOWNERDEAD;
	}
	return 0;
}

/* Torn without a meaning for the operation: it did not happen. */
static bool torn(struct fakekernel *fk)
{
	if (dies_now(fk) && fk->how == FK_TORN) {
		fk_die(fk);
		return true;
	}
	return false;
}

static int end(struct fakekernel *fk, int rc)
{
	if (fk->dead) {
		return -EOWNERDEAD;
	}
	if (dies_now(fk)) {
		fk_die(fk);
		return -EOWNERDEAD;
	}
	return rc;
}

/* NULL and *@rc negative, which says why. */
static struct fk_node *find_node(struct fakekernel *fk, const char *path, int *rc)
{
	struct fk_node *n = NULL;

	*rc = -EINVAL;
	if (path[0] != '\0' && path[0] != '/') {
		*rc = 0;
		n = fk_walk(fk, path, true, rc);
	}
	return n;
}

static int write_node(struct fakekernel *fk, const struct fk_request *q)
{
	if (q->node->kind != FK_KIND_FILE) {
		return q->node->kind == FK_KIND_DIR ? -EISDIR : -EINVAL;
	}
	if (!(q->node->mode & 0222U)) {
		return -EACCES;
	}
	return fk_guarded_write(fk, q);
}

static int fk_op_read(struct vh_sys *sys, const char *path, size_t max, unsigned timeout_ms,
		      char **ret, size_t *ret_len)
{
	struct fakekernel *fk = fk_of(sys);
	struct fk_node *n;
	int rc;

	if (fk->dead) {
		return -EOWNERDEAD;
	}
	n = find_node(fk, path, &rc);
	if (!n) {
		return rc;
	}
	if (n->kind != FK_KIND_FILE) {
		return n->kind == FK_KIND_DIR ? -EISDIR : -EINVAL;
	}
	if (!(n->mode & 0444U)) {
		return -EACCES;
	}
	if (fk_fault_simple(fk, FK_READ, path, &rc) && rc) {
		return rc;
	}
	if (n->attr == FK_ATTR_OVERRIDE && fk->devs[n->obj].lock && fk_attr_locks(fk, n)) {
		rc = fk_guarded_lock_wait(fk, path, n->obj, timeout_ms);
		if (rc) {
			return rc;
		}
		return fk_op_read(sys, path, max, timeout_ms, ret, ret_len);
	}
	rc = n->attr == FK_ATTR_ROM ? fk_rom_refuses(fk, n->obj) : 0;
	if (rc == 0 && n->len > max) {
		rc = -EFBIG;
	}
	if (rc) {
		return rc;
	}
	*ret = fk_alloc(n->len + 1);
	memcpy(*ret, n->data, n->len);
	*ret_len = n->len;
	return 0;
}

static int fk_op_write(struct vh_sys *sys, const char *path, const char *data, size_t len,
		       unsigned timeout_ms, struct vh_process *stuck)
{
	struct fakekernel *fk = fk_of(sys);
	VH_AUTO_FREE char *text = fk_alloc(len + 1);
	struct fk_node *n;
	int rc;

	memcpy(text, data, len);
	rc = begin(fk, "write", path, text, len);
	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	n = find_node(fk, path, &rc);
	if (n) {
		rc = write_node(fk, &(struct fk_request){path, n, text, len, timeout_ms, stuck});
	}
	return end(fk, rc);
}

static int fk_op_readlink(struct vh_sys *sys, const char *path, char *buf, size_t size)
{
	struct fakekernel *fk = fk_of(sys);
	int rc = -ENOENT;
	const struct fk_node *n;

	if (fk->dead) {
		return -EOWNERDEAD;
	}
	if (path[0] == '\0' || path[0] == '/') {
		return -EINVAL;
	}
	n = fk_walk(fk, path, false, &rc);
	if (!n) {
		return rc;
	}
	if (n->kind != FK_KIND_LINK) {
		return -EINVAL;
	}
	return vh_copy(buf, size, n->data) ? 0 : -ENAMETOOLONG;
}

static int fk_op_list(struct vh_sys *sys, const char *path, struct vh_list *ret)
{
	struct fakekernel *fk = fk_of(sys);
	VH_AUTO_LIST struct vh_list names = {0};
	struct fk_node *n;
	int rc;

	if (fk->dead) {
		return -EOWNERDEAD;
	}
	n = find_node(fk, path, &rc);
	if (!n) {
		return rc;
	}
	if (n->kind != FK_KIND_DIR) {
		return -ENOTDIR;
	}
	if (fk_fault_simple(fk, FK_LIST, path, &rc) && rc) {
		return rc;
	}
	for (size_t i = 0; i < n->count; i++) {
		if (n->kids[i]->name[0] != '.' && vh_list_add(&names, n->kids[i]->name) < 0) {
			return -ENOMEM;
		}
	}
	vh_list_sort(&names);
	*ret = names;
	names = (struct vh_list){0};
	return 0;
}

/* The same for the same path, which is all that is asked of it. */
static uint64_t inode_of(const char *path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *path; path++) {
		hash = (hash ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
	}
	return hash;
}

static int fk_op_stat(struct vh_sys *sys, const char *path, struct vh_stat *ret)
{
	static const enum vh_file_type types[] = {
		[FK_KIND_DIR] = VH_FILE_DIRECTORY, [FK_KIND_FILE] = VH_FILE_REGULAR,
		[FK_KIND_LINK] = VH_FILE_OTHER,    [FK_KIND_CHAR] = VH_FILE_CHAR,
		[FK_KIND_BLOCK] = VH_FILE_BLOCK,
	};
	struct fakekernel *fk = fk_of(sys);
	const struct fk_node *link;
	struct fk_node *n;
	int rc;

	if (fk->dead) {
		return -EOWNERDEAD;
	}
	n = find_node(fk, path, &rc);
	link = fk_walk(fk, path, false, NULL);
	if (!n && link && link->magic) {
		/* An open file outlives its name. */
		*ret = (struct vh_stat){.type = VH_FILE_CHAR,
					.mode = 0660,
					.rdev_major = link->major,
					.rdev_minor = link->minor};
		return 0;
	}
	if (!n) {
		return rc;
	}
	*ret = (struct vh_stat){.type = types[n->kind],
				.mode = n->mode,
				.uid = n->uid,
				.gid = n->gid,
				.mtime_s = n->mtime_s,
				.rdev_major = n->major,
				.rdev_minor = n->minor,
				.dev_minor = 1,
				.inode = inode_of(path)};
	return 0;
}

/* A fault that reads of the path time out is a file system that does not answer. */
static int fk_op_look(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	struct fakekernel *fk = fk_of(sys);
	int rc = 0;

	if (fk->dead) {
		return -EOWNERDEAD;
	}
	if (fk_fault_simple(fk, FK_READ, path, &rc) && rc == -ETIMEDOUT) {
		fk_clock_to(fk, fk->now + timeout_ms);
		return rc;
	}
	return 0;
}

/* Not counted, as a read is not. */
static int run_question(struct fakekernel *fk, const struct vh_command *command, const char *line)
{
	int rc;

	if (fk->dead) {
		return -EOWNERDEAD;
	}
	return fk_fault_simple(fk, FK_RUN, line, &rc) ? rc : fk_run(fk, command);
}

static int fk_op_run(struct vh_sys *sys, const struct vh_command *command)
{
	struct fakekernel *fk = fk_of(sys);
	VH_AUTO_TEXT struct vh_text line = {0};
	int rc;

	if (fk->captured) {
		return -EROFS;
	}
	for (size_t i = 0; command->argv[i]; i++) {
		vh_text_addf(&line, "%s%s", i ? " " : "", command->argv[i]);
	}
	if (fk_run_asks(command)) {
		return run_question(fk, command, vh_text_str(&line));
	}
	rc = begin(fk, "run", vh_text_str(&line), NULL, 0);
	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	vh_text_addf(&fk->run_log, "%s\n", vh_text_str(&line));
	if (fk_fault_simple(fk, FK_RUN, vh_text_str(&line), &rc)) {
		if (rc == -ETIMEDOUT) {
			fk_clock_to(fk, fk->now + command->timeout_ms);
		}
		return end(fk, rc);
	}
	return end(fk, fk_run(fk, command));
}

static int fk_op_make_dir(struct vh_sys *sys, const char *path, unsigned mode)
{
	struct fakekernel *fk = fk_of(sys);
	int rc = begin(fk, "make_dir", path, NULL, 0);

	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	if (!fk_fault_simple(fk, FK_MAKE_DIR, path, &rc)) {
		rc = fk_store_make_dir(fk, path, mode);
	}
	return end(fk, rc);
}

static int fk_op_publish(struct vh_sys *sys, const char *path, unsigned mode, const char *data,
			 size_t len)
{
	struct fakekernel *fk = fk_of(sys);
	int rc = begin(fk, "publish", path, NULL, 0);

	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	if (!fk_fault_simple(fk, FK_PUBLISH, path, &rc)) {
		rc = fk_store_publish(fk, path, mode, data, len);
	}
	return end(fk, rc);
}

static int fk_op_replace(struct vh_sys *sys, const char *path, const char *data, size_t len)
{
	struct fakekernel *fk = fk_of(sys);
	int rc = begin(fk, "replace", path, NULL, 0);

	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	if (!fk_fault_simple(fk, FK_PUBLISH, path, &rc)) {
		rc = fk_store_replace(fk, path, data, len);
	}
	return end(fk, rc);
}

static int fk_op_append(struct vh_sys *sys, const char *path, const char *data, size_t len)
{
	struct fakekernel *fk = fk_of(sys);
	VH_AUTO_FREE char *text = fk_alloc(len + 1);
	const struct fk_fault *fault;
	int rc;

	memcpy(text, data, len);
	rc = begin(fk, "append", path, text, len);
	if (rc) {
		return rc;
	}
	if (dies_now(fk) && fk->how == FK_TORN) {
		(void)fk_store_append(fk, path, data, len / 2);
		fk_die(fk);
		return -EOWNERDEAD;
	}
	fault = fk_fault_find(fk, FK_APPEND, path);
	if (!fault) {
		rc = fk_store_append(fk, path, data, len);
	} else if (fault->action == FK_PARTIAL) {
		(void)fk_store_append(fk, path, data, len / 2);
		rc = -ENOSPC;
	} else if (fault->action == FK_EFFECT_THEN_EIO) {
		(void)fk_store_append(fk, path, data, len);
		rc = -EIO;
	} else {
		rc = fault->action < FK_SILENT ? -fault->action : -EIO;
	}
	return end(fk, rc);
}

static int fk_op_remove(struct vh_sys *sys, const char *path)
{
	struct fakekernel *fk = fk_of(sys);
	int rc = begin(fk, "remove", path, NULL, 0);

	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	if (!fk_fault_simple(fk, FK_REMOVE, path, &rc)) {
		rc = fk_store_remove(fk, path);
		fk_inhibit_removed(fk, path);
	}
	return end(fk, rc);
}

static struct fk_lock_state *lock_state(struct fakekernel *fk, const char *path)
{
	for (int i = 0; i < fk->lock_count; i++) {
		if (strcmp(fk->locks[i].path, path) == 0) {
			return &fk->locks[i];
		}
	}
	if (fk->lock_count == FK_MAX_LOCKS) {
		fk_abort("%s: too many locks", fk->name);
	}
	fk_copy(fk->locks[fk->lock_count].path, sizeof(fk->locks[0].path), path);
	return &fk->locks[fk->lock_count++];
}

void fk_lock_by_other(struct fakekernel *fk, const char *path, bool held)
{
	lock_state(fk, path)->handle = held ? -1 : 0;
}

static int fk_op_lock(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	struct fakekernel *fk = fk_of(sys);
	uint64_t deadline = fk->now + timeout_ms;
	struct fk_lock_state *lock;
	int rc;

	if (fk->dead) {
		return -EOWNERDEAD;
	}
	if (fk_fault_simple(fk, FK_LOCK, path, &rc)) {
		return rc ? rc : -EIO;
	}
	if (!fk_find(fk, "%s", path)) {
		rc = fk_store_append(fk, path, "", 0);
		if (rc) {
			return rc;
		}
		fk_find(fk, "%s", path)->mode = 0600;
	}
	lock = lock_state(fk, path);
	while (lock->handle && fk_clock_step(fk, deadline)) {
	}
	if (lock->handle) {
		fk_clock_to(fk, deadline);
		return -ETIMEDOUT;
	}
	lock->handle = ++fk->next_id;
	return lock->handle;
}

static void fk_op_unlock(struct vh_sys *sys, int handle)
{
	struct fakekernel *fk = fk_of(sys);

	for (int i = 0; i < fk->lock_count; i++) {
		if (handle > 0 && fk->locks[i].handle == handle) {
			fk->locks[i].handle = 0;
		}
	}
}

static int fk_op_group_status(struct vh_sys *sys, unsigned group)
{
	struct fakekernel *fk = fk_of(sys);
	char path[32];
	int rc;

	(void)snprintf(path, sizeof(path), "dev/vfio/%u", group);
	if (fk->dead || fk->captured) {
		return fk->dead ? -EOWNERDEAD : -EROFS;
	}
	return fk_fault_simple(fk, FK_GROUP_STATUS, path, &rc) ? rc : fk_group_status(fk, group);
}

static int fk_op_block_busy(struct vh_sys *sys, const char *name)
{
	struct fakekernel *fk = fk_of(sys);

	return fk->dead ? -EOWNERDEAD : fk->captured ? -EROFS : fk_block_busy(fk, name);
}

static int fk_op_console_fb(struct vh_sys *sys, unsigned console)
{
	struct fakekernel *fk = fk_of(sys);

	return fk->dead ? -EOWNERDEAD : fk_console_fb(fk, console);
}

static int fk_op_signal(struct vh_sys *sys, const struct vh_process *p, int number)
{
	struct fakekernel *fk = fk_of(sys);
	char text[64];
	int rc;

	(void)snprintf(text, sizeof(text), "%jd %d", (intmax_t)p->pid, number);
	rc = begin(fk, "signal", text, NULL, 0);
	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	if (!fk_fault_simple(fk, FK_SIGNAL, text, &rc)) {
		rc = fk_signal(fk, p, number);
	}
	return end(fk, rc);
}

static int fk_op_unload(struct vh_sys *sys, const char *module, unsigned timeout_ms,
			struct vh_process *stuck)
{
	struct fakekernel *fk = fk_of(sys);
	int rc = begin(fk, "unload", module, NULL, 0);

	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	return end(fk, fk_guarded_unload(fk, module, timeout_ms, stuck));
}

static int fk_op_vt_graphics(struct vh_sys *sys, unsigned vt)
{
	struct fakekernel *fk = fk_of(sys);

	return fk->dead ? -EOWNERDEAD : fk->captured ? -EROFS : fk_vt_graphics(fk, vt);
}

static int fk_op_vt_activate(struct vh_sys *sys, unsigned vt, unsigned timeout_ms)
{
	struct fakekernel *fk = fk_of(sys);
	char text[32];
	int rc;

	(void)snprintf(text, sizeof(text), "activate %u", vt);
	rc = begin(fk, "vt", text, NULL, 0);
	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	if (!fk_fault_simple(fk, FK_VT, text, &rc)) {
		rc = fk_vt_activate(fk, vt);
	}
	if (rc == -ETIMEDOUT) {
		fk_clock_to(fk, fk->now + timeout_ms);
	}
	return end(fk, rc);
}

static int fk_op_vt_text(struct vh_sys *sys, unsigned vt)
{
	struct fakekernel *fk = fk_of(sys);
	char text[32];
	int rc;

	(void)snprintf(text, sizeof(text), "text %u", vt);
	rc = begin(fk, "vt", text, NULL, 0);
	if (rc) {
		return rc;
	}
	if (torn(fk)) {
		return -EOWNERDEAD;
	}
	if (!fk_fault_simple(fk, FK_VT, text, &rc)) {
		rc = fk_vt_text(fk, vt);
	}
	return end(fk, rc);
}

/* The test owns it and still has questions. */
static void fk_op_close(struct vh_sys *sys)
{
	(void)sys;
}

const struct vh_sys_ops fk_ops = {
	.read = fk_op_read,
	.write = fk_op_write,
	.readlink = fk_op_readlink,
	.list = fk_op_list,
	.stat = fk_op_stat,
	.look = fk_op_look,
	.run = fk_op_run,
	.make_dir = fk_op_make_dir,
	.publish = fk_op_publish,
	.replace = fk_op_replace,
	.append = fk_op_append,
	.remove = fk_op_remove,
	.lock = fk_op_lock,
	.unlock = fk_op_unlock,
	.group_status = fk_op_group_status,
	.block_busy = fk_op_block_busy,
	.console_fb = fk_op_console_fb,
	.signal = fk_op_signal,
	.unload = fk_op_unload,
	.vt_graphics = fk_op_vt_graphics,
	.vt_activate = fk_op_vt_activate,
	.vt_text = fk_op_vt_text,
	.now_ms = fk_op_now_ms,
	.time_s = fk_op_time_s,
	.wait = fk_op_wait,
	.await = fk_op_await,
	.close = fk_op_close,
};
