# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for fish.

function __vfio_handoff_vms
    for file in /etc/vfio-handoff/*.ini /etc/pve/vfio-handoff/*.ini /etc/pve/qemu-server/*.conf /etc/libvirt/qemu/*.xml
        string replace -r '\.[a-z]+$' '' (string split -r -m1 / $file)[-1]
    end
end

function __vfio_handoff_addresses
    string replace -r '.*/' '' /sys/bus/pci/devices/*
end

# The words before the one at the cursor, without options.
function __vfio_handoff_typed
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if test "$word" = --root
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# They begin so.
function __vfio_handoff_in
    set -l typed (__vfio_handoff_typed)
    set -l count (count $argv)
    test (count $typed) -ge $count; and test "$typed[1..$count]" = "$argv"
end

# They begin so, and N more are there.
function __vfio_handoff_at
    set -l behind $argv[2..-1]
    set -l typed (__vfio_handoff_typed)
    set -l count (count $behind)
    test (count $typed) -eq (math $argv[1] + $count); or return 1
    test $count -eq 0; or test "$typed[1..$count]" = "$behind"
end

complete -c vfio-handoff -f
complete -c vfio-handoff -l json -d 'data as JSON'
complete -c vfio-handoff -l root -d 'look at another tree' -x -a '(__fish_complete_directories)'
complete -c vfio-handoff -l help -d 'how a command is called'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -l version -d 'the version of this program'

# Written by VH_TEST_REGENERATE=1 test_described
# begin: forms
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a doctor -d 'why a passthrough does not work, and what to do'
complete -c vfio-handoff -n '__vfio_handoff_in doctor' -l all -d 'go on behind what nothing further can work with'
complete -c vfio-handoff -n '__vfio_handoff_in doctor' -l verbose -d 'what was seen of those that pass, too'
complete -c vfio-handoff -n '__vfio_handoff_in doctor' -l connect -d 'libvirt'\''s daemon; qemu:///system if not given' -x
complete -c vfio-handoff -n '__vfio_handoff_at 0 doctor' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a profile -d 'check, show, new'
complete -c vfio-handoff -n '__vfio_handoff_at 0 profile' -x -a check -d 'is a profile right, or are all'
complete -c vfio-handoff -n '__vfio_handoff_at 0 profile' -x -a show -d 'every key with its value and where it comes from'
complete -c vfio-handoff -n '__vfio_handoff_at 0 profile' -x -a new -d 'a profile of the fewest lines that work'
complete -c vfio-handoff -n '__vfio_handoff_at 0 profile check' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0 profile show' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_in profile new' -l device -d 'this device instead of the only display card' -x -a '(__vfio_handoff_addresses)'
complete -c vfio-handoff -n '__vfio_handoff_in profile new' -l print -d 'to stdout; nothing is written'
complete -c vfio-handoff -n '__vfio_handoff_at 0 profile new' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a plan -d 'every step with the exact write; nothing is touched'
complete -c vfio-handoff -n '__vfio_handoff_at 0 plan' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 1 plan' -x -a 'detach reattach'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a detach -d 'hand the devices over by hand, as the VM'\''s start does'
complete -c vfio-handoff -n '__vfio_handoff_at 0 detach' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a reattach -d 'bring them back, as the VM'\''s stop does'
complete -c vfio-handoff -n '__vfio_handoff_at 0 reattach' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a status -d 'which VM has what; what is unfinished'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a recover -d 'undo what an interrupted run left'
complete -c vfio-handoff -n '__vfio_handoff_in recover' -l watch -d 'stay while anything is handed over, and bring back what no event brings back; vfio-handoff-recover.service runs this'
complete -c vfio-handoff -n '__vfio_handoff_at 0 recover' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a wait -d 'until its devices are back on the host'
complete -c vfio-handoff -n '__vfio_handoff_in wait' -l timeout -d 'give up then, with exit status 1' -x
complete -c vfio-handoff -n '__vfio_handoff_at 0 wait' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a groups -d 'the IOMMU groups, as a tree'
complete -c vfio-handoff -n '__vfio_handoff_in groups' -l dot -d 'a drawing for Graphviz: vfio-handoff groups --dot | dot -Tsvg'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a patch -d 'the VM'\''s definition as its profile wants it, as a diff'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l apply -d 'change it; the definition before the first change is kept'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l check -d 'list what is missing; exit status 1 if anything is'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l undo -d 'back to the definition before the first change'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l file -d 'edit a file, no libvirt needed; - is a filter' -r -F
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l new -d 'print the definition of a machine that does not exist yet; for Proxmox NAME is its VMID' -x
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l hypervisor -d 'of --new' -x -a 'libvirt proxmox'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l profile -d 'the profile of another VM, or a file (with a '\''/'\'' or .ini)' -x
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l hide-kvm -d 'the guest does not see that it runs on KVM'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l vendor-id -d 'the hypervisor'\''s vendor id that the guest reads' -x
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l rom -d 'ROM file of the only display card' -r -F
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l fix-args -d 'take out QEMU arguments that undo all this'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l connect -d 'libvirt to talk to, default qemu:///system' -x
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l storage -d 'Proxmox: where an EFI disk is made' -x
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l minimal -d '--new: only what it needs to start'
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l memory -d '--new: how much it gets' -x
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l vcpus -d '--new: how many it gets' -x
complete -c vfio-handoff -n '__vfio_handoff_in patch' -l disk -d '--new: the PATH of an image; for Proxmox its size in GIB' -x
complete -c vfio-handoff -n '__vfio_handoff_at 0 patch' -x -a '(__vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a setup -d 'what the host'\''s own files need, as a diff'
complete -c vfio-handoff -n '__vfio_handoff_in setup' -l apply -d 'change the files and run what brings that into effect; what they were before is kept'
complete -c vfio-handoff -n '__vfio_handoff_in setup' -l undo -d 'back to what they were before the first --apply'
complete -c vfio-handoff -n '__vfio_handoff_in setup' -l dedicate -d 'this card never returns to the host: all functions of it are for vfio-pci from the start on' -x -a '(__vfio_handoff_addresses)'
complete -c vfio-handoff -n '__vfio_handoff_in setup' -l clean -d 'take away what popular guides leave behind and what fights the return of a card; without it that is only named'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a rom -d 'dump, check'
complete -c vfio-handoff -n '__vfio_handoff_at 0 rom' -x -a dump -d 'a card'\''s ROM into a file'
complete -c vfio-handoff -n '__vfio_handoff_at 0 rom' -x -a check -d 'is a ROM file right for a card'
complete -c vfio-handoff -n '__vfio_handoff_in rom dump' -l force -d 'put it in the place of a file that is there'
complete -c vfio-handoff -n '__vfio_handoff_at 0 rom dump' -x -a '(__vfio_handoff_addresses)'
complete -c vfio-handoff -n '__vfio_handoff_at 1 rom dump' -r -F
complete -c vfio-handoff -n '__vfio_handoff_at 0 rom check' -r -F
complete -c vfio-handoff -n '__vfio_handoff_at 1 rom check' -x -a '(__vfio_handoff_addresses; __vfio_handoff_vms)'
complete -c vfio-handoff -n '__vfio_handoff_at 0' -x -a report -d 'one file to attach to a question, without names'
complete -c vfio-handoff -n '__vfio_handoff_in report' -l output -d 'write it there; a file that exists is not replaced' -r -F
complete -c vfio-handoff -n '__vfio_handoff_in report' -l html -d 'one page for a browser, with drawings; it needs no network'
complete -c vfio-handoff -n '__vfio_handoff_in report' -l connect -d 'libvirt'\''s daemon; qemu:///system if not given' -x
complete -c vfio-handoff -n '__vfio_handoff_at 0 report' -x -a '(__vfio_handoff_vms)'
# end: forms
