#!/bin/bash
# guard-libvirt - virsh save and migrate of a guest with devices, with the guard before libxl's save helper
# timeout: 1200
# xen: 4.20
#
# The other host of virsh migrate is a second libvirtd on this one, with folders and a host's uuid of its
# own. An HVM guest, because no PV guest can be migrated live on Debian's 4.20.
# covers: pv,hvm libvirt hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
second=0000:05:00.0
work=$(mktemp -d -p /var/tmp)
uri=xen:///system
dropin=/etc/systemd/system/libvirtd.service.d/xlpt-guard.conf

# has NAME BDF: the guest runs, is the same domain as before, and has its device.
has() {
	[ "$(guest_domid "$1")" = "$domid" ] || fail "$1 is another domain or gone"
	xlpt status "$1" | grep -q "$2" || fail "$1 does not have $2"
	guest_run "$1" 'ls /sys/class/net | grep -q eth' || fail "$1 does not answer, or does not show its device"
}

# boot NAME: virsh starts it, and its console says that it is up.
boot() {
	guest_mark "$1"
	virsh -c $uri start "$1" || fail "virsh start $1"
	guest_sees "$1" "GUEST ready" 120 || fail "$1 does not boot"
}

expect_rc 0 xlpt guard install libvirt
xlpt guard status
# As systemd would start it, with what the drop-in says. There is no AppArmor here.
mkdir -p /etc/libvirt/hooks
printf '#!/bin/sh\necho "$*" >>%s\n' "$work/hooks" >/etc/libvirt/hooks/libxl
chmod +x /etc/libvirt/hooks/libxl
env "$(sed -n 's/^Environment=//p' $dropin)" \
	libvirtd -d || fail "libvirtd does not start"
wait_for 60 "libvirtd to answer" virsh -c $uri version
libvirtd_pid=$(pgrep -x libvirtd)
xlpt guard status
cat >"$work/v1.xml" <<'XML'
<domain type='xen'>
  <name>v1</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
    <kernel>/lab/guest/vmlinuz</kernel>
    <initrd>/lab/guest/initrd</initrd>
    <cmdline>console=hvc0 loglevel=6</cmdline>
  </os>
  <features><xen><e820_host state='on'/><passthrough state='on'/></xen></features>
  <devices><console type='pty'><target type='xen' port='0'/></console></devices>
</domain>
XML
virsh -c $uri define "$work/v1.xml" || fail "virsh define"
boot v1
domid=$(guest_domid v1)
expect_rc 0 xlpt attach v1 --hide $nic
: >"$work/hooks"
for command in "save v1 $work/image" "managedsave v1"; do
	got=0
	# shellcheck disable=SC2086 # words
	virsh -c $uri $command || got=$?
	[ $got != 0 ] || fail "virsh $command went through"
	has v1 $nic
	[ "$(virsh -c $uri domstate v1)" = running ] || note "libvirt takes v1 for $(virsh -c $uri domstate v1)"
	rm -f "$work/image"
done
note "what libvirt asked its hook meanwhile: $(tr '\n' ';' <"$work/hooks")"
expect_rc 0 xlpt detach v1 $nic
note "without the device, which a PV guest does not survive either: it had an interrupt line (FINDINGS.md)"
expect_rc 3 xlpt guard check v1
got=0
virsh -c $uri save v1 "$work/image" || got=$?
[ $got != 0 ] || fail "virsh save of a guest that had $nic went through"
[ "$(guest_domid v1)" = "$domid" ] || fail "v1 is another domain or gone"
rm -f "$work/image"
note "anew, without a device"
virsh -c $uri destroy v1 || fail "virsh destroy"
# libvirt keeps what the refused managedsave had begun to write, would start from it, and knows of none.
ls -l /var/lib/libvirt/libxl/save
rm /var/lib/libvirt/libxl/save/v1.save || fail "no file of the refused managedsave"
boot v1
expect_rc 0 virsh -c $uri save v1 "$work/image"
lab_guest_gone v1 || fail "v1 was saved and is still there"
note "libvirt's hook: $(tr '\n' ';' <"$work/hooks")"
expect_rc 0 virsh -c $uri restore "$work/image"
guest_mark v1
guest_sees v1 "GUEST beat" 60 || fail "v1 does not go on"
note "with the device as libvirt's own, which it knows about"
virsh -c $uri destroy v1 || fail "virsh destroy"
boot v1
expect_rc 0 xlpt unhide $nic
cat >"$work/hostdev.xml" <<'XML'
<hostdev mode='subsystem' type='pci' managed='yes'>
  <source><address domain='0x0000' bus='0x05' slot='0x00' function='0x0'/></source>
</hostdev>
XML
if virsh -c $uri attach-device v1 "$work/hostdev.xml"; then
	domid=$(guest_domid v1)
	wait_connected "$domid" $second || fail "v1 did not take $second"
	for command in "save v1 $work/image" "managedsave v1"; do
		got=0
		# shellcheck disable=SC2086 # words
		virsh -c $uri $command || got=$?
		[ $got != 0 ] || fail "virsh $command went through"
		has v1 $second
		rm -f "$work/image"
	done
fi
virsh -c $uri destroy v1 || :
virsh -c $uri undefine v1 || :

note "virsh migrate"
other=/run/other
mkdir -p $other
# shellcheck disable=SC2016 # for the inner shell
unshare -m --propagation slave bash -c '
	for dir in /run/libvirt /var/lib/libvirt /var/log/libvirt /etc/libvirt; do mount -t tmpfs none $dir; done
	printf "%s\n" "host_uuid = \"11111111-2222-4333-8444-555555555555\"" "unix_sock_dir = \"$1\"" \
		"auth_unix_rw = \"none\"" "auth_unix_ro = \"none\"" >/etc/libvirt/libvirtd.conf
	exec libvirtd -d -f /etc/libvirt/libvirtd.conf -p $1/libvirtd.pid' other $other || fail "no second libvirtd"
to="xen+unix:///system?socket=$other/libvirt-sock"
wait_for 60 "the other libvirtd to answer" virsh -c "$to" version
cat >"$work/w1.cfg" <<'CFG'
name="w1"
type="hvm"
memory=320
vcpus=1
kernel="/lab/guest/vmlinuz"
ramdisk="/lab/guest/initrd"
on_poweroff="destroy"
cmdline="console=hvc0 loglevel=6"
tsc_mode="native"
serial="pty"
passthrough="enabled"
CFG
xlpt convert --to libvirt "$work/w1.cfg" >"$work/w1.xml" || fail "cannot convert the guest's configuration"
virsh -c $uri define "$work/w1.xml" || fail "virsh define"
boot w1
domid=$(guest_domid w1)
migrate_fails() {
	local got=0
	: >/var/log/libvirt/libxl/libxl-driver.log
	virsh -c $uri migrate --live w1 "$to" tcp://127.0.0.1 --dname w1m || got=$?
	[ $got != 0 ] || fail "virsh migrate went through"
	has w1 $nic
}
expect_rc 0 xlpt attach w1 --hide $nic
note "libvirt knows of the device, and refuses by itself"
migrate_fails
expect_rc 0 xlpt detach w1 $nic
note "libvirt does not know of it: the guard refuses"
expect_rc 0 xlpt attach --around-libvirt w1 --hide $nic
migrate_fails
grep "save/restore helper .* exited with error status 3" /var/log/libvirt/libxl/libxl-driver.log ||
	fail "it was not the guard that refused: $(cat /var/log/libvirt/libxl/libxl-driver.log)"
[ "$(virsh -c $uri domstate w1)" = running ] || note "libvirt takes w1 for $(virsh -c $uri domstate w1)"
expect_rc 0 xlpt detach --around-libvirt w1 $nic --to-host
note "virsh migrate, without the device"
guest_mark w1m
expect_rc 0 virsh -c $uri migrate --live w1 "$to" tcp://127.0.0.1 --dname w1m
lab_guest_gone w1 || fail "w1 was migrated and is still there"
[ "$(virsh -c "$to" domstate w1m)" = running ] || fail "w1m does not run on the other libvirt"
guest_sees w1m "GUEST beat" 60 || fail "w1m does not go on"
virsh -c "$to" destroy w1m || fail "virsh destroy"
virsh -c $uri undefine w1 || :
kill "$(cat $other/libvirtd.pid)"
kill "$libvirtd_pid"
rm -f /etc/libvirt/hooks/libxl

expect_rc 0 xlpt guard remove
[ ! -e ${dropin%/*} ] || fail "the drop-in's folder is left"
rm -rf "$work"
