# shellcheck shell=bash
# real-lib.sh - what the scenarios of a real dom0 share; sourced after lib.sh.

unit=xlpt-boot-verify.service
# A guest boots beside everything that systemd still does.
: "${GUEST_BOOT_SECONDS:=600}"
export GUEST_BOOT_SECONDS

# before UNIT UNIT: the first one had done its work, or failed, when the second one began.
before() {
	local end start
	end=$(systemctl show -p StateChangeTimestampMonotonic --value "$1")
	start=$(systemctl show -p InactiveExitTimestampMonotonic --value "$2")
	note "$1 was done at $((end / 1000)) ms, $2 began at $((start / 1000)) ms"
	if [ "$end" = 0 ] || [ "$start" = 0 ] || [ "$end" -gt "$start" ]; then
		fail "$1 is not before $2"
	fi
}

absent() {
	! xl domid "$1"
}

# all_well: nothing of Xen or xlpt has failed. On a busy host others may run out of their time.
all_well() {
	! systemctl --failed --no-legend --plain | grep -E '^(xen|xlpt)' || fail "something has failed"
}

# started_as_people_do: GRUB's own entry, Debian's xenstored, AppArmor, xlpt from its packages.
started_as_people_do() {
	note "$(systemd-analyze | head -n 1)"
	grep -q "root=UUID=" /proc/cmdline || fail "this was not started by GRUB's own entry"
	pgrep -a oxenstored || fail "oxenstored does not run"
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] || fail "AppArmor is off"
	all_well
	dpkg -V xlpt xlpt-"$LAB_XEN"
	command -v xlpt | grep -x /usr/sbin/xlpt || fail "xlpt is $(command -v xlpt)"
	[ "$(systemctl is-active $unit)" = active ] || fail "$unit did not run"
	before xen.service $unit
	before $unit xendomains.service
}

# vf_of GUEST: the VF that it has out of a pool, with its lease.
vf_of() {
	local vf
	vf=$(xlpt list --guest "$1" -o device | grep -oE '0000:01:10\.[0-7]') || fail "$1 has no VF" >&2
	[ -e "/var/lib/xlpt/leases/$vf" ] || fail "$1 has $vf without a lease" >&2
	printf '%s\n' "$vf"
}

# udev_gives_back GUEST VF: the guest is destroyed, and nobody but udev runs xlpt. On an idle host this takes a second, in
# the emulated machine up to three.
udev_gives_back() {
	local guest=$1 vf=$2 domid start back watching after gone=/run/lab/backend-gone
	domid=$(xl domid "$guest")
	# The backend's directory goes last; then the kernel tells udev.
	(
		wait_xs 120 "the backend of $guest to be gone" /local/domain/0/backend \
			xs_gone "/local/domain/0/backend/pci/$domid"
		now_ms
	) >$gone &
	watching=$!
	start=$(now_ms)
	xl destroy "$guest"
	wait_for 120 "the lease of $vf to be gone" test ! -e "/var/lib/xlpt/leases/$vf" || fail "the lease is still there"
	back=$(now_ms)
	wait $watching || fail "the backend is still there"
	after=$((back - $(tail -n 1 $gone)))
	note "BENCH lease back $((back - start)) ms after xl destroy was called, $after ms after the backend was gone"
	[ $after -lt 3000 ] || fail "the lease came back after $after ms"
}
