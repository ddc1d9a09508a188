/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* JSON output of the commands, on top of json-c. */

#include <json-c/json.h>
#include <stdio.h>

#include "cli/cli.h"

/* Foreign bytes that are no UTF-8 must not make the document invalid: they become '?'. */
void cli_json_string(struct json_object *object, const char *key, const char *value)
	__attribute__((nonnull));

/* Prints and releases. */
void cli_json_print(struct json_object *object) __attribute__((nonnull));
