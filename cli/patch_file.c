/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patch --file: a definition in a file or on stdin, the result on stdout. No daemon is needed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/patch.h"
#include "lib/base/cleanup.h"
#include "lib/guest/domain.h"
#include "lib/guest/xml.h"

/* Stops a little beyond what a definition may have: the parser says so. */
static int read_all(FILE *f, const char *name, struct vh_text *ret, struct vh_error *err)
{
	char buf[65536];
	size_t n = 1;

	while (n > 0 && ret->len <= VH_XML_BYTES) {
		n = fread(buf, 1, sizeof(buf), f);
		vh_text_addn(ret, buf, n);
	}
	if (ferror(f)) {
		return vh_error_set(err, EIO, name, "cannot read %s: %s", name, strerror(errno));
	}
	return ret->failed ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}

static int read_file(const char *file, struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_FILE FILE *f = NULL;

	if (strcmp(file, "-") == 0) {
		return read_all(stdin, "stdin", ret, err);
	}
	f = fopen(file, "re");
	if (!f) {
		return vh_error_set(err, errno, file, "cannot read %s: %s", file, strerror(errno));
	}
	return read_all(f, file, ret, err);
}

static int patch_text(const struct cli_patch *patch, const struct vh_guest_set *set,
		      const struct vh_domain_xml *domain)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text result = {0};
	struct vh_error err = {0};
	int rc = vh_domain_patch(set, domain, &result, &report, &err);

	if (rc < 0) {
		cli_error(&err);
		return CLI_FAILED;
	}
	cli_patch_rom_notes(patch, set, &report);
	if (patch->action == CLI_PATCH_CHECK) {
		return cli_patch_missing(patch, domain->name, &report);
	}
	cli_patch_explain(domain->name, &report);
	return rc > 0 ? cli_patch_write(vh_text_str(&result), result.len)
		      : cli_patch_write(domain->text, domain->len);
}

int cli_patch_file(const struct cli_patch *patch)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_domain_xml domain = {
		.name = strcmp(patch->file, "-") == 0 ? "stdin" : vh_basename(patch->file),
	};
	struct vh_error err = {0};
	int status = cli_patch_set(patch, &set, &err);

	if (status == CLI_OK && read_file(patch->file, &text, &err)) {
		status = CLI_FAILED;
	}
	if (status != CLI_OK) {
		cli_error(&err);
		return status;
	}
	domain.text = vh_text_str(&text);
	domain.len = text.len;
	return patch_text(patch, &set, &domain);
}
