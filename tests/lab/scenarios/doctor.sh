#!/bin/bash
# doctor - a sound host, then broken ones: doctor names each with its fact, repair clears it, an attach works
# timeout: 3600
# machine: small
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

pf=0000:01:00.0
vf=0000:01:10.0
card=0000:02:00.0
# What a scenario before may have left.
[ ! -L /usr/local/sbin/xl ] || xlpt guard remove
# note_of BDF: where libxl keeps its notes of it.
note_of() {
	printf '/libxl/pci/%s\n' "${1//[:.]/-}"
}
nic=$(basename /sys/bus/pci/devices/$pf/net/*)
said=/run/lab/said
broken=0

# doctor STATUS: it exits so; what it says is in $said.
doctor() {
	local got=0
	xlpt doctor >$said 2>&1 || got=$?
	[ "$got" = "$1" ] || { cat $said; fail "xlpt doctor exits with $got, expected $1"; }
}

# names STATE WORDS: a line of what it said begins with that state and has the words; the line after it mends.
names() {
	grep -A 1 -E "^  $1 +.*$2" $said >$said.line || { cat $said; fail "doctor does not name: $1 $2"; }
	cat $said.line
	[ "$1" != ok ] || return 0
	grep -q '^ *to mend: .' $said.line || fail "nothing mends: $2"
	broken=$((broken + 1))
}

# says_not WORDS: nothing of what it said has them.
says_not() {
	! grep -E "$1" $said || fail "doctor still says: $1"
}

# sound: nothing is bad.
sound() {
	doctor 0
	says_not '^  bad '
}

# cleared WORDS: repair ends it, doctor says nothing of it any more, and the card can be given and taken.
cleared() {
	xlpt repair >$said.repair 2>&1 || { cat $said.repair; fail "xlpt repair fails"; }
	cat $said.repair
	sound
	says_not "$1"
	expect_rc 0 xlpt attach web1 --hide $card
	expect_rc 0 xlpt detach web1 $card
}

guest_start web1 pv
domid=$(guest_domid web1)
backend=/local/domain/0/backend/pci/$domid/0

note "a sound host: exit status 0, also as JSON and as metrics"
sound
cat $said
names ok 'Xen [0-9.]+.* runs, and this is its dom0'
names ok 'xenstored runs, process'
names ok 'Xen runs with an IOMMU'
grep -E 'interrupt remapping is (on|.*not known)' $said || fail "interrupt remapping is not looked at"
names ok 'xen-pciback is (loaded|part)'
xlpt --json doctor >$said
grep -q '"sound": true' $said || fail "JSON does not say that it is sound"
xlpt doctor --metrics >$said
grep -qx 'xlpt_doctor_sound 1' $said || fail "the metrics do not say that it is sound"
expect_rc 0 xlpt attach web1 --hide $card
doctor 0
names warning 'the guard is not installed'
expect_rc 0 xlpt detach web1 $card

note "1: the module is not loaded"
xlpt unhide $card
rmmod xen-pciback
doctor 0
names warning 'xen-pciback is not loaded'
modprobe xen-pciback
cleared 'is not loaded'

note "2: a driver_override is left over"
xlpt unhide $card
echo pciback >/sys/bus/pci/devices/$card/driver_override
doctor 1
names bad "$card is kept for pciback, and e1000e has it"
cleared 'is kept for pciback'

note "3: an owner's mark of a domain that is not there"
xenstore-write "$(note_of $card)/domid" 77
doctor 1
names bad "libxl notes domain 77 as the owner of $card"
cleared 'libxl notes domain'

note "4: num_devs is wrong"
expect_rc 0 xlpt attach web1 $card
xenstore-write "$backend/num_devs" 3
doctor 1
names bad "the PCI backend of domain $domid has"
xlpt repair
sound
expect_rc 0 xlpt detach web1 $card
cleared 'the PCI backend of domain'

note "5: an attach was killed"
xlpt unhide $card
xlpt attach web1 --hide $card >/dev/null 2>&1 &
pid=$!
until compgen -G '/run/xlpt/journal/*' >/dev/null || ! kill -0 $pid 2>/dev/null; do :; done
kill -9 $pid 2>/dev/null || :
wait $pid || :
compgen -G '/run/xlpt/journal/*' >/dev/null || fail "it was over before it was killed"
doctor 1
names bad "interrupted attach of $card"
xlpt repair
xlpt detach web1 $card >/dev/null 2>&1 || :
cleared 'interrupted attach'

note "6: a guest that powers off leaves its backend"
guest_start gone1 pv
expect_rc 0 xlpt attach gone1 $card
gone=$(guest_domid gone1)
printf 'run gone poweroff -f\n' >"$(xenstore-read "/local/domain/$gone/console/tty")"
wait_for 90 "gone1 to be gone" lab_guest_gone gone1
if xenstore-exists "/local/domain/0/backend/pci/$gone/0/dev-0"; then
	doctor 1
	names bad "$card is in the PCI backend of domain $gone, which is gone"
else
	note "it has left nothing"
fi
cleared 'which is gone'

note "7: a lease without its guest"
expect_rc 0 xlpt vf create "$nic" 1
expect_rc 0 xlpt pool define one dev=$vf
expect_rc 0 xlpt attach web1 pool:one
cp -a /var/lib/xlpt/leases/$vf /run/lab/lease
expect_rc 0 xlpt detach web1 $vf
cp -a /run/lab/lease /var/lib/xlpt/leases/$vf
doctor 0
names warning "$vf is leased to web1 out of pool one"
cleared 'is leased to'

note "8: an identity without a guest"
expect_rc 0 xlpt attach web1 --hide "$vf,mac=52:54:00:6d:90:02,vlan=42"
kept=$(xs "$(note_of $vf)/xlpt-vf")
[ -n "$kept" ] || fail "xlpt keeps no note of what $vf had"
expect_rc 0 xlpt detach web1 $vf
xenstore-write "$(note_of $vf)/xlpt-vf" "$kept"
doctor 1
names bad "$vf has the MAC address or VLAN of a guest"
cleared 'MAC address or VLAN'

note "9: a guest runs without passthrough, and its configuration gives it a device"
mkdir -p /etc/xen
guest_start plain1 pv -passthrough -e820_host
printf 'name="plain1"\npci=["%s"]\n' "$card" >/etc/xen/plain1.cfg
doctor 1
names bad 'plain1 runs without passthrough.*/etc/xen/plain1.cfg'
guest_destroy plain1

note "10: a configuration names a device that is not there"
printf 'name="plain1"\npci=["0000:77:00.0"]\n' >/etc/xen/plain1.cfg
doctor 0
names warning '/etc/xen/plain1.cfg:2: names 0000:77:00.0'
printf 'name="plain1"\npci=["pool:nobody"]\n' >/etc/xen/plain1.cfg
doctor 0
names warning '/etc/xen/plain1.cfg:2: .*nobody'
rm /etc/xen/plain1.cfg
cleared 'plain1'

note "11: a device is to be hidden at boot, and nobody did"
xlpt unhide $card
echo "options xen-pciback hide=($card)" >/etc/modprobe.d/lab-doctor.conf
doctor 1
names bad "$card is to be hidden at boot: it is not"
echo "options xen-pciback hide=($card)(0b::00.1)" >/etc/modprobe.d/lab-doctor.conf
doctor 1
names bad 'lab-doctor.conf|0b::00.1'
echo "options pciback hide=($card)" >/etc/modprobe.d/lab-doctor.conf
doctor 1
names bad "$card is to be hidden at boot: it is not: .*lab-doctor.conf"
rm /etc/modprobe.d/lab-doctor.conf
cleared 'hidden at boot: it is not'

note "12: the guard is there in part"
expect_rc 0 xlpt guard install xl
ln -sf /nowhere/xl /usr/local/sbin/xl
doctor 0
names warning '/usr/local/sbin/xl is'
rm -f /usr/local/sbin/xl
expect_rc 0 xlpt guard remove
sound

note "13: the settings cannot be read, and the hotplug budget is used up"
mkdir -p /etc/xlpt
echo 'hotplug-limit = plenty' >/etc/xlpt/xlpt.conf
doctor 1
names bad 'xlpt.conf:1'
echo 'hotplug-limit = 2' >/etc/xlpt/xlpt.conf
doctor 0
names warning 'attaches and detaches are used, the limit is 2'
rm /etc/xlpt/xlpt.conf

note "14: a captured tree says what it cannot know"
xlpt capture -o /run/lab/doctor.tar.gz >/dev/null
mkdir -p /run/lab/tree
tar -C /run/lab/tree -xzf /run/lab/doctor.tar.gz
tree=$(dirname "$(find /run/lab/tree -type d -name xlpt-capture | head -n 1)")
xlpt doctor --sysroot "$tree" >$said 2>&1 || { cat $said; fail "the tree of a sound host is not sound"; }
names ok 'Xen [0-9.]+.* runs'
grep -E '^  unknown +.*configurations' $said || fail "it does not say that configurations are not there"
grep -E '^  unknown +.*xenstored' $said || fail "it does not say that processes are not there"

[ "$broken" -ge 12 ] || fail "only $broken times something was named"
guest_destroy web1
sound
note "done: $broken times something broken was named"
