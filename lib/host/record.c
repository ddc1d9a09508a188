/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

int vh_claim_read(struct vh_sys *sys, const char *address, char *vm, size_t size)
{
	char text[1024];

	if (vh_sys_attr(sys, text, sizeof(text), VH_RUN_DEVICE_DIR "/%s", address)) {
		return -ENOENT;
	}
	if (strncmp(text, "vm ", 3) != 0 || vh_unescape_field(vm, size, text + 3)) {
		return -EINVAL;
	}
	return 0;
}

int vh_claim_format(char *buf, size_t size, const char *vm)
{
	char escaped[1024];
	int rc = vh_escape_field(escaped, sizeof(escaped), vm);
	int n;

	if (rc) {
		return rc;
	}
	n = snprintf(buf, size, "vm %s\n", escaped);
	return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* @text: "process <pid> <start time>"; -ENOENT unless it lives. */
static int living_process(struct vh_sys *sys, const char *text, struct vh_process *ret)
{
	struct vh_process p;
	intmax_t pid;

	if (sscanf(text, "process %" SCNdMAX " %" SCNu64, &pid, // NOLINT(cert-err34-c)
		   &p.start_time) != 2) {
		return -ENOENT;
	}
	p.pid = (pid_t)pid;
	if (!vh_sys_process_alive(sys, &p)) {
		return -ENOENT;
	}
	*ret = p;
	return 0;
}

int vh_stuck_read(struct vh_sys *sys, const char *address, struct vh_process *ret)
{
	char text[128];

	if (vh_sys_attr(sys, text, sizeof(text), VH_RUN_STUCK_DIR "/%s", address)) {
		return -ENOENT;
	}
	return living_process(sys, text, ret);
}

const char *vh_stuck_act(struct vh_sys *sys, const char *address)
{
	char text[128];
	char act[16];

	if (vh_sys_attr(sys, text, sizeof(text), VH_RUN_STUCK_DIR "/%s", address) == 0 &&
	    sscanf(text, "process %*s %*s %15s", act) == 1 && strcmp(act, "unload") == 0) {
		return "unload";
	}
	return "write";
}

int vh_watcher(struct vh_sys *sys, struct vh_process *ret)
{
	char text[128];

	if (vh_sys_attr(sys, text, sizeof(text), VH_RUN_WATCH)) {
		return -ENOENT;
	}
	return living_process(sys, text, ret);
}

void vh_stuck_format(char *buf, size_t size, const struct vh_process *p)
{
	(void)snprintf(buf, size, "process %jd %" PRIu64 "\n", (intmax_t)p->pid, p->start_time);
}

void vh_stuck_format_unload(char *buf, size_t size, const struct vh_process *p)
{
	(void)snprintf(buf, size, "process %jd %" PRIu64 " unload\n", (intmax_t)p->pid,
		       p->start_time);
}
