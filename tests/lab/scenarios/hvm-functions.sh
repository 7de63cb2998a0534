#!/bin/bash
# hvm-functions - HVM guests with functions other than 0: hot, cold, a whole slot, virtual functions
# timeout: 900
# xen: 4.20
# covers: hvm xl hot .0,.n,slot,vf.n acs
# covers: hvm xl booted .n,slot acs
. "$LAB/lib.sh"

dm_log=/var/log/xen/qemu-dm-win1.log

# dm_place GUEST BDF: "SLOT.FUNCTION" where QEMU has it, nothing when it has it not.
dm_place() {
	local id
	id=pci-pt-$(cut -d: -f2- <<<"$2" | tr : _)
	xl qemu-monitor-command "$1" "info pci" | awk -v id="\"$id\"" '
		/Bus/ { gsub(/[,:]/, ""); slot = $4; func_ = $6 }
		index($0, id) { printf "%d.%d\n", slot, func_ }'
}

# has_memory DOMID BDF: Xen lets the domain map a memory BAR of the device. The debug key q dumps what
# every domain may reach: "I/O Memory { febc0-febdf, ... }".
has_memory() {
	local domid=$1 start end flags frame=
	while read -r start end flags; do
		[ -n "$frame" ] || [ $((start)) = 0 ] || [ $((flags & 0x200)) = 0 ] || frame=$(printf '%x' $((start >> 12)))
	done < <(head -n 6 "/sys/bus/pci/devices/$2/resource")
	xl debug-keys q
	xl dmesg | awk -v id="$domid:" '/General information for domain/ { now = $NF }
		/I\/O Memory/ && now == id { line = $0 } END { print line }' >/run/lab/rangeset
	printf 'frame %s, %s\n' "$frame" "$(cat /run/lab/rangeset)"
	grep -q "[{ ,]$frame" /run/lab/rangeset
}

expect_rc 0 xlpt hide 0000:04:00.0 0000:04:00.1
guest_start win1 hvm
domid=$(guest_domid win1)

note "one function that is not 0"
guest_mark win1
expect_rc 0 xlpt attach win1 0000:04:00.1
[ "$(dm_place win1 0000:04:00.1)" = 3.0 ] || fail "QEMU has it at '$(dm_place win1 0000:04:00.1)'"
guest_sees win1 "GUEST pci 0000:00:03.0 8086:10d3 e1000e" 60 || fail "the guest's driver did not take it"
has_memory "$domid" 0000:04:00.1 || fail "no access to its memory"
guest_mark win1
text=$(xlpt -v -v detach win1 0000:04:00.1 2>&1) || fail "detach: $text"
printf '%s\n' "$text"
guest_sees win1 "GUEST gone" || fail "the guest still shows it"
grep -q "Xen confirms that domain $domid cannot reach the memory" <<<"$text" || fail "Xen does not tell"
has_memory "$domid" 0000:04:00.1 && fail "it can still reach its memory"

note "the whole slot, hot"
guest_mark win1
expect_rc 0 xlpt attach win1 '04:00.*'
[ "$(dm_place win1 0000:04:00.0)" = 3.0 ] || fail "function 0 is at '$(dm_place win1 0000:04:00.0)'"
[ "$(dm_place win1 0000:04:00.1)" = 4.0 ] || fail "function 1 is at '$(dm_place win1 0000:04:00.1)'"
guest_sees win1 "GUEST pci 0000:00:03.0 8086:10d3 e1000e" 60 || fail "function 0 has no driver in the guest"
guest_sees win1 "GUEST pci 0000:00:04.0 8086:10d3 e1000e" 60 || fail "function 1 has no driver in the guest"
expect_rc 0 xlpt detach win1 '04:00.*'

note "the whole slot, with a place for its first function"
expect_rc 0 xlpt attach win1 '04:00.*@9'
[ "$(dm_place win1 0000:04:00.0)" = 9.0 ] || fail "function 0 is at '$(dm_place win1 0000:04:00.0)'"
[ "$(dm_place win1 0000:04:00.1)" = 3.0 ] || fail "function 1 is at '$(dm_place win1 0000:04:00.1)'"
guest_sees win1 "GUEST pci 0000:00:09.0 8086:10d3 e1000e" 60 || fail "not at slot 9 in the guest"
expect_rc 0 xlpt detach win1 '04:00.*'

note "virtual functions with odd and even numbers"
expect_rc 0 xlpt vf create 01:00.0 4
ip link set "$(basename /sys/bus/pci/devices/0000:01:00.0/net/*)" up
guest_mark win1
expect_rc 0 xlpt attach win1 --hide 0000:01:10.2
guest_sees win1 "GUEST pci 0000:00:03.0 8086:10ca" 60 || fail "the guest does not show the VF"
expect_rc 0 xlpt attach win1 --hide 0000:01:10.6
[ "$(dm_place win1 0000:01:10.2)" = 3.0 ] || fail "01:10.2 is at '$(dm_place win1 0000:01:10.2)'"
[ "$(dm_place win1 0000:01:10.6)" = 4.0 ] || fail "01:10.6 is at '$(dm_place win1 0000:01:10.6)'"
# On this machine a VF's registers are nowhere: while igbvf waits for them, the guest answers no eject request.
wait_for 180 "the guest to let go of the VFs" xlpt detach win1 0000:01:10.2
wait_for 60 "the guest to let go of the second VF" xlpt detach win1 0000:01:10.6
cat "$dm_log"

note "what the device model says against a device"
pid=$(xs "/local/domain/$domid/image/device-model-pid")
grep -o '/[^ ]*libxenctrl[^ ]*' "/proc/$pid/maps" | sort -u
# As if Xen had refused QEMU the interrupt: what it writes then is written for it.
(
	for ((i = 0; i < 100; i++)); do
		[ -z "$(dm_place win1 0000:04:00.1)" ] || break
		lab_nap 0.05
	done
	echo '[00:03.0] xen_pt_realize: Error: Binding of interrupt 0 failed! (err: 13)' >>"$dm_log"
) &
got=0
text=$(xlpt attach win1 0000:04:00.1 2>&1) || got=$?
wait
printf '%s\n[exit %s]\n' "$text" "$got"
guest_destroy win1

note "started with a function that is not 0, and with a whole slot"
# places_of PCI: the guest's slots, the first function's first.
places_of() {
	case $1 in
	*@7) echo 07 03 ;;
	*.\*) echo 03 04 ;;
	*) echo 03 ;;
	esac
}
for pci in '04:00.1' '04:00.*' '04:00.*@7'; do
	sed -e '/^name=/s/win1/win2/' "$LAB_OUT/$lab_scenario/win1.cfg" >/run/lab/win2.cfg
	printf 'pci=["%s"]\n' "$pci" >>/run/lab/win2.cfg
	guest_mark win2
	expect_rc 0 xlpt start /run/lab/win2.cfg
	dm_place win2 0000:04:00.0
	dm_place win2 0000:04:00.1
	guest_sees win2 "GUEST ready" 240 || fail "win2 did not boot"
	for slot in $(places_of "$pci"); do
		guest_sees win2 "GUEST pci 0000:00:$slot.0 8086:10d3 e1000e" 180 || fail "no driver at slot $slot in win2"
	done
	cat /var/log/xen/qemu-dm-win2.log
	expect_rc 0 xlpt detach win2 "${pci%@*}"
	guest_destroy win2
done
expect_rc 0 xlpt unhide 0000:04:00.0 0000:04:00.1
