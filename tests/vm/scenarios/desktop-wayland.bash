# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 400
# what: a compositor that outlives its session, and what has the card's sound and i2c open, go; what can comes back

has_sound() {
	user_unit_is "$sound_holder" active && opens hold /dev/snd/controlC0
}

has_i2c() {
	unit_is "$i2c_unit" active && opens hold "$i2c"
}

# everybody_left
everybody_left() {
	desktop_is_gone
	check 'nobody has the sound or the i2c' eval '! pidof -q hold'
	check 'the service is stopped' unit_is "$i2c_unit" inactive
}

user_lives_on
card_has_i2c i2c
i2c_unit=$i2c_holder${i2c##*/}.service
domain_define desk no "$gpu" "$sound"
desktop_up wayland
user_systemctl start "$sound_holder"
systemctl start "$i2c_unit"
must_come 10 'the sound is in use' has_sound
must_come 10 'the i2c is in use' has_i2c
desktop_seen

# Bensikrac#7: brightness and RGB tools hold the i2c of the card
note 'a service that is not part of the desktop'
profile_for desk "$gpu"
domain_refused desk "$gpu is in use by hold" "$i2c, $i2c_unit"
check 'the session is there' session_is_there wayland
check 'the compositor is active' user_unit_is "$compositor" active
screenshot after
check 'the picture is the same' same_picture before after

# QaidVoid#31, #50: user units outlive the display manager and the session
note 'it is ended with the desktop'
profile_for desk "$gpu" '[host]' 'holders = terminate'
domain_start desk
guest_has desk "$gpu_id" "$sound_id"
everybody_left
check 'the compositor is stopped' user_unit_is "$compositor" inactive
check 'the sound holder is stopped' user_unit_is "$sound_holder" inactive
domain_stop desk
desktop_is_back wayland
must_come 10 'the sound is in use again' has_sound
must_come 10 'the i2c is in use again' has_i2c

# QaidVoid#40: programs that have nothing of the card open live on
note 'a user whose units end with the last session'
loginctl disable-linger "$user"
handoff 0 detach desk
everybody_left
must_come 60 "the user's systemd has ended" 'unit_is "user@$user_id.service" inactive'
handoff 0 reattach desk
check 'it says when it comes back' has_text "$handoff_text" "$sound_holder" 'the next login'
desktop_is_back wayland
must_come 10 'the i2c is in use again' has_i2c
check 'the sound holder is not started' user_unit_is "$sound_holder" inactive

desktop_down
check 'the console works' console_works
