#!/bin/bash
# check - what xlpt check says, attach and start come to: the same exit status, and nothing is changed before
# timeout: 3000
#
# Each combination is checked, then done, then undone. On Xen 4.17 the HVM guest sits in its boot sector (see
# hvm.sh), so there it is destroyed instead of asked to let go.
# covers: pv xl hot .0,.n,slot,vf.n acs
# covers: hvm xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
nvme=0000:03:00.0
second=0000:05:00.0
own=0000:08:00.0
pf=0000:01:00.0
combinations=0

# state: what a check must not change.
state() {
	local path
	for path in /sys/bus/pci/devices/*; do
		printf '%s %s\n' "${path##*/}" "$(driver_of "${path##*/}")"
	done
	cat /sys/bus/pci/drivers/pciback/slots /sys/bus/pci/drivers/pciback/permissive 2>/dev/null || :
	find /run/xlpt /var/lib/xlpt /etc/xlpt 2>/dev/null | sort || :
	xenstore-ls -f /libxl 2>/dev/null || :
}

# status_of FILE COMMAND...: its exit status; what it says goes to FILE, and to the log.
status_of() {
	local file=$1 got=0
	shift
	"$@" >"$file" 2>&1 || got=$?
	printf '$ %s\n' "$*" >&2
	cat "$file" >&2
	printf '(exit %s)\n' "$got" >&2
	printf '%s\n' "$got"
}

# checks WANT WORD...: xlpt check exits with WANT ("any": with whatever it likes), changes nothing, and says
# of each failure what mends it. Its status is in $checked.
checks() {
	local want=$1 before after
	shift
	combinations=$((combinations + 1))
	note "combination $combinations: $*"
	before=$(state)
	checked=$(status_of /run/lab/checked xlpt check "$@")
	after=$(state)
	if [ "$before" != "$after" ]; then
		diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") || :
		fail "xlpt check $* has changed something"
	fi
	[ "$want" = any ] || [ "$checked" = "$want" ] || fail "xlpt check $*: exit $checked, expected $want"
	if [ "$checked" = 0 ]; then
		grep -q "would work" /run/lab/checked || fail "it does not say that it would work"
		! grep -q '^fails: ' /run/lab/checked || fail "something fails, and the exit status is 0"
	else
		grep -qE "to mend: |try: " /run/lab/checked || fail "no line mends it"
	fi
}

# attached: the devices of the attach that was just done.
attached() {
	sed -n 's/^\([0-9a-f:.]*\) is attached to .*/\1/p' /run/lab/done
}

# agree WANT GUEST WORD...: check and attach exit with the same; what was attached is detached again.
agree() {
	local got guest=$2
	checks "$@"
	shift
	got=$(status_of /run/lab/done xlpt attach "$@")
	[ "$got" = "$checked" ] || fail "xlpt check $*: exit $checked, xlpt attach: exit $got"
	[ "$got" = 0 ] || return 0
	# shellcheck disable=SC2046 # addresses, one a line
	give_back "$guest" $(attached)
}

# give_back GUEST BDF...: from the guest, and to dom0.
give_back() {
	local guest=$1
	shift
	expect_rc 0 xlpt detach "$guest" --to-host --allow-split "$1" "$@"
}

says() {
	grep -q -- "$1" /run/lab/checked || fail "check does not say '$1'"
}

note "devices"
xlpt list
xl info | grep -E 'xen_version|virt_caps|xen_commandline'

note "a PV guest"
guest_start web1 pv
agree 1 web1 $nic
says "^fails: hidden: .*is not hidden"
agree 0 web1 --hide $nic
says "^ok: reset: "
says "^ok: isolation set: "
agree 1 web1 0000:7f:00.0 $nic
says "^fails: there: no PCI device 0000:7f:00.0"
says "^fails: hidden: $nic"
agree 1 web1 0000:06:00.0
says "^fails: endpoint: "
agree 1 nobody $nic
agree 2 web1 01:00
agree 2 web1 --hide $nic --allow-split $nvme
agree 3 web1 --hide $own
says "^fails: host needs: .*default route"
agree 1 web1 --hide $nic@5
says "^fails: virtual slot: "
agree 0 web1 --hide $nic,permissive=1
says "^warning: options: permissive=1"
agree 0 web1 --hide $nic $second
agree 0 web1 --hide $nvme,rdm_policy=relaxed
agree 0 web1 --hide '0000:04:00.*'
# Divided or not: that is the machine's to say, and both have to say the same.
agree any web1 --hide 0000:04:00.1
agree any web1 --hide 0000:04:00.1 --allow-split 0000:04:00.1
agree any web1 --hide 0000:07:01.0

note "virtual functions"
echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs
vf=$(basename "$(readlink -f /sys/bus/pci/devices/$pf/virtfn1)")
agree 3 web1 --hide $pf
says "^fails: virtual functions: "
agree any web1 --hide "$vf"
[ "$(driver_of "$vf")" != pciback ] || expect_rc 0 xlpt unhide "$vf"
echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs

note "what another guest has"
guest_start db1 pv
expect_rc 0 xlpt attach db1 --hide $nic
agree 1 web1 --hide $nic
says "^fails: in use: $nic is in use by db1"
agree 1 db1 $nic
says "^fails: in use: $nic is already with db1"
give_back db1 $nic

note "what a guest that is gone left"
expect_rc 0 xlpt attach db1 --hide $nic $nvme
xl destroy db1
wait_for 30 "db1 to be gone" lab_guest_gone db1
agree 0 web1 --hide $nic
for bdf in $nic $nvme; do
	[ "$(driver_of "$bdf")" != pciback ] || expect_rc 0 xlpt unhide "$bdf"
done

note "guests that are not ready, or not made for it"
xl pause web1
agree 1 web1 --hide $nic
says "^fails: guest runs: web1 is paused"
xl unpause web1
guest_start plain pv -passthrough
agree 1 plain --hide $nic
says "^fails: passthrough: "
guest_destroy plain
guest_start noe820 pv -e820_host
agree 1 noe820 --hide $nic
says "^fails: e820_host: "
agree 0 noe820 --hide --without-e820 $nic
guest_destroy noe820
# Paused: with Xen 4.17 its kernel crashes under emulation.
guest_config pvh1 pvh
xl create -p "$LAB_OUT/$lab_scenario/pvh1.cfg" || fail "xl create pvh1"
agree 1 pvh1 --hide $nic
says "^fails: guest type: "
guest_destroy pvh1

note "the hotplug budget"
mkdir -p /etc/xlpt
echo "hotplug-limit = 1" >/etc/xlpt/xlpt.conf
agree 4 web1 --hide $nic
says "^fails: hotplug budget: "
rm /etc/xlpt/xlpt.conf

note "start"
guest_destroy web1
# config FILE LINE...: of a PV guest called app1.
config() {
	local file=$1
	shift
	printf '%s\n' 'name="app1"' 'type="pv"' 'memory=256' 'vcpus=1' 'kernel="/lab/guest/vmlinuz"' \
		'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' 'on_poweroff="destroy"' \
		'on_reboot="destroy"' 'on_crash="destroy"' "$@" >"$file"
}

# starts WANT [OPTION...]: check and start of /run/lab/app1.cfg exit with the same.
starts() {
	local want=$1 got
	shift
	cat /run/lab/app1.cfg
	checks "$want" "$@" /run/lab/app1.cfg
	got=$(status_of /run/lab/done xlpt start "$@" /run/lab/app1.cfg)
	[ "$got" = "$checked" ] || fail "xlpt check: exit $checked, xlpt start: exit $got"
	[ "$got" = 0 ] || return 0
	guest_destroy app1
	expect_rc 0 xlpt repair
	[ "$(driver_of $nic)" != pciback ] || expect_rc 0 xlpt unhide $nic
}

config /run/lab/app1.cfg "pci=[ '$nic' ]"
starts 1
says "^fails: hidden: "
starts 0 --hide
config /run/lab/app1.cfg "pci=[ '0000:7f:00.0', '$own' ]"
starts 1 --hide
says "^fails: host needs: "
config /run/lab/app1.cfg "pci=[ '$nic,seize=1' ]" 'passthrough="disabled"'
starts 1
says "^fails: passthrough: "
config /run/lab/app1.cfg "pci=[ '02:00' ]"
starts 2

note "an HVM guest"
if [ "$LAB_XEN" = 4.17 ]; then
	hvm() {
		guest_idle win1
	}
	# It answers no detach.
	give_back() {
		guest_destroy win1
		expect_rc 0 xlpt repair
		shift
		expect_rc 0 xlpt unhide "$@"
		hvm
	}
else
	hvm() {
		guest_start win1 hvm
	}
fi
hvm
agree 1 win1 $nic
agree 0 win1 --hide $nic
says "^ok: guest type: win1 is an HVM guest"
agree 0 win1 --hide $nic@9
agree 1 win1 --hide $nic@1
says "^fails: virtual slot: "
expect_rc 0 xlpt attach win1 --hide $nic@8
xlpt status win1
agree 1 win1 --hide $second@8
says "^fails: virtual slot: slot 8 of win1 is taken"
[ "$(driver_of $second)" = e1000e ] || fail "$second is not back with e1000e"
give_back win1 $nic

note "$combinations combinations agree"
[ "$combinations" -ge 20 ] || fail "fewer than 20"
[ -z "$(ls /run/xlpt/journal)" ] || fail "a journal was left: $(ls /run/xlpt/journal)"
xlpt repair | grep -q "nothing to mend" || fail "repair found something"
