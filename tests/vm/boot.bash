# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts one throw-away VM; sourced by run and demo, which set here, cache and stage.
#
# What goes in and out of the VM lies in a folder that it mounts as /vm/control: in/ has the
# scripts, the tools, the nested guest and the staged product; out/ gets the logs. What the VM
# reports comes over its second serial port, a line each, beginning with "%%" and a tab; all
# else there (the firmware prints on every port) is noise.

# proxmox is a node of Proxmox VE below systemd, desktop a host with libvirt below systemd that can
# have a desktop on the card. In nvidia, modules like NVIDIA's drive the card, in nvidia-two both
# cards, with libvirt below systemd as well; the others have libvirt, and no systemd.
boot_configs='bios uefi uefi-nodriver no-iommu two-gpus apparmor proxmox desktop nvidia nvidia-two'

default_cache() {
	if ((EUID == 0)); then
		printf '/var/cache/vfio-handoff-vm'
	else
		printf '%s/vfio-handoff-vm' "${XDG_CACHE_HOME:-$HOME/.cache}"
	fi
}

# In a QEMU option a comma is doubled.
option_path() {
	printf '%s' "${1//,/,,}"
}

# boot_folder DIR CONFIG: lay out what the VM gets
boot_folder() {
	local dir=$1 config=$2
	mkdir -p "$dir/in" "$dir/out"
	cp -R "$here/l1" "$here/scenarios" "$cache/tools" "$cache/guest.img" "$dir/in/"
	cp "$here/../hosts/collect.sh" "$dir/in/"
	cp -RP "$cache/packages" "$dir/in/"
	cp -RP "$stage" "$dir/in/stage"
	[[ ! ${packages:-} ]] || cp "$packages"/*.deb "$dir/in/"
	[[ ! -d $cache/capabilities ]] || cp -Rp "$cache/capabilities" "$dir/in/"
	cp --sparse=always "$cache/nvme.img" "$dir/nvme.img"
	printf '%s\n' "$config" >"$dir/in/config"
	[[ $config != nvidia* && $config != desktop ]] || cp -RP "$cache/modules" "$dir/in/"
}

# Sets the array qemu to the whole command.
boot_command() {
	local dir=$1 config=$2 n append kernel=$cache/kernel/vmlinux
	# without no_timer_check a busy machine that emulates too slowly ends in a panic
	append="console=tty0 console=ttyS0 quiet panic=-1 no_timer_check vm.config=$config"
	qemu=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -name "$config"
		-m 2048 -smp 1 -vga none -nic none -machine q35 -pidfile "$dir/pid")
	if [[ -w /dev/kvm ]] && grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo; then
		qemu+=(-accel 'kvm,kernel-irqchip=split' -cpu host)
	else
		qemu+=(-accel 'tcg,thread=multi,tb-size=512' -cpu 'max,la57=off')
	fi
	if [[ $config != no-iommu ]]; then
		qemu+=(-device 'intel-iommu,intremap=on,caching-mode=on,device-iotlb=on')
		append+=' intel_iommu=on'
	fi
	if [[ $config == uefi* ]]; then
		cp /usr/share/OVMF/OVMF_VARS_4M.fd "$dir/vars.fd"
		qemu+=(-drive 'if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'
			-drive "if=pflash,format=raw,unit=1,file=$(option_path "$dir/vars.fd")")
		kernel=$cache/kernel/vmlinuz
	fi
	[[ $config != uefi-nodriver && $config != nvidia* ]] || append+=' modprobe.blacklist=bochs'
	[[ $config == apparmor ]] || append+=' apparmor=0'
	for n in 1 2 3 4 5 6 7 8; do
		qemu+=(-device "pcie-root-port,id=rp$n,bus=pcie.0,chassis=$n,slot=$n,addr=0x10.$((n - 1)),multifunction=on")
	done
	# shellcheck disable=SC2054 # the commas are QEMU's
	qemu+=(-device 'VGA,id=gpu,bus=rp1,addr=0.0,multifunction=on'
		-audiodev none,id=sound1 -device 'ich9-intel-hda,id=hda1,bus=rp1,addr=0.1,multifunction=on'
		-device 'hda-duplex,bus=hda1.0,audiodev=sound1')
	[[ $config != two-gpus && $config != nvidia-two ]] || qemu+=(-device 'VGA,id=gpu2,bus=rp2')
	# without a driver, so cheap to hand over; and a second card of the same kind
	[[ $config != proxmox ]] ||
		qemu+=(-device 'pci-testdev,bus=rp6' -device 'e1000e,id=nic2,bus=rp7')
	qemu+=(-drive "if=none,id=nvme0,format=raw,file=$(option_path "$dir/nvme.img")"
		-device 'nvme,id=nvme,serial=HANDOFF,drive=nvme0,bus=rp3'
		-device 'e1000e,id=nic,bus=rp4'
		-device 'qemu-xhci,id=xhci,bus=rp5' -device 'usb-tablet,bus=xhci.0'
		-fsdev 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'
		-device 'virtio-9p-pci,fsdev=root,mount_tag=root'
		-fsdev "local,id=control,path=$(option_path "$dir"),security_model=none,multidevs=remap"
		-device 'virtio-9p-pci,fsdev=control,mount_tag=control'
		-fsdev "local,id=kernel,path=$(option_path "$cache/kernel/root"),security_model=none,readonly=on,multidevs=remap"
		-device 'virtio-9p-pci,fsdev=kernel,mount_tag=kernel'
		-kernel "$kernel" -initrd "$cache/initramfs" -append "$append"
		-chardev "file,id=console,path=$(option_path "$dir/console.log")" -serial chardev:console
		-chardev 'stdio,id=report,signal=off' -serial chardev:report)
	[[ $config != desktop ]] || add_desktop
}

# The desktop's packages, and QEMU's own monitor on a third serial port: a screenshot can be asked for
# from inside. The port is another end of the monitor's socket, in the same QEMU. With the usual
# interrupt it would share that of the first port.
add_desktop() {
	qemu+=(-fsdev "local,id=desktop,path=$(option_path "$cache/desktop/root"),security_model=none,readonly=on,multidevs=remap"
		-device 'virtio-9p-pci,fsdev=desktop,mount_tag=desktop'
		-chardev 'socket,id=monitor,path=monitor,server=on,wait=off' -mon 'chardev=monitor,mode=control'
		-chardev 'socket,id=port,path=monitor' -device 'isa-serial,chardev=port,index=2,irq=5')
}

# boot_run DIR CONFIG SECONDS: boots, prints the VM's report lines without their marker
boot_run() {
	local dir=$1 config=$2 deadline=$3 qemu=() line rest
	boot_command "$dir" "$config"
	env -C "$dir" timeout -k 5 "$deadline" "${qemu[@]}" </dev/null 2>"$dir/qemu.log" | while IFS= read -r line; do
		line=${line%$'\r'}
		rest=${line##*%%$'\t'}
		[[ $rest == "$line" ]] || printf '%s\n' "$rest"
	done
	if [[ ! -d $cache/capabilities && -d $dir/out/capabilities ]]; then
		cp -Rp "$dir/out/capabilities" "$cache/capabilities.$BASHPID"
		mv -T "$cache/capabilities.$BASHPID" "$cache/capabilities" 2>/dev/null ||
			rm -rf "$cache/capabilities.$BASHPID"
	fi
}

# boot_stop DIR...: ends the VMs that still run
boot_stop() {
	local dir pid
	for dir; do
		[[ -e $dir/pid ]] && read -r pid <"$dir/pid" && kill "$pid" 2>/dev/null
	done
	return 0
}
