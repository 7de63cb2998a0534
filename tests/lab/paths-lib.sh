# shellcheck shell=bash
# paths-lib.sh - devices of the machine "groups" on every path, for scenarios that give them all to one guest; sourced
# after lib.sh.
#
# A card's MAC address says where it is (machines.sh): 40 41 are two functions of one slot, 60 is behind a port without
# ACS, 71 behind a PCIe-to-PCI bridge, 01 behind a switch. To them come a VF with function 0 and one with another. 61 72 73
# are in one isolation set with one of these each, and nobody may use them meanwhile.

slot=(40 41)
cards=(60 71 01)
beside=(61 72 73)
declare -A bdf_of
for net in /sys/class/net/*; do
	bdf_of[$(tail -c 3 "$net/address")]=$(basename "$(readlink -f "$net/device")")
done
pf=${bdf_of[10]}
# Every second VF has function 0, the others 2, 4 or 6; of the first two only one has 0.
expect_rc 0 xlpt vf create "$pf" 2
ip link set "$(basename "/sys/bus/pci/devices/$pf"/net/*)" up
vfs=()
for link in "/sys/bus/pci/devices/$pf"/virtfn*; do
	vfs+=("$(basename "$(readlink -f "$link")")")
done
case ${vfs[*]##*.} in *0*[1-7]* | *[1-7]*0*) ;; *) fail "${vfs[*]}: none with function 0, or only such" ;; esac

for n in "${beside[@]}"; do
	expect_rc 0 xlpt hide "${bdf_of[$n]}"
done

# specs: everything, as words of a command: the slot as a whole, each VF with an address of its own.
specs() {
	local n
	printf '%s\n' "${bdf_of[40]%.*}.*"
	for n in "${cards[@]}"; do
		printf '%s\n' "${bdf_of[$n]}"
	done
	for n in "${!vfs[@]}"; do
		printf '%s,mac=52:54:00:00:01:0%s\n' "${vfs[n]}" "$n"
	done
}

# everything: the addresses alone.
everything() {
	local n
	for n in "${slot[@]}" "${cards[@]}"; do
		printf '%s\n' "${bdf_of[$n]}"
	done
	printf '%s\n' "${vfs[@]}"
}

# pci_list: the same as a line of a configuration.
pci_list() {
	printf 'pci=[ %s ]\n' "$(specs | sed 's/.*/"&"/' | paste -sd, -)"
}

# mac_in_guest BDF: the MAC address that this device has in a guest.
mac_in_guest() {
	local n
	for n in "${!vfs[@]}"; do
		[ "${vfs[n]}" != "$1" ] || printf '52:54:00:00:01:0%s\n' "$n"
	done
	for n in "${slot[@]}" "${cards[@]}"; do
		[ "${bdf_of[$n]}" != "$1" ] || printf '52:54:00:00:00:%s\n' "$n"
	done
}

# has NAME BDF...: since guest_mark the guest has seen the network card of each device under its own address, so its drivers
# have read the devices' registers; and xlpt says that the guest has these devices and no other one.
has() {
	local name=$1 missing bdf
	shift
	for bdf in "$@"; do
		guest_sees "$name" "GUEST net .* $(mac_in_guest "$bdf")" 300 || fail "$name does not show the card $bdf"
	done
	missing=$(comm -3 <(printf '%s\n' "$@" | sort) <(xlpt list --guest "$name" -o device | grep -o '0000:.*' | sort))
	[ -z "$missing" ] || fail "xlpt list --guest $name differs in $missing"
	for bdf in "$@"; do
		[ "$(driver_of "$bdf")" = pciback ] || fail "$bdf is with $(driver_of "$bdf")"
	done
}

has_all() {
	# shellcheck disable=SC2046 # words
	has "$1" $(everything)
}

# gone NAME NUMBER: since guest_mark the guest has let go of so many devices.
gone() {
	[ "$(guest_said "$1" | grep -c 'GUEST gone')" = "$2" ]
}

# has_none NAME [NUMBER]: the guest has let go of so many devices, of all when it is not said, and has no other one.
has_none() {
	wait_for 60 "$1 to show none of them" gone "$1" "${2:-$(everything | wc -l)}" || fail "$1 still shows one of them"
	! xlpt list --guest "$1" -o device | grep '0000:' || fail "xlpt list still shows one of them"
}

# all_back: dom0's drivers have them again, and xlpt finds nothing to mend.
all_back() {
	local n
	# shellcheck disable=SC2046 # words
	expect_rc 0 xlpt unhide $(everything)
	for n in "${beside[@]}"; do
		expect_rc 0 xlpt unhide "${bdf_of[$n]}"
	done
	for n in 40 41 60 61 01; do
		[ "$(driver_of "${bdf_of[$n]}")" = e1000e ] || fail "${bdf_of[$n]} is with $(driver_of "${bdf_of[$n]}")"
	done
	for n in 71 72 73; do
		[ "$(driver_of "${bdf_of[$n]}")" = e1000 ] || fail "${bdf_of[$n]} is with $(driver_of "${bdf_of[$n]}")"
	done
	xlpt repair | grep -q "nothing to mend" || fail "repair found something"
}
