/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/pve_patch.h"
