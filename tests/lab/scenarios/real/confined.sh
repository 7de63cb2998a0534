#!/bin/bash
# confined - the AppArmor profile that comes with xlpt, enforced: every command does its work, and what has no right is refused
# timeout: 1700
# machine: small
# covers: pv xl hot,booted .0,vf.0 acs
. "$LAB/lib.sh"
. "$LAB/real-lib.sh"

dev=0000:02:00.0
pf=enp1s0
mac=52:54:00:6d:90:41
said=/run/lab/said
work=/root/confined
mkdir -p "$work"

# denied: how often the kernel has refused something to xlpt, or to what it started.
denied() {
	journalctl -b -k --no-pager | grep 'apparmor="DENIED"' | grep -c 'profile="xlpt' || :
}

# works COMMAND...: it exits 0, and nothing was refused.
works() {
	local got=0 before
	before=$(denied)
	printf '$ %s\n' "$*"
	"$@" >$said 2>&1 </dev/null || got=$?
	cat $said
	[ $got = 0 ] || fail "$* exits with $got"
	journalctl --sync
	[ "$(denied)" = "$before" ] || {
		journalctl -b -k --no-pager | grep 'apparmor="DENIED"' | tail -n 20
		fail "something was refused to $*"
	}
}

started_as_people_do
note "the profile is loaded as its text says, and enforced"
sed -n 1,16p /usr/share/xlpt/apparmor/xlpt
cp /usr/share/xlpt/apparmor/xlpt /etc/apparmor.d/xlpt
apparmor_parser -r /etc/apparmor.d/xlpt
grep '^xlpt' /sys/kernel/security/apparmor/profiles
for profile in xlpt xlpt//unpack xlpt//pack xlpt//draw; do
	grep -x "$profile (enforce)" /sys/kernel/security/apparmor/profiles || fail "$profile is not enforced"
done
xlpt monitor --json >"$work/events" &
monitor=$!
wait_for 60 "the monitor's first line" test -s "$work/events"
grep -x 'xlpt (enforce)' /proc/$monitor/attr/current || fail "xlpt runs as $(cat /proc/$monitor/attr/current)"

note "what it has no right to"
expect_rc 1 xlpt convert /etc/shadow
journalctl --sync
journalctl -b -k --no-pager | grep 'apparmor="DENIED".*profile="xlpt.*name="/etc/shadow"' || fail "the kernel has not said so"

note "reading"
for line in list 'list --all --json' "show $dev" topology 'topology --dot' status doctor 'find enp1s0' budget \
	"reset --list $dev" 'pin list' 'guard status' 'vf list' "boot plan $dev"; do
	case $line in
	doctor) xlpt doctor >$said 2>&1 || : ;;
	*)
		# shellcheck disable=SC2086 # a line is words
		works xlpt $line
		;;
	esac
done

note "the files of boot, and the guard"
works xlpt boot write $dev
works xlpt boot remove
works xlpt guard install
works xlpt guard status
works xlpt pin card $dev

note "VFs and a pool"
works xlpt vf create $pf 4
works xlpt pool define lan pf=$pf
works xlpt pool show lan

note "a guest that xlpt starts, with a function out of a pool"
guest_config web1 pv "pci=[\"pool:lan,mac=$mac,vlan=41\"]"
sed '/^pci/d' "$LAB_OUT/$lab_scenario/web1.cfg" >"$work/plain.cfg"
works xlpt convert --to libvirt "$work/plain.cfg"
works xlpt check "$LAB_OUT/$lab_scenario/web1.cfg"
guest_mark web1
works xlpt start "$LAB_OUT/$lab_scenario/web1.cfg"
guest_ready web1
works xlpt wait web1

note "saved and restored, by xl with the right of its own: with a function that has no interrupt line"
works xlpt save --detach-first web1 "$work/web1.img"
works xlpt restore "$work/web1.img"
works xlpt list --guest web1

note "attach and detach"
works xlpt check web1 --hide pin:card
works xlpt attach --hide web1 pin:card
works xlpt status web1
works xlpt detach web1 $dev
works xlpt attach web1 $dev
works xlpt list --guest web1
works xlpt vf list $pf
works xlpt detach web1 $dev

note "a capture, and what starts other programs"
works xlpt capture -o "$work/host.tar.gz"
rm -rf "$work/tree"
mkdir "$work/tree"
tar -C "$work/tree" --strip-components=1 -xzf "$work/host.tar.gz"
works xlpt --sysroot "$work/tree" list

note "one file for the host"
printf '[hide %s]\nat = boot\n[settings]\nlimit = 256\n' $dev >"$work/host.conf"
works xlpt apply "$work/host.conf"
works xlpt apply --check "$work/host.conf"
works xlpt apply --export
: >"$work/empty.conf"
works xlpt apply --prune "$work/empty.conf"

note "udev's rule gives a lease back, confined, too"
before=$(denied)
leased=$(vf_of web1)
xl destroy web1
wait_for 120 "the lease of $leased to be gone" test ! -e "/var/lib/xlpt/leases/$leased" || fail "the lease is still there"
works xlpt pool release --gone
works xlpt pool undefine lan
works xlpt unhide $dev "$leased"
works xlpt vf remove $pf
works xlpt guard remove
kill $monitor
wait $monitor || fail "the monitor ended with $?"
cat "$work/events"
journalctl --sync
[ "$(denied)" = "$before" ] || fail "something was refused"
