/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_path(struct vh_error *err, const char *path)
{
	(void)snprintf(err->path, sizeof(err->path), "%s", path ? path : "");
}

int vh_error_set(struct vh_error *err, int code, const char *path, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->hint[0] = '\0';
	set_path(err, path);

	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -code;
}

int vh_error_sys(struct vh_error *err, int code, const char *path, const char *fmt, ...)
{
	char text[sizeof(err->msg) / 2];
	va_list ap;

	err->code = code;
	err->hint[0] = '\0';
	set_path(err, path);

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	if (path) {
		(void)snprintf(err->msg, sizeof(err->msg), "%s: /%s: %s", text, err->path,
			       strerror(code));
	} else {
		(void)snprintf(err->msg, sizeof(err->msg), "%s: %s", text, strerror(code));
	}
	return -code;
}

int vh_error_wrap(struct vh_error *err, const char *fmt, ...)
{
	char outer[sizeof(err->msg) / 2];
	char inner[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(outer, sizeof(outer), fmt, ap);
	va_end(ap);

	memcpy(inner, err->msg, sizeof(inner));
	(void)snprintf(err->msg, sizeof(err->msg), "%s: %.*s", outer,
		       (int)(sizeof(err->msg) - strlen(outer) - 3), inner);
	return -err->code;
}

int vh_error_hint(struct vh_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -err->code;
}
