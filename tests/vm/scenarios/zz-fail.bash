# what: temp
echo vfio-pci > /sys/bus/pci/devices/$nic/driver_override
fail 'on purpose'
