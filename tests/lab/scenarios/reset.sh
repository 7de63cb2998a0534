#!/bin/bash
# reset - every device by every method it offers, with proof; what cannot be reset; who would be hit
# timeout: 900
# covers: pv xl hot .0 bridge
. "$LAB/lib.sh"

igb=0000:01:00.0
nvme=0000:03:00.0
lone=0000:02:00.0

# refuses STATUS PATTERN COMMAND...: it fails so, says so, and names what mends it.
refuses() {
	local want=$1 pattern=$2 got=0 text
	shift 2
	text=$("$@" 2>&1) || got=$?
	printf '$ %s\n%s\n' "$*" "$text"
	[ "$got" = "$want" ] || fail "exit status $got, expected $want: $*"
	grep -q -- "$pattern" <<<"$text" || fail "the message does not say '$pattern'"
	grep -qE '(to mend|try): ' <<<"$text" || fail "no mending line: $*"
}

# says PATTERN COMMAND...: it succeeds and says so.
says() {
	local pattern=$1 text
	shift
	text=$("$@" 2>&1) || fail "exit status $?: $* ($text)"
	printf '$ %s\n%s\n' "$*" "$text"
	grep -q -- "$pattern" <<<"$text" || fail "it does not say '$pattern'"
}

methods_of() {
	xlpt reset --list "$1" | awk '$3 == "yes" { print $2 }'
}

proven=0
lies=0
# each_method BDF: the device goes through all that it offers.
each_method() {
	local bdf=$1 method text got kept
	for method in $(methods_of "$bdf"); do
		kept=$(cat "/sys/bus/pci/devices/$bdf/reset_method")
		got=0
		text=$(xlpt reset --method "$method" "$bdf" 2>&1) || got=$?
		printf '$ xlpt reset --method %s %s\n%s\n' "$method" "$bdf" "$text"
		case $got-$method-$text in
		0-*", proven: the function mask of its MSI-X was set before and is clear"*) proven=$((proven + 1)) ;;
		# QEMU keeps everything through D3hot although No_Soft_Reset is clear: the kernel says
		# it has reset the device, and it has not.
		1-pm-*"was not reset, though the kernel says so"*) lies=$((lies + 1)) ;;
		*) fail "reset of $bdf by $method: exit $got" ;;
		esac
		[ "$(cat "/sys/bus/pci/devices/$bdf/reset_method")" = "$kept" ] ||
			note "reset_method of $bdf was '$kept' and is '$(cat "/sys/bus/pci/devices/$bdf/reset_method")'"
		[ "$(od -An -tx2 -N2 "/sys/bus/pci/devices/$bdf/config")" != ' 0000' ] || fail "$bdf is gone"
	done
}

note "what each can"
echo 2 >/sys/bus/pci/devices/$igb/sriov_numvfs
vf=$(basename "$(readlink -f /sys/bus/pci/devices/$igb/virtfn0)")
mapfile -t all < <(for path in /sys/bus/pci/devices/*; do
	case $(cat "$path/class") in 0x0604*) ;; *) basename "$path" ;; esac
done)
expect_rc 0 xlpt reset --list "${all[@]}"

note "a device that dom0 or a guest uses, or this host needs"
refuses 3 "in use by dom0's driver e1000e" xlpt reset $lone
refuses 3 "this host needs" xlpt reset --force 0000:08:00.0
refuses 1 "is a bridge" xlpt reset 0000:06:00.0

note "every device by every method"
for bdf in 0000:02:00.0 $nvme 0000:04:00.0 0000:04:00.1 0000:05:00.0 "$vf"; do
	expect_rc 0 xlpt hide "$bdf"
	each_method "$bdf"
	expect_rc 0 xlpt unhide "$bdf"
done
[ "$proven" -ge 5 ] || fail "only $proven resets were proven"
note "BENCH $proven resets proven, $lies that the kernel reported and that did not happen"

note "without a method, the next one is taken where the first does nothing"
expect_rc 0 xlpt hide $lone
says "was not reset, though the kernel says so by pm; now by bus" xlpt reset $lone
says '"reset": "done"' xlpt --json reset $lone
expect_rc 0 xlpt unhide $lone
[ "$(driver_of $lone)" = e1000e ] || fail "$lone did not come back to its driver"

note "two functions of one slot: their bus is reset, with both"
slot=(0000:04:00.0 0000:04:00.1)
port=$(basename "$(dirname "$(readlink -f /sys/bus/pci/devices/0000:04:00.0)")")
header_of() {
	od -An -v -tx1 -N64 "/sys/bus/pci/devices/$1/config"
}
control_of_port() {
	od -An -tx2 -j62 -N2 "/sys/bus/pci/devices/$port/config"
}
expect_rc 0 xlpt hide "${slot[@]}"
headers=$(header_of 0000:04:00.0; header_of 0000:04:00.1; control_of_port)
# Where the kernel drives the port's slot itself (not through ACPI), the slot is taken from it first.
service=$port:pcie004
if [ -e "/sys/bus/pci/devices/$port/$service/driver" ]; then
	refuses 1 "pciehp watches $port" xlpt reset --method bus "${slot[@]}"
	echo "$service" >/sys/bus/pci_express/drivers/pciehp/unbind
fi
says "together with 0000:04:00.1: .* resets the bus behind $port" xlpt reset --list "${slot[@]}"
refuses 1 "would reset 0000:04:00.1, too" xlpt reset --method bus 0000:04:00.0
text=$(xlpt reset --method bus "${slot[@]}" 2>&1) || fail "exit status $?: $text"
printf '%s\n' "$text"
for bdf in "${slot[@]}"; do
	grep -q "^$bdf is reset by bus, proven: " <<<"$text" || fail "$bdf was not reset by its bus"
done
[ "$(header_of 0000:04:00.0; header_of 0000:04:00.1; control_of_port)" = "$headers" ] ||
	fail "the configuration is not as before the reset"
[ -z "$(ls /run/xlpt/journal)" ] || fail "a journal is left"
# The only method that the kernel has for one of them does nothing here: then it is the bus.
says "is reset by bus, proven" xlpt reset "${slot[@]}"

note "the whole slot with a guest: reset before and after, with all it has"
guest_start slot1 pv
[ "$(xlpt --json attach slot1 "${slot[@]}" | grep -c '"reset": "done"')" = 2 ] || fail "not reset for the guest"
guest_sees slot1 "GUEST pci .*8086:10d3 e1000e" || fail "the guest's driver did not take the card"
[ "$(xlpt --json detach slot1 "${slot[@]}" | grep -c '"reset": "done"')" = 2 ] || fail "not reset after the guest"
mkdir -p /etc/xlpt
echo "reset = required" >/etc/xlpt/xlpt.conf
refuses 3 "reset = required" xlpt attach --hide slot1 0000:07:02.0
echo "reset-exempt = 0000:07:02.0" >>/etc/xlpt/xlpt.conf
says "has not been reset: nothing can reset" xlpt attach --hide --allow-split 0000:07:02.0 slot1 0000:07:02.0
expect_rc 0 xlpt detach slot1 0000:07:02.0 --to-host
rm /etc/xlpt/xlpt.conf
guest_destroy slot1
expect_rc 0 xlpt unhide "${slot[@]}"
for bdf in "${slot[@]}"; do
	[ "$(driver_of "$bdf")" = e1000e ] || fail "$bdf did not come back to its driver"
	ip link set "$(ls "/sys/bus/pci/devices/$bdf/net")" up || fail "$bdf does not work any more"
done

note "nothing can reset these"
for bdf in 0000:07:01.0 0000:07:02.0; do
	expect_rc 0 xlpt hide $bdf
	refuses 1 "nothing can reset $bdf" xlpt reset $bdf
done
refuses 3 "would hit 0000:07:03.0 as well" xlpt reset --method bus 0000:07:01.0
expect_rc 0 xlpt unhide 0000:07:01.0

note "with a guest"
guest_start web1 pv
expect_rc 0 xlpt hide $nvme
says '"reset": "done"' xlpt --json attach web1 $nvme
refuses 3 "in use by web1" xlpt reset $nvme
says '"reset": "done"' xlpt --json detach web1 $nvme
says "has not been reset: nothing can reset" xlpt attach --allow-split 0000:07:02.0 web1 0000:07:02.0
says '"reset": "none"' xlpt --json detach web1 0000:07:02.0 --to-host
expect_rc 0 xlpt unhide $nvme
[ "$(driver_of $nvme)" = nvme ] || fail "nvme did not come back to its driver"

note "the physical function takes its virtual ones along"
expect_rc 0 xlpt hide "$vf"
says '"reset": "done"' xlpt --json attach web1 "$vf" --allow-split "$vf"
refuses 3 "would hit $vf as well" xlpt reset --force $igb
says '"reset": "done"' xlpt --json detach web1 "$vf" --to-host
echo 0 >/sys/bus/pci/devices/$igb/sriov_numvfs
expect_rc 0 xlpt hide $igb
each_method $igb
expect_rc 0 xlpt unhide $igb
guest_destroy web1
xlpt repair | grep -q "nothing to mend" || fail "repair found something"
