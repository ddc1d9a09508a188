/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/answer.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"

int vh_answer_captured(struct vh_sys *sys, const char *name, size_t max, struct vh_text *ret)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	size_t len = 0;
	int rc;

	if (snprintf(path, sizeof(path), VH_CAPTURED_DIR "/%s", name) >= (int)sizeof(path)) {
		return -ENAMETOOLONG;
	}
	rc = sys->ops->read(sys, path, VH_READ_MAX, 0, &text, &len);
	if (rc) {
		return rc;
	}
	vh_text_addn(ret, text, len < max ? len : max);
	return ret->failed ? -ENOMEM : 0;
}

int vh_answer(struct vh_sys *sys, const char *name, const char *const *argv, unsigned timeout_ms,
	      size_t max, struct vh_text *ret)
{
	const struct vh_command command = {
		.argv = argv, .out = ret, .max = max, .cuts = true, .timeout_ms = timeout_ms};
	int rc = sys->ops->run(sys, &command);

	/* -EROFS: not the running host. What lies in /captured there is nobody's word here. */
	return rc == -EROFS ? vh_answer_captured(sys, name, max, ret) : rc;
}
