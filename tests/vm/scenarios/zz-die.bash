# what: temp
echo dying
echo o >/proc/sysrq-trigger
wait_for 100 false
