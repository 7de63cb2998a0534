#!/bin/bash
# names - a guest, an interface and a mount point with hostile names: every command shows them harmlessly
# timeout: 900
# covers: pv xl hot .0 acs
# shellcheck disable=SC2016 # the $() in names are meant as they are
. "$LAB/lib.sh"

nic=0000:02:00.0
disk=0000:00:1f.2 # has dom0's root
other=0000:05:00.0
ran=/run/lab/ran # what a name makes that is run; no slash: xl names a file after the guest
evil=$'e\e[2J\e]0;t\a$(touch ran)`touch ran`;\xc2\x9b1m"x'
ifname=$'n\e[1m$(id)'
mount=$'/mnt/m\e[2J\e]0;t\a$(touch ran)\nsda / ext4'
out=/run/lab/names.out

# plain FILE COMMAND: nothing in it that a terminal acts on, and all of it is UTF-8.
plain() {
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" ||
		{ cat -v "$1"; fail "a control character in the output of: $2"; }
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null || fail "no UTF-8 in the output of: $2"
	[ ! -e $ran ] || fail "a name was run by: $2"
}

# shows N COMMAND...: exits with N; its output, also as JSON, is harmless.
shows() {
	local want=$1 got=0
	shift
	printf '$ %s\n' "$(printf '%q ' "$@")"
	"$@" >$out 2>&1 </dev/null || got=$?
	sed 's/^/  | /' $out
	plain $out "$*"
	[ "$got" = "$want" ] || fail "exit status $got, expected $want"
}

cd /run/lab
note "a guest, an interface, a mount point"
guest_mark evil
{
	printf 'name=%s\n' "'$evil'"
	printf '%s\n' 'type="pv"' memory=256 vcpus=1 'kernel="/lab/guest/vmlinuz"' 'ramdisk="/lab/guest/initrd"' \
		'cmdline="console=hvc0 loglevel=6"' e820_host=1 'passthrough="enabled"'
} >/run/lab/evil.cfg
xl create /run/lab/evil.cfg || fail "xl does not make such a guest"
domid=$(xl domid "$evil") || fail "xl does not find it by its name"
old=$(ls "/sys/bus/pci/devices/$other/net")
ip link set "$old" down
ip link set "$old" name "$ifname" || fail "the kernel does not take that name for an interface"
ip link set "$ifname" up
mkdir -p "$mount"
mount --bind /root "$mount"

note "commands that look"
shows 0 xlpt list
shows 0 xlpt list --json
for device in $nic $disk $other; do
	shows 0 xlpt show "$device"
	shows 0 xlpt show --json "$device"
done
shows 0 xlpt topology
shows 0 xlpt topology --dot
shows 0 xlpt topology --json

note "refusals that name them"
shows 3 xlpt hide $disk
shows 3 xlpt hide --json $disk
shows 3 xlpt boot plan $disk
shows 3 xlpt attach --hide "$evil" $disk

note "the guest gets a device"
expect_rc 0 xlpt hide $nic
shows 0 xlpt attach --dry-run "$evil" $nic
shows 0 xlpt attach "$evil" $nic
shows 0 xlpt status
shows 0 xlpt status --json
shows 0 xlpt status "$evil"
shows 0 xlpt list --guest "$evil"
shows 0 xlpt list --json
shows 0 xlpt topology --dot
shows 0 xlpt budget
shows 0 xlpt budget --json
shows 1 xlpt unhide $nic
shows 1 xlpt hide $nic
shows 3 xlpt save "$evil" /root/evil.image
shows 3 xlpt guard check "$evil"
shows 0 xlpt capture -o /run/lab/names.tar.gz
shows 0 xlpt capture --list
shows 0 xlpt detach "$evil" $nic
shows 0 xlpt repair --dry-run

note "completion"
! xlpt __complete guests | grep -q . || fail "a name that cannot be typed is offered"
xlpt __complete guests >$out
plain $out "__complete guests"
(
	# shellcheck disable=SC1091
	. "$LAB/../../docs/completion.bash"
	for line in 'attach ' 'vf create ' 'status ' 'detach '; do
		read -ra COMP_WORDS <<<"xlpt $line"
		COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		COMPREPLY=()
		_xlpt 2>/dev/null
		printf '%s\n' "${COMPREPLY[@]}"
	done
) >$out
plain $out "the shell's completion"

xl destroy "$domid"
umount "$mount"
ip link set "$ifname" down
ip link set "$ifname" name "$old"
