# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: no-iommu
# what: a host without IOMMU: refused, and said plainly

profile_for none "$gpu"
domain_define none no "$gpu" "$sound"
domain_refused none IOMMU
expect_host_same
handoff 1 detach none
check 'by hand it is said as well' has_text "$handoff_text" IOMMU
expect_host_same
check 'the console works' console_works
