/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/hooks/hook_rig.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY    65534
#define INSTALLED "etc/libvirt/hooks/qemu.d/50-vfio-handoff"
#define WORDS_MAX 8

/* More than any call says. */
#define STREAM_MAX 65535

static const char *const covered[] = {"sys", "etc", "run", "dev"};

/* What libvirt passes on stdin, where a test names nothing else. */
static void fill_xml(char *buf, size_t size)
{
	(void)snprintf(buf, size, "<domain type='kvm'>%*s</domain>", (int)size - 29, "");
	buf[size - 1] = '\n';
}

/* As libvirt does: while it reads; who does not take it is not made to. */
static pid_t feed(const struct hook_rig *r, int fd)
{
	char xml[4096];
	const char *data = r->xml ? r->xml : xml;
	size_t left = r->xml ? strlen(r->xml) : sizeof(xml);
	pid_t pid;

	fill_xml(xml, sizeof(xml));
	if (left <= sizeof(xml)) {
		assert_int_equal(write(fd, data, left), left);
		return 0;
	}
	pid = fork();
	if (pid == 0) {
		ssize_t n = 1;

		/* The other ends of the pipes are not ours to keep open. */
		(void)dup2(fd, STDIN_FILENO);
		(void)close_range(STDOUT_FILENO, ~0U, 0);
		(void)signal(SIGPIPE, SIG_IGN);
		for (; left > 0 && n > 0; left -= (size_t)n) {
			n = write(STDIN_FILENO, data, left);
			data += n;
		}
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

/* Names in the machine's own /, where a path that went wrong would end. */
static void list_root(struct vh_text *out)
{
	struct dirent **names = NULL;
	int n = scandir("/", &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		vh_text_addf(out, "/%s\n", names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

static char *list(const struct hook_rig *r)
{
	VH_AUTO_FREE char *tree = tree_list(r->dir);
	struct vh_text text = {0};

	vh_text_add(&text, tree);
	list_root(&text);
	assert_false(text.failed);
	return text.data;
}

static void look(struct hook_rig *r)
{
	free(r->before);
	r->before = list(r);
}

struct hook_rig *hook_open(void **state, struct fakekernel *fk)
{
	struct hook_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	*state = r;
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/vh-hook-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	tree_make(fk, r->dir);
	fk_free(fk);
	tree_file(r->dir, INSTALLED, "");
	tree_file(r->dir, "sys/kernel/notes", "");
	tree_file(r->dir, "run/utmp", "");
	tree_file(r->dir, "dev/null", "");
	tree_file(r->dir, VH_SECOND_STAGE ".not", "");
	look(r);
	return r;
}

void hook_second_stage(struct hook_rig *r)
{
	tree_file(r->dir, VH_SECOND_STAGE, "");
	r->has_stage = true;
	look(r);
}

void hook_second_stage_is(struct hook_rig *r, const char *script)
{
	char path[128];

	tree_file(r->dir, VH_SECOND_STAGE, script);
	(void)snprintf(path, sizeof(path), "%s" VH_SECOND_STAGE, r->dir);
	assert_int_equal(chmod(path, 0755), 0);
	look(r);
}

int hook_teardown(void **state)
{
	struct hook_rig *r = *state;
	char path[128];

	if (r->own_run) {
		(void)snprintf(path, sizeof(path), "%s/run", r->dir);
		(void)umount2(path, MNT_DETACH);
	}
	tree_remove(r->dir);
	tree_run_done(&r->run);
	free(r->before);
	free(r);
	return 0;
}

void hook_put(struct hook_rig *r, const char *path, const char *text)
{
	tree_file(r->dir, path, text);
	look(r);
}

void hook_small_run(struct hook_rig *r)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/run", r->dir);
	assert_int_equal(mount("tmpfs", path, "tmpfs", 0, "size=16k,nr_inodes=64,mode=755"), 0);
	r->own_run = true;
	look(r);
}

void hook_fill_run(struct hook_rig *r)
{
	static const char page[4096] = "x";
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/run/full", r->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	while (write(fd, page, sizeof(page)) > 0) {
	}
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(close(fd), 0);
	for (int i = 0, made = 0; made == 0; i++) {
		(void)snprintf(path, sizeof(path), "%s/run/full%d", r->dir, i);
		made = mknod(path, S_IFREG | 0644, 0);
	}
	assert_int_equal(errno, ENOSPC);
	look(r);
}

void hook_read_only_run(struct hook_rig *r)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/run", r->dir);
	assert_int_equal(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
}

char *hook_text(const struct hook_rig *r, const char *path)
{
	char *text = calloc(1, 4096);
	char full[512];
	VH_AUTO_CLOSE int fd = -1;

	assert_non_null(text);
	(void)snprintf(full, sizeof(full), "%s/%s", r->dir, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(read(fd, text, 4095) >= 0);
	return text;
}

static bool bind_over(const char *what, const char *where)
{
	return mount(what, where, NULL, MS_BIND | MS_REC, NULL) == 0;
}

/* Nothing but the second stage is in its directory, and it only where a test wants it. */
static bool cover_second_stage(const struct hook_rig *r)
{
	char what[128];
	char where[] = VH_SECOND_STAGE;

	(void)snprintf(what, sizeof(what), "%s" VH_SECOND_STAGE, r->dir);
	if (r->has_stage && !bind_over(VH_XML, what)) {
		return false;
	}
	*strrchr(what, '/') = '\0';
	*strrchr(where, '/') = '\0';
	return bind_over(what, where);
}

/* No test gets as far as modprobe; a hook with a new mistake must not, either. */
static bool cover_host(const struct hook_rig *r)
{
	char what[128];
	char where[128];

	(void)snprintf(where, sizeof(where), "%s/" INSTALLED, r->dir);
	if (unshare(CLONE_NEWNS) < 0 || !bind_over(VH_HOOK, where)) {
		return false;
	}
	(void)bind_over("/dev/null", "/usr/sbin/modprobe");
	(void)bind_over("/dev/null", "/sbin/modprobe");
	if (!cover_second_stage(r)) {
		return false;
	}
	(void)snprintf(where, sizeof(where), "%s/dev/null", r->dir);
	if (!bind_over("/dev/null", where)) {
		return false;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(covered); i++) {
		(void)snprintf(what, sizeof(what), "%s/%s", r->dir, covered[i]);
		(void)snprintf(where, sizeof(where), "/%s", covered[i]);
		if (!bind_over(what, where)) {
			return false;
		}
	}
	return chdir("/") == 0;
}

static bool become_nobody(void)
{
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

/*
 * struct start - what the hook begins with
 * @fds: what becomes 0, 1 and 2
 * @leak: what becomes some more, -1 for none
 */
struct start {
	unsigned how;
	int fds[3];
	int leak;
	char *argv[WORDS_MAX + 2];
	char *const *env;
};

/* Pipes of the task that pve-common forgot to close. */
static bool leak(int fd)
{
	static const int leaked[] = {5, 6, 9, 10};
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 20);

	for (size_t i = 0; fd >= 0 && i < VH_ARRAY_SIZE(leaked); i++) {
		if (dup2(high, leaked[i]) < 0) {
			return false;
		}
	}
	return true;
}

static _Noreturn void child(const struct hook_rig *r, const struct start *s)
{
	bool ready = cover_host(r) && signal(SIGPIPE, SIG_DFL) != SIG_ERR;

	(void)signal(SIGCHLD, s->how & HOOK_DEAF ? SIG_IGN : SIG_DFL);
	for (int i = 0; i < 3; i++) {
		ready = ready && dup2(s->fds[i], i) == i;
		if (s->how & (1U << (unsigned)i)) {
			(void)close(i);
		}
	}
	ready = ready && leak(s->leak);
	if (ready && (!(s->how & HOOK_AS_USER) || become_nobody())) {
		(void)execve(s->argv[0], s->argv, s->env);
	}
	_exit(126);
}

/* The hook has ended: what is not there now, somebody else still could write. */
static char *drain(int fd, const char *name)
{
	char *text = calloc(1, STREAM_MAX + 1);
	size_t len = 0;
	ssize_t n;

	assert_non_null(text);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	do {
		n = read(fd, text + len, STREAM_MAX - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	(void)close(fd);
	if (n < 0) {
		fail_msg("the hook has ended and its %s has not: %s", name, strerror(errno));
	}
	return text;
}

/* How it ended. */
static int reap(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* stdin, stdout and stderr of a call; [0] is to be read. */
struct streams {
	int in[2];
	int out[2];
	int err[2];
};

static void open_streams(struct streams *s, unsigned how)
{
	assert_true(pipe2(s->in, O_CLOEXEC) == 0 && pipe2(s->out, O_CLOEXEC) == 0 &&
		    pipe2(s->err, O_CLOEXEC) == 0);
	if (how & HOOK_READER_GONE) {
		(void)close(s->out[0]);
		(void)close(s->err[0]);
	}
}

static pid_t begin(const struct hook_rig *r, const struct streams *s, struct start *start,
		   const char *const words[])
{
	static char installed[] = "/" INSTALLED;
	static char second[] = VH_SECOND_STAGE;
	pid_t pid;

	start->argv[0] = start->how & HOOK_STAGE_ITSELF ? second : installed;
	for (int i = 0; words[i]; i++) {
		assert_true(i < WORDS_MAX);
		memcpy(&start->argv[i + 1], &words[i], sizeof(start->argv[0]));
	}
	start->fds[0] = s->in[0];
	start->fds[1] = s->out[1];
	start->fds[2] = s->err[1];
	pid = fork();
	if (pid == 0) {
		child(r, start);
	}
	assert_true(pid > 0);
	for (int i = 0; i < 3; i++) {
		(void)close(start->fds[i]);
	}
	return pid;
}

/* Until it ends: 0, else the number of bytes that came. */
static size_t read_some(struct pollfd *from, struct vh_text *text)
{
	char buf[4096];
	ssize_t n = read(from->fd, buf, sizeof(buf));

	assert_true(n >= 0);
	if (n == 0) {
		(void)close(from->fd);
		from->fd = -1;
	}
	vh_text_addn(text, buf, (size_t)n);
	return (size_t)n;
}

/* Until both have ended, however long that takes; pve-common src/PVE/Cmd.pm: run() */
static void read_both(struct tree_run *run, int out, int err)
{
	struct pollfd fds[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	struct vh_text texts[2] = {{0}, {0}};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		assert_true(poll(fds, 2, -1) > 0);
		for (int i = 0; i < 2; i++) {
			if (fds[i].fd >= 0 && fds[i].revents) {
				(void)read_some(&fds[i], &texts[i]);
			}
		}
	}
	/* Also where nothing came. */
	vh_text_add(&texts[0], "");
	vh_text_add(&texts[1], "");
	assert_false(texts[0].failed || texts[1].failed);
	run->out = texts[0].data;
	run->err = texts[1].data;
}

int hook_call(struct hook_rig *r, unsigned how, const char *const words[])
{
	char locale[] = "LC_ALL=C";
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	/* A leak of glibc: its dprintf() on a closed descriptor does not free its buffer. */
	char no_leaks[] = "ASAN_OPTIONS=detect_leaks=0";
	char *env[] = {locale, path, how & HOOK_NO_STDERR ? no_leaks : NULL, NULL};
	struct start start = {.how = how, .leak = -1, .env = env};
	struct streams s;
	pid_t feeder;
	pid_t pid;

	open_streams(&s, how);
	feeder = feed(r, s.in[1]);
	(void)close(s.in[1]);
	pid = begin(r, &s, &start, words);
	tree_run_done(&r->run);
	if (r->xml && !(how & HOOK_READER_GONE)) {
		read_both(&r->run, s.out[0], s.err[0]);
		r->run.status = reap(pid);
		(void)(feeder > 0 && reap(feeder));
		return r->run.status;
	}
	r->run.status = reap(pid);
	r->run.out = how & HOOK_READER_GONE ? strdup("") : drain(s.out[0], "stdout");
	r->run.err = how & HOOK_READER_GONE ? strdup("") : drain(s.err[0], "stderr");
	return r->run.status;
}

int hook_phase_with(struct hook_rig *r, unsigned how, const char *const words[])
{
	char locale[] = "LC_ALL=C";
	char lvm[] = "LVM_SUPPRESS_FD_WARNINGS=1";
	char path[] = "PATH=/sbin:/bin:/usr/sbin:/usr/bin";
	char migrated[] = "PVE_MIGRATED_FROM=";
	bool starts = words[0] && words[1] && strstr(words[1], "-start");
	char *env[] = {locale, lvm, path, starts ? migrated : NULL, NULL};
	struct start start = {.how = how, .env = env};
	struct streams s;
	int task[2] = {-1, -1};
	pid_t pid;

	open_streams(&s, how);
	(void)close(s.in[1]);
	assert_int_equal(pipe2(task, O_CLOEXEC), 0);
	start.leak = task[1];
	pid = begin(r, &s, &start, words);
	(void)close(task[1]);
	tree_run_done(&r->run);
	if (how & HOOK_READER_GONE) {
		r->run = (struct tree_run){.out = strdup(""), .err = strdup("")};
	} else {
		read_both(&r->run, s.out[0], s.err[0]);
	}
	r->run.status = reap(pid);
	free(drain(task[0], "task's pipe"));
	return r->run.status;
}

int hook_phase_as(struct hook_rig *r, unsigned how, const char *vmid, const char *phase)
{
	const char *words[] = {vmid, phase, NULL};

	return hook_phase_with(r, how, words);
}

int hook_event_as(struct hook_rig *r, unsigned how, const char *vm, const char *operation)
{
	bool is_end = strcmp(operation, "stopped") == 0 || strcmp(operation, "release") == 0;
	const char *words[] = {vm, operation, is_end ? "end" : "begin", "-", NULL};

	return hook_call(r, how, words);
}

void hook_expect(const struct hook_rig *r, int got, int wanted)
{
	if (got != wanted) {
		fail_msg("exit status %d instead of %d\n%s%s", got, wanted, r->run.out, r->run.err);
	}
	assert_string_equal(r->run.out, "");
}

void hook_silent(const struct hook_rig *r)
{
	assert_string_equal(r->run.out, "");
	assert_string_equal(r->run.err, "");
}

void hook_says(const struct hook_rig *r, const char *part)
{
	if (!strstr(r->run.err, part)) {
		fail_msg("no '%s' on stderr:\n%s", part, r->run.err);
	}
}

void hook_complains(const struct hook_rig *r, const char *part)
{
	const char *err = r->run.err;
	size_t len = strlen(err);

	if (len < 2 || strchr(err, '\n') != err + len - 1) {
		fail_msg("not one line on stderr:\n%s", err);
	}
	for (size_t i = 0; i + 1 < len; i++) {
		assert_false(iscntrl((unsigned char)err[i]));
	}
	assert_int_equal(strncmp(err, "vfio-handoff: ", 14), 0);
	hook_says(r, part);
}

void hook_unchanged(struct hook_rig *r)
{
	VH_AUTO_FREE char *after = list(r);
	VH_AUTO_FREE char *diff = fk_diff(r->before, after);

	if (strcmp(r->before, after) != 0) {
		fail_msg("something has changed\n%s", diff);
	}
}

void hook_unlocked(struct hook_rig *r)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/run/vfio-handoff/lock", r->dir);
	tree_remove(path);
	*strrchr(path, '/') = '\0';
	/* Stays, and is found out, if anything else is in it. */
	(void)rmdir(path);
	hook_unchanged(r);
}

int hook_possible(void)
{
	if (geteuid() != 0) {
		(void)fprintf(stderr, "needs root\n");
		return 77;
	}
	/* A private copy of all mounts, so that nothing below ever shows on the machine. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("/etc", "/etc", NULL, MS_BIND, NULL) < 0 || umount2("/etc", MNT_DETACH) < 0) {
		(void)fprintf(stderr, "needs a mount namespace: %s\n", strerror(errno));
		return 77;
	}
	return 0;
}
