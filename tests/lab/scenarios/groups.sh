#!/bin/bash
# groups - isolation sets: the kernel's own IOMMU groups without Xen, the same machine with Xen, libvirt's view
# timeout: 900
# machine: groups
# reboots: 1
# native: 0
#
# Boot 0 is without Xen: the kernel makes groups, and the sets that are computed must be those. Boot 1
# is with Xen, where there are no groups to look at: the sets must be the same as before.
# covers: pv xl hot .0 bridge
. "$LAB/lib.sh"

kept=/lab/groups-native
out=$LAB_OUT/$LAB_SCENARIO
work=$(mktemp -d)

# What the kernel says: a line per group, its members in order.
kernel_groups() {
	local group devices
	for group in /sys/kernel/iommu_groups/*; do
		devices=("$group"/devices/*)
		printf '%s ' "${devices[@]##*/}"
		echo
	done | sort
}

# The functions of AMD's IOMMU itself, to which Linux gives no group.
iommu_functions() {
	grep -l 0x080600 /sys/bus/pci/devices/*/class | sed 's|.*/\([^/]*\)/class|\1|'
}

# What xlpt says, in the same form.
our_sets() {
	xlpt list --all -o set,device | grep -v -F -e nothing -f <(iommu_functions) |
		awk 'NR > 1 { set[$1] = set[$1] $2 " " } END { for (s in set) print set[s] }' | sort
}

# keep_tree: all that a scan reads, as tests/data/trees has it (tests/unit/test-trees.c reads it): a line
# per function with its directory, then its files, links and, in hexadecimal, its configuration space
# without the zeros at its end.
keep_tree() {
	local device name
	for device in /sys/bus/pci/devices/*; do
		printf 'function %s %s\n' "${device##*/}" "$(readlink "$device")"
		for name in vendor device class revision subsystem_vendor subsystem_device irq numa_node \
			resource reset_method sriov_totalvfs sriov_numvfs; do
			[ ! -e "$device/$name" ] || printf '%s %s\n' "$name" "$(tr '\n' '|' <"$device/$name")"
		done
		printf 'config %s\n' "$(od -An -v -tx1 "$device/config" | tr -d ' \n' | sed 's/\(00\)*$//')"
		for name in driver physfn iommu_group; do
			[ ! -L "$device/$name" ] || printf 'link %s %s\n' "$name" "$(readlink "$device/$name")"
		done
	done >"$out/tree.txt"
}

# xml_parts FILE: the device without its group as it is, and the group's members in order, which
# libvirt takes as the directory gives them. Under Xen libvirt knows no group.
xml_parts() {
	sed -e '/<iommuGroup/,/<\/iommuGroup>/d' -e '/^$/d' "$1"
	[ -z "$LAB_NATIVE" ] || sed -n '/<iommuGroup/,/<\/iommuGroup>/p' "$1" | sort
}

# same_xml URI BDF: libvirt and xlpt say the same of a device; without Xen its group, too.
same_xml() {
	virsh -c "$1" nodedev-dumpxml "pci_${2//[:.]/_}" >"$work/theirs.xml" 2>/dev/null || fail "virsh knows no $2"
	xlpt show --xml "$2" >"$work/ours.xml"
	diff <(xml_parts "$work/theirs.xml") <(xml_parts "$work/ours.xml") || fail "$2: not what virsh says (<)"
	virt-xml-validate "$work/ours.xml" nodedev >"$work/said" 2>&1 || fail "$2: not valid: $(cat "$work/said")"
}

check_libvirt() {
	local uri=$1 device n=0
	if ! command -v libvirtd >/dev/null; then
		note "SKIPPED: no libvirt here"
		return
	fi
	libvirtd -d || fail "libvirtd does not start"
	wait_for 60 "libvirtd to answer" virsh -c "$uri" nodedev-list --cap pci
	for device in /sys/bus/pci/devices/*; do
		same_xml "$uri" "${device##*/}"
		n=$((n + 1))
	done
	note "XML of $n devices is valid and is what virsh says"
}

# with_mac MAC: the function whose network card has that address
with_mac() {
	basename "$(dirname "$(dirname "$(dirname "$(grep -l "$1" /sys/bus/pci/devices/*/net/*/address)")")")"
}

for pf in /sys/bus/pci/devices/*/sriov_numvfs; do
	echo 2 >"$pf"
done
lspci -tv
xlpt list --all
xlpt topology
our_sets >"$work/ours"
keep_tree

if [ -n "$LAB_NATIVE" ]; then
	note "without Xen"
	kernel_groups >"$work/kernel"
	cat "$work/kernel"
	[ "$(wc -l <"$work/kernel")" -gt 10 ] || fail "the kernel has made no groups"
	for device in $(iommu_functions); do
		[ ! -e "/sys/bus/pci/devices/$device/iommu_group" ] || fail "$device has a group"
	done
	diff "$work/kernel" "$work/ours" || fail "the sets are not the kernel's groups (<)"
	note "$(wc -l <"$work/ours") sets of $(wc -w <"$work/ours") functions are the kernel's groups"
	if xlpt list 2>&1 | grep "not the IOMMU groups"; then fail "xlpt says they differ"; fi
	cp "$work/ours" $kept
	check_libvirt nodedev:///system
	exit 0
fi

note "with Xen"
[ ! -d /sys/kernel/iommu_groups/0 ] || fail "there are groups under Xen"
diff $kept "$work/ours" || fail "the sets are not those of the same machine without Xen (<)"
note "$(wc -l <"$work/ours") sets, the same as without Xen"
bridged=$(with_mac 52:54:00:00:00:71)
bus=${bridged%:*}
xlpt show "$bridged"
[ "$(xlpt show "$bridged" | grep -c "shares requester id $bus:00.0 behind PCIe-to-PCI bridge")" = 3 ] || fail "reasons"
xlpt show --json "$bridged" | sed -n '/xen_/,/]/p'
[ "$(xlpt show --json "$bridged" | sed -n '/xen_same_requester/,/]/p' | grep -c "$bus:0[23].0")" = 2 ] || fail "Xen's own group"
xlpt show --json "$bridged" | grep '"xen_agrees": true' || fail "Xen's group is this set, without the bridge"
check_libvirt xen:///system

note "a set is not divided"
expect_rc 0 xlpt hide "$bridged"
guest_start web1 pv
got=0
text=$(xlpt attach web1 "$bridged" 2>&1) || got=$?
printf '%s\n' "$text"
[ "$got" = 3 ] || fail "exit status $got, expected 3"
grep -q "while dom0 uses $bus:02.0" <<<"$text" || fail "the member is not named"
grep -q "in one isolation set, xlpt show $bridged says why" <<<"$text" || fail "the set is not named"
expect_rc 3 xlpt attach --dry-run web1 "$bridged"
expect_rc 0 xlpt attach --dry-run --allow-split "$bridged" web1 "$bridged"
expect_rc 0 xlpt hide "$bus:02.0" "$bus:03.0"
xlpt list --assignable
[ "$(xlpt list --assignable -o device | grep -c "$bus:0")" = 3 ] || fail "they can be attached now"
expect_rc 0 xlpt attach web1 "$bus:01.0" "$bus:02.0" "$bus:03.0"
xlpt topology
[ "$(xlpt list --guest web1 -o device | grep -c "$bus:0")" = 3 ] || fail "list --guest"
expect_rc 0 xlpt detach web1 "$bus:01.0" "$bus:02.0" "$bus:03.0" --to-host
