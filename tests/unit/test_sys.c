/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The real door on a directory of its own, and the helpers on top of the table.
 */

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "tests/unit/temp_root.h"

#define SHORT_MS 50
#define LONG_MS  20000

static void attribute_loses_its_newline(void **state)
{
	const struct temp_root *t = *state;
	char buf[16];

	temp_root_file(t, "attr", " vfio-pci \n\n");
	assert_int_equal(vh_sys_attr(t->sys, buf, sizeof(buf), "at%s", "tr"), 0);
	assert_string_equal(buf, " vfio-pci \n");
	temp_root_file(t, "attr", "");
	assert_int_equal(vh_sys_attr(t->sys, buf, sizeof(buf), "attr"), 0);
	assert_string_equal(buf, "");
}

static void attribute_must_fit(void **state)
{
	const struct temp_root *t = *state;
	char buf[5];

	temp_root_file(t, "attr", "1234\n");
	assert_int_equal(vh_sys_attr(t->sys, buf, sizeof(buf), "attr"), 0);
	assert_string_equal(buf, "1234");
	temp_root_file(t, "attr", "12345");
	assert_int_equal(vh_sys_attr(t->sys, buf, sizeof(buf), "attr"), -ENAMETOOLONG);
	temp_root_file(t, "attr", "123456789");
	assert_int_equal(vh_sys_attr(t->sys, buf, sizeof(buf), "attr"), -ENAMETOOLONG);
	assert_int_equal(vh_sys_attr(t->sys, buf, sizeof(buf), "%0600d", 1), -ENAMETOOLONG);
	assert_int_equal(vh_sys_attr(t->sys, buf, sizeof(buf), "absent"), -ENOENT);
}

static void numbers_are_checked(void **state)
{
	const struct temp_root *t = *state;
	uint64_t v = 0;

	temp_root_file(t, "hex", "0x030000\n");
	assert_int_equal(vh_sys_attr_u64(t->sys, 16, &v, "hex"), 0);
	assert_int_equal(v, 0x030000);
	assert_int_equal(vh_sys_attr_u64(t->sys, 10, &v, "hex"), -EINVAL);
	temp_root_file(t, "dec", "0010\n");
	assert_int_equal(vh_sys_attr_u64(t->sys, 10, &v, "dec"), 0);
	assert_int_equal(v, 10);
	temp_root_file(t, "dec", "-1\n");
	assert_int_equal(vh_sys_attr_u64(t->sys, 10, &v, "dec"), -EINVAL);
	temp_root_file(t, "dec", "0x0x1\n");
	assert_int_equal(vh_sys_attr_u64(t->sys, 16, &v, "dec"), -EINVAL);
}

static void read_is_bounded(void **state)
{
	const struct temp_root *t = *state;
	char *data = NULL;
	size_t len = 0;

	temp_root_file(t, "file", "12345");
	assert_int_equal(t->sys->ops->read(t->sys, "file", 4, 0, &data, &len), -EFBIG);
	assert_null(data);
	assert_int_equal(t->sys->ops->read(t->sys, "file", 5, 0, &data, &len), 0);
	assert_int_equal(len, 5);
	assert_string_equal(data, "12345");
	free(data);
	assert_int_equal(mkfifoat(t->dir, "fifo", 0600), 0);
	assert_int_equal(t->sys->ops->read(t->sys, "fifo", 5, 0, &data, &len), 0);
	assert_string_equal(data, "");
	free(data);
}

static void write_makes_no_file(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(t->sys->ops->write(t->sys, "absent", "x", 1, 0, NULL), -ENOENT);
	assert_false(vh_sys_exists(t->sys, "absent"));
	temp_root_file(t, "attr", "abc");
	assert_int_equal(t->sys->ops->write(t->sys, "attr", "x", 1, 0, NULL), 0);
	/* Not truncated either: that is not what sysfs files do. */
	temp_root_holds(t, "attr", "xbc");
}

static void links_are_read(void **state)
{
	const struct temp_root *t = *state;
	char buf[32];
	char small[8];

	assert_int_equal(symlinkat("../../bus/pci/drivers/nouveau", t->dir, "driver"), 0);
	assert_int_equal(vh_sys_link_name(t->sys, buf, sizeof(buf), "driver"), 0);
	assert_string_equal(buf, "nouveau");
	assert_int_equal(vh_sys_link_name(t->sys, small, 8, "driver"), 0);
	assert_int_equal(vh_sys_link_name(t->sys, small, 7, "driver"), -ENAMETOOLONG);
	assert_int_equal(vh_sys_link(t->sys, buf, 30, "driver"), 0);
	assert_string_equal(buf, "../../bus/pci/drivers/nouveau");
	assert_int_equal(vh_sys_link(t->sys, buf, 29, "driver"), -ENAMETOOLONG);
	assert_int_equal(vh_sys_link(t->sys, buf, sizeof(buf), "absent"), -ENOENT);
	temp_root_file(t, "plain", "");
	assert_int_equal(vh_sys_link(t->sys, buf, sizeof(buf), "plain"), -EINVAL);
	assert_int_equal(vh_sys_link(t->host, buf, sizeof(buf), "proc/self/stat"), -EINVAL);
}

static void list_is_sorted(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_LIST struct vh_list names = {0};

	temp_root_file(t, "b", "");
	temp_root_file(t, "a", "");
	temp_root_file(t, ".hidden", "");
	assert_int_equal(mkdirat(t->dir, "c", 0755), 0);
	assert_int_equal(vh_sys_list(t->sys, &names, "."), 0);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.items[0], "a");
	assert_string_equal(names.items[1], "b");
	assert_string_equal(names.items[2], "c");
	vh_list_done(&names);
	assert_int_equal(vh_sys_list(t->sys, &names, "a"), -ENOTDIR);
	assert_int_equal(vh_sys_list(t->sys, &names, "absent"), -ENOENT);
	assert_int_equal(names.count, 0);
}

static void stat_follows_links(void **state)
{
	const struct temp_root *t = *state;
	struct vh_stat st;
	int fd;
	char path[64];

	temp_root_file(t, "file", "");
	assert_int_equal(fchmodat(t->dir, "file", 04640, 0), 0);
	assert_int_equal(symlinkat("file", t->dir, "link"), 0);
	assert_int_equal(t->sys->ops->stat(t->sys, "link", &st), 0);
	assert_int_equal(st.type, VH_FILE_REGULAR);
	assert_int_equal(st.mode, 04640);
	assert_int_equal(st.uid, getuid());
	assert_int_equal(t->host->ops->stat(t->host, "dev/null", &st), 0);
	assert_int_equal(st.type, VH_FILE_CHAR);
	assert_int_equal(st.rdev_major, 1);
	assert_int_equal(st.rdev_minor, 3);

	/* A magic link leads to the open file, whatever its text says. */
	fd = openat(t->dir, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unlinkat(t->dir, "file", 0), 0);
	(void)snprintf(path, sizeof(path), "proc/%d/fd/%d", (int)getpid(), fd);
	assert_int_equal(t->host->ops->stat(t->host, path, &st), 0);
	assert_int_equal(st.mode, 04640);
	assert_int_equal(close(fd), 0);
	assert_false(vh_sys_exists(t->sys, "link"));
}

static void nothing_leads_out_of_the_root(void **state)
{
	const struct temp_root *t = *state;
	struct vh_stat st;
	char *data = NULL;

	assert_int_equal(mkdirat(t->dir, "etc", 0755), 0);
	temp_root_file(t, "etc/hostname", "ours");
	assert_int_equal(symlinkat("/etc/hostname", t->dir, "absolute"), 0);
	assert_int_equal(symlinkat("../../../../../etc/hostname", t->dir, "upward"), 0);
	assert_int_equal(symlinkat("/proc/self/status", t->dir, "status"), 0);
	temp_root_holds(t, "absolute", "ours");
	temp_root_holds(t, "upward", "ours");
	temp_root_holds(t, "../../etc/hostname", "ours");
	assert_int_equal(vh_sys_read(t->sys, "status", &data), -ENOENT);
	assert_int_equal(vh_sys_read(t->sys, "/etc/hostname", &data), -EINVAL);
	assert_int_equal(vh_sys_read(t->sys, "", &data), -EINVAL);
	assert_int_equal(t->sys->ops->stat(t->sys, "/etc/hostname", &st), -EINVAL);
	assert_int_equal(t->sys->ops->write(t->sys, "upward", "OU", 2, 0, NULL), 0);
	temp_root_holds(t, "etc/hostname", "OUrs");
}

static void publish_replaces_whole_files(void **state)
{
	const struct temp_root *t = *state;
	DIR *dir;
	int entries = 0;

	assert_int_equal(t->sys->ops->make_dir(t->sys, "run/vfio-handoff/vm", 0755), 0);
	assert_int_equal(t->sys->ops->make_dir(t->sys, "run/vfio-handoff/vm", 0755), 0);
	assert_int_equal(t->sys->ops->publish(t->sys, "run/vfio-handoff/vm/a", 0644, "longer", 6),
			 0);
	assert_int_equal(t->sys->ops->publish(t->sys, "run/vfio-handoff/vm/a", 0644, "new", 3), 0);
	temp_root_holds(t, "run/vfio-handoff/vm/a", "new");

	/* A directory of that name stays, and so does no temporary file. */
	assert_int_equal(t->sys->ops->make_dir(t->sys, "run/vfio-handoff/vm/d", 0755), 0);
	assert_int_equal(t->sys->ops->publish(t->sys, "run/vfio-handoff/vm/d", 0644, "x", 1),
			 -EISDIR);
	dir = fdopendir(openat(t->dir, "run/vfio-handoff/vm", O_RDONLY | O_CLOEXEC));
	assert_non_null(dir);
	while (readdir(dir)) {
		entries++;
	}
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(entries, 4); /* . .. a d */
	assert_int_equal(t->sys->ops->publish(t->sys, "run/absent/a", 0644, "x", 1), -ENOENT);
}

static unsigned mode_of(const struct temp_root *t, const char *path)
{
	struct vh_stat st;

	assert_int_equal(t->sys->ops->stat(t->sys, path, &st), 0);
	return st.mode;
}

/* What is there keeps its mode, but a file that is published anew is a new file. */
static void modes_are_those_asked_for(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(t->sys->ops->make_dir(t->sys, "a/b", 0755), 0);
	assert_int_equal(t->sys->ops->make_dir(t->sys, "a/b/c/d", 0700), 0);
	assert_int_equal(mode_of(t, "a/b"), 0755);
	assert_int_equal(mode_of(t, "a/b/c"), 0700);
	assert_int_equal(mode_of(t, "a/b/c/d"), 0700);
	assert_int_equal(t->sys->ops->publish(t->sys, "a/f", 0644, "x", 1), 0);
	assert_int_equal(mode_of(t, "a/f"), 0644);
	assert_int_equal(t->sys->ops->publish(t->sys, "a/f", 0600, "x", 1), 0);
	assert_int_equal(mode_of(t, "a/f"), 0600);
}

/* root with umask 077, as a hardened host has it: a profile that only root reads is no use to others. */
static void a_umask_takes_nothing_away(void **state)
{
	const struct temp_root *t = *state;
	mode_t before = umask(077);
	int made = t->sys->ops->make_dir(t->sys, "a/b", 0755);
	int published = t->sys->ops->publish(t->sys, "a/f", 0644, "x", 1);

	(void)umask(before);
	assert_int_equal(made, 0);
	assert_int_equal(published, 0);
	assert_int_equal(mode_of(t, "a/b"), 0755);
	assert_int_equal(mode_of(t, "a/f"), 0644);
}

static void publish_outlives_a_crash(void **state)
{
	const struct temp_root *t = *state;
	char left[32];

	/* What a killed process left behind. */
	(void)snprintf(left, sizeof(left), VH_TEMPORARY, "a");
	temp_root_file(t, left, "half");
	assert_int_equal(t->sys->ops->publish(t->sys, "a", 0644, "whole", 5), 0);
	temp_root_holds(t, "a", "whole");
	assert_false(vh_sys_exists(t->sys, "%s", left));
}

/* The file gets no larger than this, as on a disk that fills up half way through. */
static int publish_beyond_the_limit(const struct temp_root *t)
{
	static char data[8192];
	struct rlimit limit = {.rlim_cur = sizeof(data) / 2, .rlim_max = sizeof(data) / 2};

	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit)) {
		return 1;
	}
	memset(data, 'x', sizeof(data));
	return t->sys->ops->publish(t->sys, "a", 0600, data, sizeof(data)) == -EFBIG ? 0 : 2;
}

static void publish_leaves_nothing_on_a_full_disk(void **state)
{
	const struct temp_root *t = *state;
	char left[32];

	temp_root_file(t, "a", "as before");
	assert_int_equal(temp_root_in_child(publish_beyond_the_limit, t), 0);
	temp_root_holds(t, "a", "as before");
	(void)snprintf(left, sizeof(left), VH_TEMPORARY, "a");
	assert_false(vh_sys_exists(t->sys, "%s", left));
}

static void append_adds_lines(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(t->sys->ops->append(t->sys, "journal", "one\n", 4), 0);
	assert_int_equal(t->sys->ops->append(t->sys, "journal", "two\n", 4), 0);
	temp_root_holds(t, "journal", "one\ntwo\n");
	assert_int_equal(mkfifoat(t->dir, "fifo", 0600), 0);
	assert_int_equal(t->sys->ops->append(t->sys, "fifo", "x", 1), -ENXIO);
}

static void last_component_is_no_link(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, "victim", "safe");
	assert_int_equal(mkdirat(t->dir, "d", 0755), 0);
	assert_int_equal(symlinkat("victim", t->dir, "link"), 0);
	assert_int_equal(symlinkat("d", t->dir, "dlink"), 0);
	assert_int_equal(t->sys->ops->append(t->sys, "link", "x", 1), -ELOOP);
	assert_int_equal(t->sys->ops->lock(t->sys, "link", 0), -ELOOP);
	assert_int_equal(t->sys->ops->make_dir(t->sys, "dlink", 0755), -ENOTDIR);
	assert_int_equal(t->sys->ops->make_dir(t->sys, "victim", 0755), -ENOTDIR);
	assert_int_equal(t->sys->ops->publish(t->sys, "link", 0644, "x", 1), 0);
	temp_root_holds(t, "victim", "safe");
	temp_root_holds(t, "link", "x");
	assert_int_equal(t->sys->ops->publish(t->sys, "d/..", 0644, "x", 1), -EINVAL);
}

static void remove_takes_files_and_empty_directories(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(t->sys->ops->make_dir(t->sys, "d", 0755), 0);
	temp_root_file(t, "d/f", "");
	assert_int_equal(t->sys->ops->remove(t->sys, "d"), -ENOTEMPTY);
	assert_int_equal(t->sys->ops->remove(t->sys, "d/f"), 0);
	assert_int_equal(t->sys->ops->remove(t->sys, "d"), 0);
	assert_int_equal(t->sys->ops->remove(t->sys, "d"), -ENOENT);
}

static void read_only_changes_nothing(void **state)
{
	const struct temp_root *t = *state;
	const char *const argv[] = {"/bin/true", NULL};
	struct vh_command command = {.argv = argv, .timeout_ms = LONG_MS};
	struct vh_sys *sys;
	struct vh_error err;

	temp_root_file(t, "file", "old");
	assert_int_equal(vh_sys_open(t->path, true, &sys, &err), 0);
	assert_true(vh_sys_exists(sys, "file"));
	assert_int_equal(sys->ops->write(sys, "file", "x", 1, 0, NULL), -EROFS);
	assert_int_equal(sys->ops->write(sys, "file", "x", 1, LONG_MS, NULL), -EROFS);
	assert_int_equal(sys->ops->make_dir(sys, "d", 0755), -EROFS);
	assert_int_equal(sys->ops->publish(sys, "file", 0644, "x", 1), -EROFS);
	assert_int_equal(sys->ops->append(sys, "file", "x", 1), -EROFS);
	assert_int_equal(sys->ops->remove(sys, "file"), -EROFS);
	assert_int_equal(sys->ops->lock(sys, "file", 0), -EROFS);
	assert_int_equal(sys->ops->run(sys, &command), -EROFS);
	sys->ops->close(sys);
	temp_root_holds(t, "file", "old");
	/* A captured tree has no programs of its own. */
	assert_int_equal(t->sys->ops->run(t->sys, &command), -EROFS);
}

static void root_must_be_there(void **state)
{
	struct vh_sys *sys = NULL;
	struct vh_error err;

	(void)state;
	assert_int_equal(vh_sys_open("/nonexistent", true, &sys, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent"));
	assert_null(sys);
}

static void processes_have_an_identity(void **state)
{
	const struct temp_root *t = *state;
	struct vh_process p;
	struct vh_process q;
	char name[32];
	pid_t pid;

	assert_int_equal(vh_sys_process(t->host, getpid(), &p), 0);
	assert_true(p.start_time > 0);
	assert_true(vh_sys_process_alive(t->host, &p));
	p.start_time++;
	assert_false(vh_sys_process_alive(t->host, &p));
	assert_int_equal(vh_sys_process(t->host, 0, &p), -ESRCH);

	pid = fork();
	if (pid == 0) {
		_exit(0);
	}
	/* Ended and not yet collected: a zombie. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(vh_sys_process(t->host, pid, &q), -ESRCH);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	vh_sys_process_name(t->host, pid, name, sizeof(name));
	assert_string_equal(name, "?");
}

#define STAT(state, threads) \
	"7 (a) R 9 (x\n) " state " 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 " threads " 0 4711 0 0\n"

static void process_text_is_taken_apart(void **state)
{
	const struct temp_root *t = *state;
	struct vh_process p = {0};
	char name[32];

	assert_int_equal(t->sys->ops->make_dir(t->sys, "proc/7", 0755), 0);
	temp_root_file(t, "proc/7/stat", STAT("S", "1"));
	temp_root_file(t, "proc/7/comm", "a\033[31m\n");
	assert_int_equal(vh_sys_process(t->sys, 7, &p), 0);
	assert_int_equal(p.pid, 7);
	assert_int_equal(p.start_time, 4711);
	vh_sys_process_name(t->sys, 7, name, sizeof(name));
	assert_string_equal(name, "a?[31m");

	temp_root_file(t, "proc/7/stat", STAT("Z", "1"));
	assert_false(vh_sys_process_alive(t->sys, &p));
	/* Its other threads still hold its files. */
	temp_root_file(t, "proc/7/stat", STAT("Z", "2"));
	assert_true(vh_sys_process_alive(t->sys, &p));
	temp_root_file(t, "proc/7/stat", "7 (a) S 1");
	assert_false(vh_sys_process_alive(t->sys, &p));
	temp_root_file(t, "proc/7/stat", "");
	assert_false(vh_sys_process_alive(t->sys, &p));
}

static void waiting_ends(void **state)
{
	const struct temp_root *t = *state;
	uint64_t deadline = t->sys->ops->now_ms(t->sys) + SHORT_MS;

	/* An event of the machine may end a wait early; none may last. */
	while (t->sys->ops->now_ms(t->sys) < deadline) {
		t->sys->ops->wait(t->sys, 10);
	}
	assert_true(t->sys->ops->now_ms(t->sys) < deadline + LONG_MS);
}

/* Nodes of a captured tree lead to the devices of this machine, which has no part in it. */
static void device_questions_are_not_for_a_captured_tree(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(t->sys->ops->make_dir(t->sys, "dev/vfio", 0755), 0);
	temp_root_file(t, "dev/vfio/7", "");
	temp_root_file(t, "dev/sda", "");
	temp_root_file(t, "dev/fb1", "");
	temp_root_file(t, "dev/tty2", "");
	assert_int_equal(t->sys->ops->group_status(t->sys, 7), -EROFS);
	assert_int_equal(t->sys->ops->block_busy(t->sys, "sda"), -EROFS);
	assert_int_equal(t->sys->ops->console_fb(t->sys, 1), -EROFS);
	assert_int_equal(t->sys->ops->vt_graphics(t->sys, 2), -EROFS);
	assert_int_equal(t->sys->ops->vt_activate(t->sys, 2, LONG_MS), -EROFS);
	assert_int_equal(t->sys->ops->vt_text(t->sys, 2), -EROFS);
}

static void reopen(struct temp_root *t)
{
	struct vh_error err = {0};

	t->sys->ops->close(t->sys);
	assert_int_equal(vh_sys_open(t->path, false, &t->sys, &err), 0);
}

/* What whoever unpacked a tree could not give its files: owners, device numbers, the clock. */
static void captured_tree_says_what_its_files_were(void **state)
{
	struct temp_root *t = *state;
	char path[128];
	struct vh_stat st;

	assert_int_equal(t->sys->ops->make_dir(t->sys, "dev/dri", 0755), 0);
	assert_int_equal(t->sys->ops->make_dir(t->sys, "captured", 0755), 0);
	temp_root_file(t, "dev/dri/card0", "");
	temp_root_file(t, "etc", "");
	temp_root_file(t, "home", "");
	(void)snprintf(path, sizeof(path), "%s/link", t->path);
	assert_int_equal(symlink("/dev/dri/card0", path), 0);
	temp_root_file(t, "captured/time", "1764590400\n");
	temp_root_file(t, "captured/stat",
		       "c 226:0 0 44 dev/dri/card0\n- 0:0 1000 100 home\n"
		       "b 8:0 0 6 dev/gone\nc 1:1 0 0 ../../../../etc/passwd\nnonsense\n");
	reopen(t);
	assert_int_equal(t->sys->ops->stat(t->sys, "link", &st), 0);
	assert_int_equal(st.type, VH_FILE_CHAR);
	assert_int_equal(st.rdev_major, 226);
	assert_int_equal(st.gid, 44);
	assert_int_equal(t->sys->ops->stat(t->sys, "home", &st), 0);
	assert_int_equal(st.type, VH_FILE_REGULAR);
	assert_int_equal(st.uid, 1000);
	assert_int_equal(st.gid, 100);
	/* Not listed, and of whoever unpacked it: root's. */
	assert_int_equal(t->sys->ops->stat(t->sys, "etc", &st), 0);
	assert_int_equal(st.uid, 0);
	assert_int_equal(t->sys->ops->time_s(t->sys), 1764590400);
}

static void tree_that_says_nothing_is_taken_as_it_is(void **state)
{
	struct temp_root *t = *state;
	struct vh_stat st;

	temp_root_file(t, "etc", "");
	reopen(t);
	assert_int_equal(t->sys->ops->stat(t->sys, "etc", &st), 0);
	assert_int_equal(st.uid, geteuid());
	assert_true(t->sys->ops->time_s(t->sys) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attribute_loses_its_newline),
		TEST(attribute_must_fit),
		TEST(numbers_are_checked),
		TEST(read_is_bounded),
		TEST(write_makes_no_file),
		TEST(links_are_read),
		TEST(list_is_sorted),
		TEST(stat_follows_links),
		TEST(nothing_leads_out_of_the_root),
		TEST(publish_replaces_whole_files),
		TEST(modes_are_those_asked_for),
		TEST(a_umask_takes_nothing_away),
		TEST(publish_outlives_a_crash),
		TEST(publish_leaves_nothing_on_a_full_disk),
		TEST(append_adds_lines),
		TEST(last_component_is_no_link),
		TEST(remove_takes_files_and_empty_directories),
		TEST(read_only_changes_nothing),
		TEST(root_must_be_there),
		TEST(processes_have_an_identity),
		TEST(process_text_is_taken_apart),
		TEST(waiting_ends),
		TEST(device_questions_are_not_for_a_captured_tree),
		TEST(captured_tree_says_what_its_files_were),
		TEST(tree_that_says_nothing_is_taken_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
