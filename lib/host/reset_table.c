/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/reset_table.h"

#include <stddef.h>

#include "lib/base/cleanup.h"

#define AMD    0x1002
#define NVIDIA 0x10de
#define INTEL  0x8086

#define POLARIS10 VH_RESET_VENDOR_MODULE, "Polaris 10", ""
#define POLARIS11 VH_RESET_VENDOR_MODULE, "Polaris 11", ""
#define POLARIS12 VH_RESET_VENDOR_MODULE, "Polaris 12", ""
#define VEGA10    VH_RESET_VENDOR_MODULE, "Vega 10", ""
#define VEGA20    VH_RESET_VENDOR_MODULE, "Vega 20", ""
#define MI100     VH_RESET_VENDOR_MODULE, "MI100", ""
#define NAVI10    VH_RESET_VENDOR_MODULE, "Navi 10", ""
#define NAVI12    VH_RESET_VENDOR_MODULE, "Navi 12", ""
#define NAVI14    VH_RESET_VENDOR_MODULE, "Navi 14", ""
#define BOARDS    VH_RESET_SOME_BOARDS
#define NAVI3X    VH_RESET_SHUTDOWN_HANG
#define SHUTDOWN  "gnif/vendor-reset#65, #97"
#define APU       "gnif/vendor-reset#73, #82"
#define MI300     "amd/MxGPU-Virtualization#25"

static const struct vh_reset_known table[] = {
	/* The ids that vendor-reset knows. Source: gnif/vendor-reset src/device-db.h */
	{AMD, 0x67c0, 0x67c2, POLARIS10},
	{AMD, 0x67c4, 0x67c4, POLARIS10},
	{AMD, 0x67c7, 0x67ca, POLARIS10},
	{AMD, 0x67cc, 0x67cc, POLARIS10},
	{AMD, 0x67cf, 0x67d0, POLARIS10},
	{AMD, 0x67df, 0x67df, POLARIS10},
	{AMD, 0x6fdf, 0x6fdf, POLARIS10},
	{AMD, 0x67e0, 0x67e1, POLARIS11},
	{AMD, 0x67e3, 0x67e3, POLARIS11},
	{AMD, 0x67e7, 0x67e9, POLARIS11},
	{AMD, 0x67eb, 0x67eb, POLARIS11},
	{AMD, 0x67ef, 0x67ef, POLARIS11},
	{AMD, 0x67ff, 0x67ff, POLARIS11},
	{AMD, 0x6980, 0x6981, POLARIS12},
	{AMD, 0x6985, 0x6987, POLARIS12},
	{AMD, 0x6995, 0x6995, POLARIS12},
	{AMD, 0x6997, 0x6997, POLARIS12},
	{AMD, 0x699f, 0x699f, POLARIS12},
	{AMD, 0x6860, 0x6864, VEGA10},
	{AMD, 0x6867, 0x686f, VEGA10},
	{AMD, 0x687f, 0x687f, VEGA10},
	{AMD, 0x66a0, 0x66a4, VEGA20},
	{AMD, 0x66a7, 0x66a7, VEGA20},
	{AMD, 0x66af, 0x66af, VEGA20},
	{AMD, 0x738c, 0x738c, MI100},
	{AMD, 0x7310, 0x7310, NAVI10},
	{AMD, 0x7312, 0x7312, NAVI10},
	{AMD, 0x7318, 0x731b, NAVI10},
	{AMD, 0x731e, 0x731f, NAVI10},
	{AMD, 0x7360, 0x7360, NAVI12},
	{AMD, 0x7362, 0x7362, NAVI12},
	{AMD, 0x7340, 0x7341, NAVI14},
	{AMD, 0x7347, 0x7347, NAVI14},
	{AMD, 0x734f, 0x734f, NAVI14},
	/* Ranges by chip, as AMD gives ids out. */
	{AMD, 0x73a0, 0x73bf, BOARDS, "Navi 21", "gnif/vendor-reset"},
	{AMD, 0x73c0, 0x73df, BOARDS, "Navi 22", "gnif/vendor-reset"},
	{AMD, 0x73e0, 0x73ff, BOARDS, "Navi 23", "gnif/vendor-reset"},
	{AMD, 0x7420, 0x743f, BOARDS, "Navi 24", "gnif/vendor-reset"},
	{AMD, 0x7440, 0x745f, NAVI3X, "Navi 31", SHUTDOWN},
	{AMD, 0x7460, 0x747f, NAVI3X, "Navi 32", SHUTDOWN},
	{AMD, 0x7480, 0x749f, NAVI3X, "Navi 33", SHUTDOWN},
	{AMD, 0x7590, 0x7590, NAVI3X, "Navi 44", "gnif/vendor-reset#107"},
	{AMD, 0x1638, 0x1638, VH_RESET_APU, "Cezanne", APU},
	{AMD, 0x15bf, 0x15bf, VH_RESET_APU, "Phoenix", APU},
	{AMD, 0x15c8, 0x15c8, VH_RESET_APU, "Phoenix", APU},
	{AMD, 0x164e, 0x164e, VH_RESET_APU, "Raphael", APU},
	{AMD, 0x74a1, 0x74a1, VH_RESET_READS_ONES, "MI300X", MI300},
	{AMD, 0x75a3, 0x75a3, VH_RESET_READS_ONES, "MI355X", MI300},
	{NVIDIA, 0x2b80, 0x2bff, VH_RESET_FLR_FATAL, "GB202 (RTX 5090, RTX PRO 6000)",
	 "tinygrad#18199"},
	/* Source: drivers/pci/quirks.c: quirk_nvidia_no_bus_reset() */
	{NVIDIA, 0x2340, 0x237f, VH_RESET_NO_BUS, "Hopper", ""},
	{INTEL, 0x5912, 0x5912, VH_RESET_FLR_HANG, "HD Graphics 630",
	 "gvt-linux#189, i915ovmfPkg#23"},
	{INTEL, 0x591b, 0x591b, VH_RESET_FLR_HANG, "HD Graphics 630",
	 "gvt-linux#189, i915ovmfPkg#23"},
};

const struct vh_reset_known *vh_reset_known(uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(table); i++) {
		if (table[i].vendor == vendor && device >= table[i].first &&
		    device <= table[i].last) {
			return &table[i];
		}
	}
	return NULL;
}
