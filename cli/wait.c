/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wait: until a VM's devices are back on the host. It changes nothing, and anybody may call it. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/commands.h"
#include "lib/base/cleanup.h"
#include "lib/engine/journal.h"
#include "lib/host/record.h"

#define TIMEOUT_S_MAX (24U * 60 * 60)

static const struct cli_option options[] = {
	{"--timeout", "N(s|m)", "give up then, with exit status 1", false},
	{0},
};

const struct cli_syntax cli_wait_syntax = {
	"wait", "VM", "until its devices are back on the host",
	"Returns when the devices of VM are back on the host. It changes nothing, and anybody may\n"
	"call it.",
	options};

static volatile sig_atomic_t cancelled;

static void on_signal(int number)
{
	(void)number;
	cancelled = 1;
}

static void handle_signals(void)
{
	static const int noted[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction note = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++) {
		(void)sigaction(noted[i], &note, NULL);
	}
}

/*
 * Whoever started us as a service learns that we wait, and so that the lock around us is taken.
 * Source: sd_notify(3).
 */
static void tell_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	VH_AUTO_CLOSE int fd = -1;

	if (len < 2 || len >= sizeof(to.sun_path) || !strchr("/@", path[0])) {
		return;
	}
	memcpy(to.sun_path, path, len);
	if (path[0] == '@') {
		to.sun_path[0] = '\0';
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		(void)sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (const struct sockaddr *)&to,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	}
}

/* "90s", "5m" */
static int read_timeout(const char *text, uint64_t *ret_ms)
{
	size_t len = strlen(text);
	unsigned factor = len > 1 && text[len - 1] == 'm' ? 60 : 1;
	char digits[8];

	if (len < 2 || len > sizeof(digits) || !strchr("sm", text[len - 1])) {
		return -EINVAL;
	}
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)len - 1, text);
	if (vh_parse_u64(digits, 10, TIMEOUT_S_MAX / factor, ret_ms)) {
		return -EINVAL;
	}
	*ret_ms *= (uint64_t)factor * 1000;
	return 0;
}

/* 0 it is back; 1 not yet; -errno: it cannot come back. */
static int look(struct cli *cli, const char *vm, struct vh_error *err)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_process writer;
	int rc = vh_journal_load(cli->sys, vm, false, &j, err);

	/* A kernel that was started since has forgotten all of it. */
	if (rc == -ENOENT || rc == -ESTALE) {
		return 0;
	}
	if (rc) {
		return rc;
	}
	for (size_t i = 0; i <= j.devices.count; i++) {
		const char *name = i < j.devices.count ? j.devices.items[i] : "console";

		if (vh_stuck_read(cli->sys, name, &writer) == 0) {
			(void)vh_error_set(err, EBUSY, NULL,
					   "%s cannot return: an abandoned %s (process %jd) "
					   "still blocks it",
					   name, vh_stuck_act(cli->sys, name),
					   (intmax_t)writer.pid);
			return vh_error_hint(err, "vfio-handoff status");
		}
	}
	return 1;
}

static int await_change(struct cli *cli, const struct vh_await *what, uint64_t end_ms)
{
	uint64_t now_ms = cli->sys->ops->now_ms(cli->sys);
	uint64_t left_ms = end_ms > now_ms ? end_ms - now_ms : 0;

	if (left_ms == 0) {
		return -ETIMEDOUT;
	}
	return cli->sys->ops->await(cli->sys, what,
				    end_ms == UINT64_MAX ? UINT_MAX : (unsigned)left_ms);
}

static int wait_until(struct cli *cli, const char *vm, struct vh_await *what, uint64_t end_ms)
{
	struct vh_error err = {0};
	bool told = false;
	int rc = 0;

	while (rc == 0) {
		/* From here on nothing that changes is missed. */
		rc = cli->sys->ops->await(cli->sys, what, 0);
		if (rc == 0) {
			rc = look(cli, vm, &err);
			if (rc == 0) {
				return CLI_OK;
			}
		}
		if (rc < 0) {
			break;
		}
		if (!told) {
			tell_ready();
			told = true;
		}
		rc = await_change(cli, what, end_ms);
	}
	if (rc == -ETIMEDOUT) {
		(void)fprintf(stderr, "vfio-handoff: the VM '%s' has devices of this host still\n",
			      vm);
	} else if (rc != -EINTR) {
		if (!err.msg[0]) {
			(void)vh_error_sys(&err, -rc, VH_RUN_VM_DIR, "cannot wait");
		}
		cli_error(&err);
	}
	return CLI_FAILED;
}

static int read_call(struct cli *cli, const char *timeout, uint64_t *ret_end_ms)
{
	uint64_t ms;

	*ret_end_ms = UINT64_MAX;
	if (!timeout) {
		return CLI_OK;
	}
	if (read_timeout(timeout, &ms)) {
		(void)fprintf(stderr,
			      "vfio-handoff: --timeout takes a number and its unit s or m, up to a "
			      "day, not '%s'\n",
			      timeout);
		return CLI_USAGE;
	}
	*ret_end_ms = cli->sys->ops->now_ms(cli->sys) + ms;
	return CLI_OK;
}

int cli_wait(struct cli *cli, int argc, char **argv)
{
	struct vh_await what = {.cancel = &cancelled};
	char dir[VH_PATH_MAX];
	char id[VH_ID_MAX];
	const char *timeout = NULL;
	uint64_t end_ms;
	int status = cli_options_take(&cli_wait_syntax, &argc, argv, &timeout);

	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	if (argc != 2) {
		return cli_syntax_wrong(&cli_wait_syntax);
	}
	status = read_call(cli, timeout, &end_ms);
	if (status) {
		return status;
	}
	if (vh_journal_id(id, sizeof(id), argv[1])) {
		(void)fputs("vfio-handoff: the VM's name is empty or too long\n", stderr);
		return CLI_USAGE;
	}
	handle_signals();
	(void)snprintf(dir, sizeof(dir), VH_RUN_VM_DIR "/%s", id);
	if (vh_list_add(&what.directories, VH_RUN_VM_DIR) || vh_list_add(&what.directories, dir)) {
		(void)fputs("vfio-handoff: out of memory\n", stderr);
		status = CLI_FAILED;
	} else {
		status = wait_until(cli, argv[1], &what, end_ms);
	}
	vh_list_done(&what.directories);
	return status;
}
