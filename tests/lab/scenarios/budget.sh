#!/bin/bash
# budget - over the hotplug budget nothing is touched; what xl does is counted, too; --wait, --force, reset
# timeout: 1800
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
other=0000:05:00.0
conf=/etc/xlpt/xlpt.conf
mkdir -p "${conf%/*}"

# used DEVICE: how many of its attaches and detaches are counted.
used() {
	xlpt budget "$1" | awk -v dev="$1" '$1 == dev { print $2 }'
}

refused() {
	local text got=0
	text=$("$@" 2>&1) || got=$?
	printf '$ %s\n%s\n' "$*" "$text"
	[ "$got" = 4 ] || fail "exit status $got, expected 4: $*"
	grep -q 'is free in' <<<"$text" || fail "the message does not say when"
	grep -q 'to mend: .*--wait.*xlpt budget' <<<"$text" || fail "no mending line"
}

guest_start web1 pv
guest_run web1 'echo 3000000 >/tmp/pause'
domid=$(guest_domid web1)
expect_rc 0 xlpt hide $nic $other
printf 'hotplug-limit = 3\nhotplug-window = 10m\n' >$conf

note "three are let through, the fourth is not and touches nothing"
expect_rc 0 xlpt attach web1 $nic
expect_rc 0 xlpt detach web1 $nic
expect_rc 0 xlpt attach web1 $nic
xlpt budget
before=$(xenstore-ls -f | grep pci)
refused xlpt detach web1 $nic
refused xlpt attach web1 $other
[ "$(xenstore-ls -f | grep pci)" = "$before" ] || fail "xenstore has changed"
[ -n "$(pci_slot "$domid" $nic)" ] || fail "the guest has lost $nic"
[ "$(driver_of $other)" = pciback ] || fail "$other is not on pciback"
guest_run web1 "test -d /sys/bus/pci/devices/0000:00:00.0" || fail "the guest does not see $nic"

note "by force it goes, and counts"
expect_rc 0 xlpt detach --force web1 $nic
[ "$(used $nic)" = 4 ] || fail "not four: $(used $nic)"
[ -z "$(pci_slot "$domid" $nic)" ] || fail "still with the guest"
guest_destroy web1
guest_start web2 pv
domid=$(guest_domid web2)
refused xlpt attach web2 $nic

note "a step of the clock changes nothing"
# Not further than the runner's patience, which goes by that clock.
date -s '+12 minutes' >/dev/null
refused xlpt attach web2 $nic
date -s '-24 minutes' >/dev/null
refused xlpt attach web2 $nic
date -s '+12 minutes' >/dev/null

note "reset, and what xl does by hand"
expect_rc 2 xlpt budget --reset
expect_rc 0 xlpt budget --reset --yes
xlpt budget | grep 'reset .* 4 forgotten' || fail "the reset is not shown"
[ "$(used $nic)" = 0 ] || fail "something still counts"
expect_rc 0 xl pci-attach web2 $nic
wait_connected "$domid" $nic || fail "xl's attach did not connect"
[ "$(used $nic)" = 1 ] || fail "xl's attach is not counted: $(used $nic)"
[ "$(used $nic)" = 1 ] || fail "it is counted twice"
expect_rc 0 xl pci-detach web2 $nic
[ "$(used $nic)" = 2 ] || fail "xl's detach is not counted: $(used $nic)"

note "--wait"
printf 'hotplug-limit = 1\nhotplug-window = 40s\n' >$conf
expect_rc 0 xlpt budget --reset --yes
# xl leaves a guest that needs a moment.
guest_destroy web2
guest_start web3 pv
expect_rc 0 xlpt attach web3 $nic
text=$(xlpt detach --wait web3 $nic 2>&1) || fail "detach --wait: $text"
printf '%s\n' "$text"
grep -q 'waiting .* s for the hotplug budget' <<<"$text" || fail "it did not wait"

note "a file that says nonsense"
printf '# ours\nhotplug-limit = many\n' >$conf
text=$(xlpt attach web3 $nic 2>&1) && fail "it was taken"
printf '%s\n' "$text"
grep -q "$conf:2:17: " <<<"$text" || fail "no line and column"
expect_rc 2 xlpt attach web3 $nic
[ -z "$(pci_slot "$(guest_domid web3)" $nic)" ] || fail "it was attached"
ls -l /run/xlpt/ledger
cat /run/xlpt/ledger
