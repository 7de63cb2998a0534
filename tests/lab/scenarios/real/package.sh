#!/bin/bash
# package - one boot by GRUB and systemd; udev gives a lease back; a guest with a device during upgrade, remove, purge
# timeout: 1500
# machine: small
# covers: pv xl hot .0 acs 4.20
. "$LAB/lib.sh"
. "$LAB/real-lib.sh"

dev=0000:02:00.0
pf=enp1s0

# step WHAT: how long each part took, for who wants it faster.
step() {
	note "$((SECONDS)) s: $*"
}

started_as_people_do

step "a pool; the guest that had one of its VFs is destroyed, and udev gives the lease back"
expect_rc 0 xlpt vf create $pf 2
expect_rc 0 xlpt pool define lan pf=$pf
expect_rc 0 xlpt guard install
hash -r
[ "$(command -v xl)" = /usr/local/sbin/xl ] || fail "xl is $(command -v xl)"
guest_start web1 pv 'pci=["pool:lan"]'
vf=$(vf_of web1)
udev_gives_back web1 "$vf"
xlpt pool show lan

step "hidden at the next boot, when update-initramfs has run; a guest that has the device now"
expect_rc 0 xlpt boot write $dev
guest_start web1 pv
expect_rc 0 xlpt attach web1 --hide $dev
domid=$(xl domid web1)

# has_it: web1 goes on, and has its device.
has_it() {
	pci_connected "$domid" "$dev" || fail "web1 has lost its device"
	[ "$(xl domid web1)" = "$domid" ] || fail "web1 is another domain"
	[ "$(driver_of $dev)" = pciback ] || fail "$dev is with $(driver_of $dev)"
}
has_it

step "upgrade"
newer=/root/newer
mkdir -p $newer
for deb in /lab/debs/*.deb; do
	rm -rf /root/tree
	dpkg-deb -R "$deb" /root/tree
	sed -i 's/^Version: \(.*\)/Version: \1+1/; s/(= \([^)]*\))/(= \1+1)/' /root/tree/DEBIAN/control
	dpkg-deb -Znone -b /root/tree "$newer/$(basename "$deb")" >/dev/null
done
dpkg -i $newer/*.deb
dpkg -V xlpt xlpt-"$LAB_XEN"
[ "$(systemctl is-enabled $unit)" = enabled ] || fail "$unit is $(systemctl is-enabled $unit)"
xlpt guard status
[ -L /usr/local/sbin/xl ] || fail "the guard is gone"
got=0
xl save web1 /root/web1.img || got=$?
[ "$got" = 3 ] || fail "xl save web1 exits with $got, the guard says 3"
has_it
expect_rc 0 xlpt detach web1 $dev
expect_rc 0 xlpt attach web1 $dev

step "remove: the guard goes, devices stay where they are"
apt-get remove -y xlpt xlpt-"$LAB_XEN"
hash -r # bash remembers where the guard's xl was
[ ! -L /usr/local/sbin/xl ] || fail "the guard's link is left"
! grep -r 'xlpt/guard' /etc || fail "something of the guard is left"
has_it
[ "$(command -v xl)" = /usr/sbin/xl ] || fail "xl is $(command -v xl)"
xl list
[ -e /etc/modprobe.d/xlpt.conf ] || fail "boot-time hiding is gone"
[ "$(systemctl is-active $unit)" = inactive ] || fail "$unit is $(systemctl is-active $unit)"

step "purge: no file is left, devices stay hidden"
apt-get purge -y xlpt xlpt-"$LAB_XEN"
has_it
# The disk's label is xlpt-real.
left=$(find / -xdev -path /lab -prune -o -path /root -prune -o -path /proc -prune -o -path /var/log -prune -o \
	-iname '*xlpt*' -print; find /run -path /run/systemd -prune -o -iname '*xlpt*' ! -name '*xlpt-real' -print)
[ -z "$left" ] || fail "purge leaves $left"
! systemctl list-unit-files --no-legend 'xlpt*' | grep . || fail "a unit is left"
all_well
step "done"
