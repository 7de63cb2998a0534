# shellcheck shell=bash
# libvirt-lib.sh - guests of libvirt's, for scenarios; sourced after lib.sh. A scenario fills mac_of and vlan_of: the
# identity that a VF has in libvirt's XML, by its BDF.

uri=xen:///system
declare -A mac_of=() vlan_of=()
work=$(mktemp -d -p /var/tmp)

# has_xml MANAGED BDF: libvirt's XML of a device; of a VF in mac_of with its identity, as an interface: libvirt finds such a
# device only as that. Without the driver's name libvirt would not give a device a second time; see docs/FINDINGS.md.
has_xml() {
	local address vlan=
	address="domain='0x${2:0:4}' bus='0x${2:5:2}' slot='0x${2:8:2}' function='0x${2:11:1}'"
	if [ -n "${mac_of[$2]-}" ]; then
		[ -z "${vlan_of[$2]-}" ] || vlan="<vlan><tag id='${vlan_of[$2]}'/></vlan>"
		printf '%s\n' "<interface type='hostdev' managed='$1'><driver name='xen'/><mac address='${mac_of[$2]}'/>" \
			"<source><address type='pci' $address/></source>$vlan</interface>"
	else
		printf '%s\n' "<hostdev mode='subsystem' type='pci' managed='$1'><driver name='xen'/>" \
			"<source><address $address/></source></hostdev>"
	fi >"$work/device.xml"
}

virsh_attach() {
	has_xml yes "$2"
	virsh -c $uri attach-device "$1" "$work/device.xml" --live
}

virsh_detach() {
	has_xml yes "$2"
	virsh -c $uri detach-device "$1" "$work/device.xml" --live
}

# listed GUEST: what libvirt says that the guest has, sorted.
listed() {
	virsh -c $uri dumpxml "$1" | sed -n "s/.*<address.* domain='0x\(....\)' bus='0x\(..\)' slot='0x\(..\)' function='0x\(.\)'.*/\1:\2:\3.\4/p" |
		grep -v '^0000:00:' | sort | tr '\n' ' '
}

# xlpts GUEST: what xlpt says, sorted.
xlpts() {
	xlpt status "$1" --json | grep -o '"bdf": "[^"]*"' | cut -d'"' -f4 | sort -u | tr '\n' ' '
}

# sees GUEST: how many PCI devices its console tells of, but for those it has without any of ours.
sees() {
	guest_run "$1" 'ls /sys/bus/pci/devices | wc -l'
}

start_libvirtd() {
	libvirtd -d || fail "libvirtd does not start"
	wait_for 60 "libvirtd to answer" virsh -c $uri version
}

stop_libvirtd() {
	local pid
	pid=$(pgrep -x libvirtd)
	kill "$pid"
	wait_for 30 "libvirtd to end" sh -c "! pgrep -x libvirtd"
}

# settle: a PV guest whose last device went by virsh closes its frontend, and nobody waits for that.
settle() {
	lab_nap 3
}

# define NAME FILE.cfg: libvirt's guest of a configuration of xl's.
define() {
	xlpt convert --to libvirt "$2" >"$work/$1.xml" || fail "cannot convert the guest's configuration"
	virsh -c $uri define "$work/$1.xml" || fail "virsh define $1"
	guest_mark "$1"
	virsh -c $uri start "$1" || fail "virsh start $1"
	guest_sees "$1" "GUEST ready" "$GUEST_BOOT_SECONDS" || fail "$1 does not boot"
	without=$(sees "$1")
}
