/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says, and what it means.
 * Sources: Linux drivers/pci/, drivers/vfio/, drivers/iommu/, kernel/hung_task.c; NVIDIA
 * open-gpu-kernel-modules kernel-open/nvidia/nv-pci.c
 */
#include "lib/checks/logs_match.h"

#define DRIVERS "vfio|amdgpu|nvidia|nouveau|i915|[xe]|radeon|unbind_store|driver_detach"

const struct vh_log_cause vh_log_kernel_causes[] = {
	/* --- the host itself has suffered: nothing is sure until it is booted */
	{.id = "logs.oops",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"BUG: "},
	 .nearby = DRIVERS,
	 .anywhere = true,
	 .title = "the kernel has crashed in a driver of graphics or of VFIO",
	 .means = "Locks that it held are held for ever, and whatever needs them hangs.",
	 .remedy = "Reboot the host. If it happens again at the same step, that "
		   "driver cannot be unbound: keep it off this card "
		   "('vfio-handoff setup --dedicate'), or report it to its makers.",
	 .command = "dmesg | grep -A40 'BUG: '"},
	{.id = "logs.oops",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"Oops: "},
	 .nearby = DRIVERS,
	 .anywhere = true,
	 .title = "the kernel has crashed in a driver of graphics or of VFIO",
	 .means = "Locks that it held are held for ever, and whatever needs them hangs.",
	 .remedy = "Reboot the host. If it happens again at the same step, that "
		   "driver cannot be unbound: keep it off this card "
		   "('vfio-handoff setup --dedicate'), or report it to its makers.",
	 .command = "dmesg | grep -A40 'Oops: '"},
	{.id = "logs.hung",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"blocked for more than ", " seconds"},
	 .nearby = DRIVERS,
	 .anywhere = true,
	 .title = "a process hangs in a driver of graphics or of VFIO",
	 .means = "It cannot be killed, and what it has locked stays locked.",
	 .remedy = "If it still hangs (state D), reboot the host. Then look for "
		   "what has the card open before it is unbound.",
	 .command = "ps -eo pid,stat,wchan:32,args | awk '$2 ~ /^D/'"},
	{.id = "logs.nvidia-in-use",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"NVRM: Attempting to remove ", "with non-zero usage count"},
	 .title = "a card of NVIDIA's was unbound while it was in use",
	 .means = "The driver waits in the kernel until the last user is gone, which most often is never; "
		  "who unbound it hangs with it.",
	 .remedy = "Reboot the host. Then find what holds the card, and let the "
		   "profile end it.",
	 .command = "fuser -v /dev/nvidia*"},
	{.id = "logs.wpr2",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"unexpected WPR2 already up"},
	 .anywhere = true,
	 .title = "NVIDIA's driver found a card that had not been reset",
	 .means = "The firmware of an earlier driver, most often the guest's, still runs on the card: its "
		  "reset did not work, and no driver can use it until one does.",
	 .remedy =
		 "Reboot the host. If it happens again, see what doctor says of the card's reset, and "
		 "shut the guest down from within, never by force."},
	{.id = "logs.fell-off",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"fallen off the bus"},
	 .title = "a graphics card has fallen off the bus",
	 .means = "It does not answer any more: power, the slot or a riser, or a reset that failed.",
	 .remedy = "Power the host off and on. If it happens again without VMs, "
		   "look at the power cables and the slot."},
	{.id = "logs.d3cold",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"hange power state from D3cold to D0"},
	 .title = "a device did not wake up",
	 .means = "It was switched off, and does not answer since.",
	 .remedy = "Keep it awake while the VM has it: d3cold = off in the "
		   "device's section of the profile. Until then, power the host "
		   "off and on: only that brings it back for sure.",
	 .command = "cat /sys/bus/pci/devices/{device}/power_state"},
	{.id = "logs.d3cold",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"Refused to change power state"},
	 .title = "a device did not wake up",
	 .means = "It did not change its power state as it was told.",
	 .remedy =
		 "Keep it awake while the VM has it: d3cold = off in the device's section of the profile.",
	 .command = "cat /sys/bus/pci/devices/{device}/power_state"},
	{.id = "logs.reset-failed",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"not ready ", "ms after ", "; giving up"},
	 .title = "a device did not come back from a reset",
	 .means =
		 "It did not answer for as long as the kernel waits: the known defect of some cards.",
	 .remedy = "Reboot the host. Then try another method of reset in the "
		   "profile; for some AMD cards, vendor-reset.",
	 .command = "cat /sys/bus/pci/devices/{device}/reset_method"},
	{.id = "logs.reset-slow",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"not ready ", "ms after ", "; waiting"},
	 .title = "a device was slow to come back from a reset",
	 .means = "It took more than a second. Some cards do so for a while before they do not come "
		  "back at all.",
	 .remedy = "If the VM is slow to start by it, try another method of reset in the profile.",
	 .command = "cat /sys/bus/pci/devices/{device}/reset_method"},
	{.id = "logs.reset-pending",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"imed out waiting for pending transaction"},
	 .title = "a device was reset while it was at work",
	 .means = "It had not finished its transfers when it was reset.",
	 .remedy = "Shut the guest down instead of stopping it, where there is a choice."},
	{.id = "logs.amdgpu-reset",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"amdgpu", "reset", "failed"},
	 .title = "amdgpu could not reset its card",
	 .means =
		 "The card does not start again without power off: the reset bug of several generations.",
	 .remedy = "Reboot the host. Then try vendor-reset, if it knows the card, "
		   "or a bus reset instead of flr in the profile.",
	 .command = "cat /sys/bus/pci/devices/{device}/reset_method"},
	/* --- what VFIO says */
	{.id = "logs.remapping",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"No interrupt remapping support", "allow_unsafe_interrupts"},
	 .anywhere = true,
	 .title = "VFIO refused a group: no interrupt remapping",
	 .means = "Without interrupt remapping a device could send interrupts to the host that look like "
		  "another's, so VFIO gives it to nobody.",
	 .remedy =
		 "Turn on VT-d or AMD-Vi in full (x2APIC, too) in the firmware setup, or update the "
		 "firmware. allow_unsafe_interrupts=1 of vfio_iommu_type1 accepts the risk.",
	 .command = "dmesg | grep -i remapping"},
	{.id = "logs.bar-busy",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"vfio-pci", "BAR", "can't reserve"},
	 .title = "vfio-pci could not have a device's memory for itself",
	 .means =
		 "Something of the host has the range, most often the frame buffer of the firmware.",
	 .remedy =
		 "Let the profile's hand-over take the frame buffer off the card: see what the plan says "
		 "of it.",
	 .command = "grep -iE 'efifb|simplefb|simpledrm|bootfb' /proc/iomem"},
	{.id = "logs.rom-signature",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"Invalid PCI ROM header signature"},
	 .title = "the card's ROM cannot be read",
	 .means =
		 "The guest sees no ROM on the card. A card that the firmware has started (the boot VGA) "
		 "often hides it; with OVMF and a driver in the guest it mostly works all the same.",
	 .remedy = "If the guest's screen stays black until its driver loads, give it a ROM file.",
	 .command = "vfio-handoff rom dump {device} gpu.rom"},
	{.id = "logs.rom-signature",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"Invalid PCI ROM data signature"},
	 .title = "the card's ROM cannot be read",
	 .means = "The guest sees no ROM on the card.",
	 .remedy = "If the guest's screen stays black until its driver loads, give it a ROM file.",
	 .command = "vfio-handoff rom dump {device} gpu.rom"},
	{.id = "logs.blocked-by-user",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"No device request channel registered, blocked until released by user"},
	 .title = "a device was unbound from vfio-pci while a VM had it",
	 .means = "Who unbound it waits in the kernel until that VM ends.",
	 .remedy =
		 "End the VM. Unbind nothing that a VM has: the hook gives it back when the VM stops."},
	{.id = "logs.intx",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"Flags mismatch irq", "vfio-intx"},
	 .title = "a device shares its interrupt with one of the host",
	 .means =
		 "The device cannot mask its interrupt line by itself, so VFIO needs the line alone.",
	 .remedy = "Unbind the driver that shares the line.",
	 .command = "cat /proc/interrupts"},
	/* --- the IOMMU */
	{.id = "logs.one-to-one",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"Firmware has requested this device have a 1:1 IOMMU mapping"},
	 .title = "the firmware keeps a device from being given to a VM",
	 .means = "It has reserved memory for it that must stay mapped (IVMD, RMRR), and the kernel then "
		  "refuses.",
	 .remedy =
		 "Turn off Pre-boot DMA Protection in the firmware setup, or update the firmware."},
	{.id = "logs.one-to-one",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"ineligible for IOMMU domain attach due to platform RMRR"},
	 .title = "the firmware keeps a device from being given to a VM",
	 .means = "It has reserved memory for it (RMRR), and the kernel then refuses.",
	 .remedy = "Update the firmware, or turn off in its setup what uses that device (remote "
		   "management, monitoring)."},
	{.id = "logs.iommu-fault",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"AMD-Vi: Event logged [IO_PAGE_FAULT"},
	 .title = "the IOMMU has stopped accesses of a device",
	 .means = "It read or wrote memory that is not its own: a driver that was unbound in the middle of "
		  "its work, a reset that failed, or a defect of the device.",
	 .remedy =
		 "A few at a hand-over do no harm. If they go on, reboot the host and look at the driver."},
	{.id = "logs.iommu-fault",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"DMAR", "Request device [", "fault addr"},
	 .title = "the IOMMU has stopped accesses of a device",
	 .means = "It read or wrote memory that is not its own: a driver that was unbound in the middle of "
		  "its work, a reset that failed, or a defect of the device.",
	 .remedy =
		 "A few at a hand-over do no harm. If they go on, reboot the host and look at the driver."},
	{.id = "logs.pcie-error",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"PCIe Bus Error: severity=Uncorrect"},
	 .title = "the connection of a device had errors",
	 .means = "Transfers were lost; the device may hang by it.",
	 .remedy =
		 "Look at the slot, a riser, the card's power; a lower link speed in the firmware setup "
		 "shows whether it is that."},
	/* --- security modules */
	{.id = "logs.apparmor-hook",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"apparmor=\"DENIED\" operation=\"exec\"", "/etc/libvirt/hooks"},
	 .anywhere = true,
	 .title = "AppArmor has kept libvirt from running a hook",
	 .means = "Its profile does not name the place that the hook's link leads to.",
	 .remedy = "Let the link lead to /usr/sbin/vfio-handoff-hook."},
	{.id = "logs.apparmor-hook",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_FAILURE,
	 .patterns = {"apparmor=\"DENIED\" operation=\"exec\"", "vfio-handoff"},
	 .anywhere = true,
	 .title = "AppArmor has kept libvirt from running a hook",
	 .means = "Its profile does not name the place that the hook's link leads to.",
	 .remedy = "Let the link lead to /usr/sbin/vfio-handoff-hook."},
	{.id = "logs.apparmor-guest",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"apparmor=\"DENIED\"", "profile=\"libvirt-"},
	 .title = "AppArmor has kept QEMU from a file",
	 .means = "A guest's profile knows the files of its definition, but no ROM file and no path in "
		  "QEMU's own arguments.",
	 .remedy = "Put ROM files into /usr/share/vgabios; other paths go into "
		   "/etc/apparmor.d/local/abstractions/libvirt-qemu."},
	{.id = "logs.selinux",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"avc:  denied", "virtqemud_t"},
	 .anywhere = true,
	 .title = "SELinux has objected to libvirt's daemon, or a hook of it",
	 .means = "With permissive=1 in the line it was only noted, with "
		  "permissive=0 it was refused.",
	 .remedy = "If it was refused, let hooks run unconfined.",
	 .command = "setsebool -P virt_hooks_unconfined on"},
	{.id = "logs.selinux",
	 .logs = VH_LOG_KERNEL,
	 .verdict = VH_WARNING,
	 .patterns = {"avc:  denied", "svirt_t"},
	 .anywhere = true,
	 .title = "SELinux has objected to a QEMU",
	 .means = "Most often a file without the label that libvirt gives: a ROM file, or one that is only "
		  "in QEMU's own arguments.",
	 .remedy = "Look at the path in the line, and at its label.",
	 .command = "ausearch -m avc -ts boot | audit2why"},
	{0},
};
