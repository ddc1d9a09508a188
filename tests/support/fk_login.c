/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Logins and users' own services: loginctl, and systemctl --user. */

#include "tests/support/fk_internal.h"
