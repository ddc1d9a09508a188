/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One error object, on the caller's stack, filled by the callee and wrapped on the way up. Nothing
 * here allocates, so the error path itself cannot fail. It is shown once, by a front end.
 */

/**
 * struct vh_error - what was tried, on which file, what the kernel said, what to do
 * @code: positive errno value, 0 while unset
 * @path: the file the failure is about, "" if there is none
 * @msg:  one sentence, "outer: inner", no trailing newline
 * @hint: what the reader can do about it, "" if nothing
 */
struct vh_error {
	int code;
	char path[256];
	char msg[1024];
	char hint[512];
};

/**
 * vh_error_set() - record a failure in our own words
 * @path: the file it is about, may be NULL
 *
 * Return: -@code, so that a callee can `return vh_error_set(...)`.
 */
int vh_error_set(struct vh_error *err, int code, const char *path, const char *fmt, ...)
	__attribute__((nonnull(1, 4), format(printf, 4, 5)));

/**
 * vh_error_sys() - the same, with the path and the kernel's word for @code appended
 *
 * Return: -@code.
 */
int vh_error_sys(struct vh_error *err, int code, const char *path, const char *fmt, ...)
	__attribute__((nonnull(1, 4), format(printf, 4, 5)));

/**
 * vh_error_wrap() - put "context: " before the message
 *
 * Return: minus the code that is already set.
 */
int vh_error_wrap(struct vh_error *err, const char *fmt, ...)
	__attribute__((nonnull(1, 2), format(printf, 2, 3)));

/**
 * vh_error_hint() - say what the reader can do; replaces an earlier hint
 *
 * Return: minus the code that is already set.
 */
int vh_error_hint(struct vh_error *err, const char *fmt, ...)
	__attribute__((nonnull(1, 2), format(printf, 2, 3)));
