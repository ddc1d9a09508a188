/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/generator.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/words.h"

/* An image for each of many kernels, on a slow disk. */
#define TIMEOUT_MS (30U * 60U * 1000U)
#define OUTPUT_MAX ((size_t)1 << 20)
#define LINES_MAX  20U
#define WORDS_MAX  8U

/* What begins a line that tells of a failure. Source: the tools' own texts */
static const char *const complaints[] = {
	"E: ",                   /* update-initramfs */
	"==> ERROR",             /* mkinitcpio */
	"dracut-install: ERROR", /* dracut */
	"dracut[E]",
	"dracut[F]",
	"dracut: FAILED",
	"/usr/sbin/grub-probe: error", /* grub-mkconfig */
	"/usr/bin/grub-probe: error",
};

static void say(const struct vh_setup_observer *observer, const char *line)
{
	if (observer->say) {
		observer->say(observer->arg, line);
	}
}

/* The last lines. */
static void show(const struct vh_setup_observer *observer, const char *output)
{
	VH_AUTO_FREE char *text = strdup(output);
	char *at = text ? text + strlen(text) : NULL;
	char *save = NULL;

	if (!text) {
		return;
	}
	for (unsigned lines = 0; at > text && lines <= LINES_MAX; at--) {
		lines += at[-1] == '\n';
	}
	for (char *line = strtok_r(at, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		vh_sanitize(line);
		say(observer, line);
	}
}

static bool complains(const char *output)
{
	for (const char *line = output; *line;) {
		for (size_t i = 0; i < VH_ARRAY_SIZE(complaints); i++) {
			if (strncmp(line, complaints[i], strlen(complaints[i])) == 0) {
				return true;
			}
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

static int judge(const char *line, int status, const char *output, struct vh_error *err)
{
	if (status == -ETIMEDOUT) {
		return vh_error_set(err, ETIMEDOUT, NULL, "%s still runs after %u minutes", line,
				    TIMEOUT_MS / 60000U);
	}
	if (status < 0) {
		return vh_error_set(err, -status, NULL, "cannot run %s: %s", line,
				    strerror(-status));
	}
	if (status > 0) {
		return vh_error_set(err, EIO, NULL, "%s failed: exit status %d", line, status);
	}
	return complains(output) ? vh_error_set(err, EIO, NULL,
						"%s ended well, but says that it "
						"failed",
						line)
				 : 0;
}

int vh_generator_run(struct vh_sys *sys, const char *line, const struct vh_setup_observer *observer,
		     struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list words = {0};
	VH_AUTO_TEXT struct vh_text output = {0};
	const char *argv[WORDS_MAX + 1] = {0};
	struct vh_command command = {
		.argv = argv,
		.out = &output,
		.err = &output,
		.max = OUTPUT_MAX,
		.cuts = true,
		.timeout_ms = TIMEOUT_MS,
	};
	int rc;

	if (vh_words(line, &words) || words.count == 0 || words.count > WORDS_MAX) {
		return vh_error_set(err, EINVAL, NULL, "'%s' is no command", line);
	}
	for (size_t i = 0; i < words.count; i++) {
		argv[i] = words.items[i];
	}
	rc = sys->ops->run(sys, &command);
	if (rc == -EROFS) {
		return rc;
	}
	rc = judge(line, rc, vh_text_str(&output), err);
	if (rc) {
		show(observer, vh_text_str(&output));
	}
	return rc;
}
