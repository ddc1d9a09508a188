# deadline: 3
wait_for 100 false
