/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KubeVirt's sidecar runs us under the name onDefineDomain: the domain on stdout, the log on stderr. */
#include "lib/guest/kubevirt.h"

#include <errno.h>
#include <stdio.h>

#include "cli/patch.h"

int cli_kubevirt(int argc, char **argv)
{
	VH_AUTO_TEXT struct vh_text domain = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};

	if (vh_kubevirt_main(argc, argv, &domain, &report, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	cli_patch_explain(VH_KUBEVIRT_NAME, &report);
	return cli_patch_write(vh_text_str(&domain), domain.len);
}
