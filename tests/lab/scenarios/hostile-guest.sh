#!/bin/bash
# hostile-guest - a PV guest never connects, writes garbage, closes in the middle, dies: dom0 is clean, others work on
# timeout: 2400
#
# What the guest writes into its frontend's nodes is written from dom0: the nodes stay the guest's, and a
# guest's kernel can write there whatever it likes. Nothing is written where the guest could not.
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
second=0000:05:00.0
said=/run/lab/said
long=$(printf '%02000d' 4)

# bounded SECONDS STATUSES COMMAND...: it ends in that time with one of these; which one is in $got.
bounded() {
	local seconds=$1 want=$2 begin took
	shift 2
	got=0
	begin=$(now_ms)
	printf '$ %s\n' "$*"
	timeout "$((seconds + 60))" "$@" >$said 2>&1 || got=$?
	took=$(($(now_ms) - begin))
	cat $said
	note "exit status $got after $took ms"
	[ "$took" -le "$((seconds * 1000))" ] || fail "took $took ms: $*"
	case " $want " in *" $got "*) ;; *) fail "exit status $got, expected one of $want: $*" ;; esac
	[ "$got" = 0 ] || grep -q "to mend: " $said || fail "nothing mends: $*"
	! grep -q "$(printf '\033')" $said || fail "a control character of the guest's reached the terminal"
}

# clean: nothing of the device is with web1, and repair says so.
clean() {
	bounded 120 0 xlpt repair
	xlpt repair | grep -q "nothing to mend" || fail "something is left"
	xlpt status | tee $said
	grep -q "^$nic *hidden" $said || fail "$nic is not free"
	[ -z "$domid" ] || xs_gone "/local/domain/0/backend/pci/$domid/0" || fail "its backend is left"
}

other_works() {
	pci_connected "$(guest_domid db1)" $second || fail "db1 is not connected any more"
	guest_run db1 'cat /sys/bus/pci/devices/*/vendor' | grep -q 0x || fail "db1 does not see its device"
	# shellcheck disable=SC2016 # expanded in the guest
	guest_run db1 'for d in /sys/bus/pci/devices/*; do readlink $d/driver; done' | grep -q / ||
		fail "db1 has no driver at its device"
}

# fresh: web1 as it was.
fresh() {
	guest_destroy web1
	guest_start web1 pv
	domid=$(guest_domid web1)
	front=/local/domain/$domid/device/pci/0
}

# as_guest NODE VALUE: only while the guest has its frontend.
as_guest() {
	xenstore-exists "$front" && xenstore-write "$front/$1" "$2"
}

# taken_back: whatever an attach came to, the device comes back.
taken_back() {
	[ "$got" = 1 ] || bounded 120 0 xlpt detach --force --timeout 15 web1 $nic
	# What was written between two looks at a directory that had gone was dom0's writing, not the guest's.
	xenstore-exists "/local/domain/0/backend/pci/$domid/0" || xenstore-rm "$front" 2>/dev/null || :
	clean
	other_works
}

front=
domid=
guest_start db1 pv
expect_rc 0 xlpt hide $nic $second
expect_rc 0 xlpt attach db1 $second
fresh
other_works

note "never connects"
guest_run web1 'rmmod xen_pcifront' || note "xen_pcifront is built in: the guest is paused instead"
if guest_run web1 'grep -q ^xen_pcifront /proc/modules'; then
	fail "xen_pcifront is still loaded"
elif guest_run web1 'ls /sys/bus/xen/drivers/pcifront' >/dev/null 2>&1; then
	note "nothing to show: this kernel cannot be without its frontend"
else
	bounded 90 1 xlpt attach --timeout 20 web1 $nic
	taken_back
fi

for value in '' -1 4294967295 99999999999999999999 0x4 "$(printf '\033[2Jx')" "$long" 3 6; do
	fresh
	note "writes \"$(printf '%.20s' "$value" | tr -d '\033')\" into its state, again and again"
	touch /run/lab/hammer
	(
		while [ -e /run/lab/hammer ]; do
			as_guest state "$value" || :
			as_guest event-channel "$value" || :
			lab_nap 0.05
		done
	) >/dev/null 2>&1 &
	hammer=$!
	bounded 150 "0 1 5" xlpt attach --timeout 15 web1 $nic
	bounded 60 0 xlpt status
	if xlpt status web1 | grep -q "^$nic"; then
		bounded 120 0 xlpt detach --force --timeout 15 web1 $nic
	fi
	rm /run/lab/hammer
	wait "$hammer" || :
	got=1
	taken_back
done

note "closes in the middle"
for ms in 0.2 1 2; do
	fresh
	(
		wait_xs 30 "the frontend" "/local/domain/$domid/device/pci" xenstore-exists "$front/state"
		lab_nap $ms
		as_guest state 5
		as_guest state 6
	) >/dev/null 2>&1 &
	closer=$!
	bounded 150 "0 1 5" xlpt attach --timeout 20 web1 $nic
	wait "$closer" || :
	taken_back
done

note "dies"
fresh
(
	wait_xs 30 "the backend" "/local/domain/0/backend/pci" xenstore-exists "/local/domain/0/backend/pci/$domid/0"
	printf 'run gone echo c >/proc/sysrq-trigger\n' >"$(xenstore-read "/local/domain/$domid/console/tty")"
) >/dev/null 2>&1 &
killer=$!
bounded 150 "0 1" xlpt attach --timeout 60 web1 $nic
wait "$killer" || :
wait_for 90 "web1 to be gone" lab_guest_gone web1 || fail "web1 does not end"
clean
other_works

note "and an honest guest gets it"
fresh
expect_rc 0 xlpt attach web1 $nic
expect_rc 0 xlpt detach web1 $nic
expect_rc 0 xlpt detach db1 $second
clean
