#!/bin/bash
# convert-pairs - a guest made from xl -> libvirt -> xl is the guest of the original, and guests of KVM boot
# timeout: 4800
# covers: -
#
# Each configuration in tests/data/pairs is created, paused, as it stands and once more after the way to
# libvirt's XML and back; what "xl list -l" says of the two must be the same. One that xl does not create
# as it stands is no pair: it is told and must be rare. Then, on 4.20 (64-bit Linux does not boot as HVM
# on 4.17 here), each domain in tests/data/kvm is converted for Xen, boots, and shows its disks and network
# cards. Environment: PAIRS, KVM (patterns of names; PAIRS=hvm-pci* KVM=-).
. "$LAB/lib.sh"

data=$LAB_PAYLOAD/src/tests/data
out=$LAB_OUT/$lab_scenario
run=/run/pairs
mkdir -p "$run" "$out"

problems=0
problem() {
	problems=$((problems + 1))
	printf 'PROBLEM: %s\n' "$*"
}

# --- what the configurations name ------------------------------------------------------------------

for module in xen-blkback xen-netback bridge loop tun; do modprobe "$module"; done
truncate -s 16M "$run/a.img" "$run/b.img"
losetup /dev/loop0 "$run/a.img"
losetup /dev/loop1 "$run/b.img"
ip link add pairs0 type bridge
ip link set pairs0 up
ln -s vif-bridge /etc/xen/scripts/vif-pairs
ln -s block /etc/xen/scripts/block-pairs
: >"$run/table"
# A boot loader as libxl wants one: what to boot goes to the file that --output= names, and belongs to
# libxl, which removes it.
cat >"$run/bootloader" <<'LOADER'
#!/bin/sh
for word; do
	case $word in
	--output=*) output=${word#--output=} ;;
	--output-directory=*) dir=${word#--output-directory=} ;;
	esac
done
cp /lab/guest/vmlinuz "$dir/kernel"
cp /lab/guest/initrd "$dir/ramdisk"
printf 'kernel %s/kernel\0ramdisk %s/ramdisk\0args from=loader\0' "$dir" "$dir" >"$output"
LOADER
chmod 755 "$run/bootloader"
for bdf in 02:00.0 04:00.0 04:00.1 05:00.0; do xl pci-assignable-add "$bdf" >/dev/null; done

# --- pairs -----------------------------------------------------------------------------------------

# state NAME FILE: what xl says of the guest, but for what is another's each time (its numbers), and for
# two things with two spellings: an address with the display behind it, and SDL, which is off either way.
state() {
	xl list -l "$1" | sed -E 's/("(domid|uuid)": ).*/\1.../
		s/"listen": "([0-9.]+):([0-9]+)"/"listen": "\1",\n                        "display": \2/
		/"sdl": \{/,/\}/{/"enable": "False"/d;/^ *$/d}' >"$2"
}

# create CFG NAME FILE: creates it paused, keeps what xl says of it in FILE, and destroys it. Of a PV guest that is destroyed
# while it is paused libxl leaves the backend and the notes of its devices, and the next guest would be refused: xlpt repair.
create() {
	xl create -q -p -e "$1" >"$run/said" 2>&1 || {
		guest_destroy "$2" >/dev/null 2>&1 || :
		return 1
	}
	state "$2" "$3"
	guest_destroy "$2"
	xlpt repair >"$run/repaired" 2>&1 || problem "$2: xlpt repair: $(cat "$run/repaired")"
	! grep -qi 'warn' "$run/said" || sed "s/^/   $2: /" "$run/said"
}

same=0 skipped=0 pv=0 hvm=0 pvh=0
# shellcheck disable=SC2086 # a pattern
for cfg in "$data"/pairs/${PAIRS:-*}.cfg; do
	[ -e "$cfg" ] || continue
	name=$(basename "$cfg" .cfg)
	back=$out/$name.back.cfg
	if ! create "$cfg" "$name" "$run/first"; then
		note "NO PAIR $name: xl does not create the original: $(head -n 1 "$run/said")"
		cp "$run/said" "$out/$name.refused"
		skipped=$((skipped + 1))
		continue
	fi
	if ! xlpt convert --to libvirt -o "$out/$name.xml" "$cfg" 2>"$run/told" ||
		! xlpt convert --to xl -o "$back" "$out/$name.xml" 2>>"$run/told"; then
		problem "$name: $(cat "$run/told")"
	elif ! create "$back" "$name" "$run/second"; then
		problem "$name: xl does not create the round trip: $(cat "$run/said")"
	elif ! diff -U1 "$run/first" "$run/second" >"$run/diff"; then
		problem "$name: the round trip is another guest"
		sed '1,2d' "$run/diff"
	else
		same=$((same + 1))
		case $name in pvh-*) pvh=$((pvh + 1)) ;; pv-*) pv=$((pv + 1)) ;; *) hvm=$((hvm + 1)) ;; esac
	fi
done
note "PAIRS $same the same ($pv PV, $hvm HVM, $pvh PVH), $skipped that xl does not create"
[ -n "${PAIRS:-}" ] || [ $same -ge 40 ] || problem "that is fewer than 40"

# --- guests of KVM ---------------------------------------------------------------------------------

# The guest's initramfs with the drivers that the check list of a conversion asks for.
extra_initrd() {
	local module path
	mkdir -p "$run/root/modules"
	# insmod wants them in order, behind those that are there.
	modprobe --show-depends -a xen-blkfront xen-netfront | awk '$1 == "insmod" { print $2 }' |
		while read -r path; do
			module=${path##*/}
			case $module in
			*.xz) busybox xz -dc "$path" >"$run/root/modules/9-${module%.xz}" ;;
			*) cp "$path" "$run/root/modules/9-$module" ;;
			esac
		done
	(cd "$run/root" && find . | cpio -o -H newc --owner 0:0 --quiet) >"$run/extra.cpio"
	cat /lab/guest/initrd "$run/extra.cpio" >"$run/initrd"
}

# sees NAME COMMAND REGEX: the command in the guest says so.
sees() {
	local text
	text=$(guest_run "$1" "$2") || :
	grep -Eq -- "$3" <<<"$text" || problem "$1: '$2' does not say '$3' but: $text"
}

boots=0
boot_kvm() {
	local xml=$1 name cfg disk mac
	name=$(basename "$xml" .xml)
	cfg=$out/$name.cfg
	xlpt convert --for-xen --explain -o "$cfg" "$xml" 2>"$out/$name.told" || {
		problem "$name: $(cat "$out/$name.told")"
		return
	}
	guest_mark "$name"
	xl create "$cfg" >"$run/said" 2>&1 || {
		problem "$name: xl create: $(cat "$run/said" "/var/log/xen/qemu-dm-$name.log")"
		return
	}
	# Long: a guest with less memory than it may have gives the difference back while it boots.
	if wait_for 480 "$name to be ready" guest_log_has "$name" 'GUEST ready'; then
		boots=$((boots + 1))
		while read -r disk; do
			sees "$name" 'cat /proc/partitions' "16384 $disk\$"
		done < <(sed -n 's/.*vdev=\(xvd[a-z]\),.*/\1/p' "$cfg")
		while read -r mac; do
			sees "$name" 'cat /sys/class/net/*/address' "$mac"
		done < <(sed -n 's/.*mac=\([0-9a-f:]*\).*/\1/p' "$cfg")
		! grep -q '^pci' "$cfg" || guest_sees "$name" 'GUEST pci .* 8086:10d3 e1000e' ||
			problem "$name does not drive its card"
		note "$name boots to its prompt"
	else
		problem "$name does not boot"
		tail -n 20 "$(guest_console "$name")" || :
		cp "/var/log/xen/qemu-dm-$name.log" "$out/" || :
	fi
	guest_destroy "$name"
}

if [ "$LAB_XEN" = 4.17 ]; then
	note "SKIPPED on 4.17: guests of KVM"
else
	extra_initrd
	# shellcheck disable=SC2086 # a pattern
	for xml in "$data"/kvm/${KVM:-*}.xml; do
		[ ! -e "$xml" ] || boot_kvm "$xml"
	done
	note "KVM $boots guests boot"
fi

# --- giving back -----------------------------------------------------------------------------------

losetup -d /dev/loop0
losetup -d /dev/loop1
ip link del pairs0
rm -rf "$run" /etc/xen/scripts/vif-pairs /etc/xen/scripts/block-pairs
[ $problems = 0 ] || fail "$problems problems, see above"
