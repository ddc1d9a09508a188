/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/checks/checkup.h"

const struct vh_check vh_checks_confined[] = {
	{0},
};
