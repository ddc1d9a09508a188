/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A ROM file that a definition names: could the VM's QEMU read it? */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/sys/sys.h"

/* The largest that we read: flash chips of graphics cards are smaller. */
#define VH_ROM_FILE_MAX ((size_t)16 << 20)

/**
 * vh_rom_file_read() - the bytes
 * @path: absolute, or relative to the root; links are followed
 *
 * Return: 0; -ENOENT, -EISDIR, -EFBIG, -EACCES, -errno. Owner: the caller frees *@ret.
 */
int vh_rom_file_read(struct vh_sys *sys, const char *path, uint8_t **ret, size_t *ret_len,
		     struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_rom_file_readable() - by QEMU as libvirt starts it: user and group of /etc/libvirt/qemu.conf,
 * or Debian's libvirt-qemu, Fedora's and Arch's qemu
 *
 * Every directory of the path must let that user through, too. A user who is not root cannot always
 * tell: -EACCES.
 *
 * Return: 1; 0: no, and err says which directory or file and whose permission is missing; -errno.
 */
int vh_rom_file_readable(struct vh_sys *sys, const char *path, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_rom_file_confined() - does libvirt's AppArmor profile keep QEMU from reading it
 *
 * Return: 1: yes, err says so and where the file should be; 0: no, or AppArmor does not run here.
 */
int vh_rom_file_confined(struct vh_sys *sys, const char *path, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
