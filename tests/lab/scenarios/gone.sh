#!/bin/bash
# gone - PV guests that power off, restart, crash and are destroyed with a device: the next command takes it back
# timeout: 3600
# machine: small
# covers: pv xl booted .0,vf.0 acs
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

pf=0000:01:00.0
vf=0000:01:10.0
card=0000:02:00.0
mac=52:54:00:6d:90:02
nic=$(basename /sys/bus/pci/devices/$pf/net/*)
said=/run/lab/said

# config NAME PCI-ENTRIES LINE...: writes /run/lab/NAME.cfg
config() {
	local name=$1 pci=$2
	shift 2
	printf '%s\n' "name=\"$name\"" 'type="pv"' 'memory=256' 'vcpus=1' 'kernel="/lab/guest/vmlinuz"' \
		'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' 'passthrough="enabled"' \
		'e820_host=1' "pci = [ $pci ]" "$@" >"/run/lab/$name.cfg"
}

# tell NAME COMMAND: the guest does it; no answer is waited for, because there may be nobody to give it.
tell() {
	local domid
	domid=$(xl domid "$1")
	printf 'run gone %s\n' "$2" >"$(xenstore-read "/local/domain/$domid/console/tty")"
}

domain_gone() {
	! xl list "$1" >/dev/null 2>&1
}

# ends NAME COMMAND: the guest does that to itself, and its domain goes. left: what its backend still names.
ends() {
	local domid
	domid=$(xl domid "$1")
	tell "$1" "$2"
	wait_for 90 "domain $domid to be gone" domain_gone "$domid" || { xl list; fail "$1 does not end"; }
	left=$(xs "/local/domain/0/backend/pci/$domid/0/dev-0")
	note "$2 in $1: domain $domid left [$left] in state [$(xs "/local/domain/0/backend/pci/$domid/0/state")]"
}

# works COMMAND...: it exits 0; what it says is in $said.
works() {
	local got=0
	printf '$ %s\n' "$*"
	"$@" >$said 2>&1 || got=$?
	cat $said
	[ "$got" = 0 ] || { xlpt status; xl list; fail "exit status $got: $*"; }
}

# took_back DEVICE: it said so in one line, when a dead domain had left it; and nothing is left.
took_back() {
	[ -z "$left" ] || [ "$(grep -c "$1 was left by domain [0-9]*, which is gone: taken back" $said)" = 1 ] ||
		fail "does not say that it took $1 back"
	! xenstore-ls -f /local/domain/0/backend/pci 2>/dev/null | grep -q '/state[-0-9]* = "6"' || fail "an entry in state 6 is left"
}

listed_once() {
	xlpt status >$said
	cat $said
	[ "$(grep -c "$1" $said)" = 1 ] || fail "status does not list $1 once"
}

# start_guest NAME: xlpt start, and the guest is ready. $hide: its device is with dom0.
hide=
start_guest() {
	guest_mark "$1"
	# shellcheck disable=SC2086 # an option or nothing
	works xlpt start $hide "/run/lab/$1.cfg"
	cp $said $said.start
	wait_for 120 "guest $1 to be ready" guest_log_has "$1" 'GUEST ready' || fail "$1 did not boot"
	cp $said.start $said
}

expect_rc 0 xlpt hide $card
guest_start web2 pv
config web1 "\"$card\""

note "powers off by itself; attach"
start_guest web1
ends web1 'poweroff -f'
listed_once $card
works xlpt attach web2 $card
took_back $card
expect_rc 0 xlpt detach web2 $card

note "powers off; start, while it is still on its way out"
start_guest web1
domid=$(xl domid web1)
tell web1 'poweroff -f'
wait_for 30 "web1 to be down" sh -c "xl list $domid | grep -Eq -- '---?s' || ! xl list $domid"
left=
start_guest web1
took_back $card
listed_once $card

note "crashes; unhide and hide"
ends web1 'echo c >/proc/sysrq-trigger'
works xlpt unhide $card
took_back $card
[ "$(driver_of $card)" = e1000e ] || fail "$card is with $(driver_of $card)"
hide=--hide
start_guest web1
ends web1 'poweroff -f'
works xlpt hide $card
took_back $card

note "is destroyed; attach"
start_guest web1
domid=$(xl domid web1)
xl destroy web1
left=$(xs "/local/domain/0/backend/pci/$domid/0/dev-0")
works xlpt attach web2 $card
took_back $card
expect_rc 0 xlpt detach web2 $card

note "restarts: once in status, and repair is content"
config web1 "\"$card\"" 'on_reboot="restart"'
start_guest web1
domid=$(xl domid web1)
tell web1 'reboot -f'
wait_for 90 "domain $domid to be gone" domain_gone "$domid" || fail "web1 does not restart"
wait_for 60 "web1 to be there again" xl domid web1 || fail "web1 did not come again"
wait_connected "$(xl domid web1)" $card 120 || fail "web1 does not have $card again"
listed_once $card
works xlpt repair
listed_once $card
grep -q "assigned.*web1" $said || fail "web1 has lost $card"
works xlpt detach web1 $card
works xlpt attach web1 $card
guest_destroy web1

note "has shut down and is kept: xl destroy is named"
config web1 "\"$card\"" 'on_poweroff="preserve"'
start_guest web1
tell web1 'poweroff -f'
wait_for 30 "web1 to be down" sh -c "xl list web1 | grep -q -- '---s'"
xlpt status | tee $said
grep -q "xl destroy web1" $said || fail "status does not name xl destroy"
xlpt repair | tee $said
grep -q "xl destroy web1" $said || fail "repair does not name xl destroy"
expect_rc 1 xlpt attach web2 $card 2>$said
cat $said
grep -q "to mend: xl destroy web1" $said || fail "attach does not name xl destroy"
xl destroy web1
left=
works xlpt attach web2 $card
expect_rc 0 xlpt detach web2 $card
xl destroy web2

note "a pool of one VF, five times"
expect_rc 0 xlpt vf create "$nic" 1
expect_rc 0 xlpt pool define one dev=$vf
config app1 '"pool:one"'
for n in 1 2 3 4 5; do
	start_guest app1
	[ "$n" = 1 ] || took_back $vf
	ends app1 'poweroff -f'
done
works xlpt pool release --gone
took_back $vf
works xlpt pool show one
grep -q "1 of 1 VFs free" $said || fail "the VF is not free"
works xlpt repair
grep -q "nothing to mend" $said || fail "there was something to mend"

note "restarts with a MAC address and a VLAN, while xlpt pool show runs"
config app1 "\"pool:one,mac=$mac,vlan=42\"" 'on_reboot="restart"'
start_guest app1
domid=$(xl domid app1)
ip link show "$nic" | grep -q "$mac.*vlan 42" || fail "no VLAN to begin with"
tell app1 'reboot -f'
wait_for 30 "app1 to be down" sh -c "xl list $domid | grep -q -- '---s'"
# libxl waits 10 s for the guest's backend before it destroys the domain.
for looks in 1 2 3 4; do
	works xlpt pool show one
	[ -e /var/lib/xlpt/leases/$vf ] || fail "the lease is gone after look $looks"
	ip link show "$nic" | grep -q "$mac.*vlan 42" || fail "the VF has lost its identity after look $looks"
	xl list "$domid" >/dev/null 2>&1 || break
done
note "looked $looks times while it went"
wait_for 90 "domain $domid to be gone" domain_gone "$domid" || fail "app1 does not restart"
wait_for 60 "app1 to be there again" xl domid app1 || fail "app1 did not come again"
wait_connected "$(xl domid app1)" $vf 120 || fail "app1 does not have $vf again"
ip link show "$nic"
ip link show "$nic" | grep -q "$mac.*vlan 42" || fail "the VF has lost its identity"
works xlpt pool show one
grep -q "leased.*app1" $said || fail "app1 has lost its lease"
works xlpt detach app1 $vf
ip link show "$nic" | grep -q "vlan 42" && fail "the VLAN is left"
note "done"
