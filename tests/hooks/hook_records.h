/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Records as an earlier call of the hook leaves them, and processes that they are about. */

#include "lib/sys/sys.h"
#include "tests/hooks/hook_rig.h"

/* A process of this machine as it lives now. */
struct vh_process hook_process(pid_t pid);

/**
 * hook_journal_text() - the beginning of a journal of this boot
 * @vm:     escaped, as it stands there
 * @origin: who asked: "libvirt", "proxmox", "manual"
 * @hash:   of the profile
 *
 * Owner: free().
 */
char *hook_journal_text(const char *vm, const char *origin, uint64_t hash, const char *more);

/* Programs for the purpose; each ends with the test at the latest. */
pid_t hook_start_guest(void);
/* With a command line that has `-pidfile` and @pid_file. */
pid_t hook_start_kvm(const char *pid_file);
void hook_end_guest(pid_t pid);
