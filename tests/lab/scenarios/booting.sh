#!/bin/bash
# booting - attach to a PV guest that still boots, detach at once, restart at once: nothing is wedged
# timeout: 600
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0

# running NAME: it is there, and xl has finished making it.
running() {
	xl list "$1" 2>/dev/null | awk 'NR == 2 && $3 > 0 && $5 !~ /p/ { ok = 1 } END { exit !ok }'
}

other_domain() {
	local now
	now=$(xl domid "$1" 2>/dev/null) && [ "$now" != "$2" ] && running "$1"
}

expect_rc 0 xlpt hide $nic
for seconds in ${DELAYS:-0 2 4}; do
	name=boot$seconds
	note "attach $seconds s after its start"
	printf '%s\n' "name=\"$name\"" 'type="pv"' memory=256 vcpus=1 'kernel="/lab/guest/vmlinuz"' \
		'ramdisk="/lab/guest/initrd"' 'on_reboot="restart"' 'on_crash="destroy"' \
		'cmdline="console=hvc0 loglevel=6"' e820_host=1 'passthrough="enabled"' >"/run/lab/$name.cfg"
	guest_mark "$name"
	xl create "/run/lab/$name.cfg" || fail "xl create $name"
	old=$(guest_domid "$name")
	lab_nap "$seconds"
	expect_rc 0 xlpt attach "$name" $nic
	expect_rc 0 xlpt detach "$name" $nic
	xs_gone "/local/domain/0/backend/pci/$old" || fail "its backend is left"

	note "restart at once"
	guest_mark "$name"
	xl reboot -F "$name" || fail "xl reboot"
	wait_for 120 "$name to be made anew" other_domain "$name" "$old"
	expect_rc 0 xlpt attach "$name" $nic
	guest_sees "$name" "GUEST pci .*8086:10d3 e1000e" 60 || fail "the guest's driver did not take it"
	expect_rc 0 xlpt detach "$name" $nic
	expect_rc 0 xlpt attach "$name" $nic
	expect_rc 0 xlpt detach "$name" $nic
	guest_destroy "$name"
done
xlpt repair | grep -q "nothing to mend" || fail "something is left"
