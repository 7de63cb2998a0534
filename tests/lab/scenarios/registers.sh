#!/bin/bash
# registers - room for 256 MiB of registers in HVM guests: what check says is what hvmloader and the guest's kernel do
# xen: 4.20
# timeout: 1800
# machine: registers
# covers: hvm xl hot,booted .0 acs
. "$LAB/lib.sh"

wide=0000:01:00.0   # region 2 has 256 MiB, 64 bits
narrow=0000:02:00.0 # region 0 has 256 MiB, 32 bits
said=/run/lab/said

# says WORDS: a line of the last check.
says() {
	grep -E "$1" $said || { cat $said; fail "check does not say: $1"; }
}

# checks WORD...: xlpt check says that it would work; what it says is in $said.
checks() {
	xlpt check "$@" >$said 2>&1 || { cat $said; fail "xlpt check $*"; }
}

# slot_of BDF: where the guest has it, as the last attach or start says.
slot_of() {
	sed -n "s/^$1 is attached to .* as \(0000:00:[0-9a-f.]*\)$/\1/p" $said.done
}

# lies GUEST BDF REGION WHERE: the guest's kernel has the region "nowhere", "below" or "above" 4 GiB.
lies() {
	local slot start where
	slot=$(slot_of "$2")
	[ -n "$slot" ] || { cat $said.done; fail "nothing says where $1 has $2"; }
	start=$(guest_run "$1" "sed -n $(($3 + 1))p /sys/bus/pci/devices/$slot/resource" | cut -d' ' -f1)
	where=above
	[ $((start)) -ge $((0x100000000)) ] || where=below
	[ $((start)) -ne 0 ] || where=nowhere
	note "$2, region $3: $start, $where"
	[ "$where" = "$4" ] || fail "$1 has region $3 of $2 at $start, expected $4"
}

# does COMMAND...: exit status 0; what it says is in $said.done.
does() {
	"$@" >$said.done 2>&1 || { cat $said.done; fail "$*"; }
	cat $said.done
}

note "a running guest: hvmloader left 192 MiB, and no kernel gets more"
guest_start win1 hvm
checks win1 --hide $wide $narrow
says "^warning: room for registers: win1 has no room for 256 MiB of the registers of $wide: .* left 192 MiB"
says "^warning: room for registers: win1 has no room for 256 MiB of the registers of $narrow: .* left 192 MiB"
does xlpt attach win1 --hide $wide $narrow
lies win1 $wide 2 nowhere
lies win1 $narrow 0 nowhere
guest_destroy win1
expect_rc 0 xlpt repair

# config MEMORY LINE...: of app1 with both cards.
config() {
	local memory=$1
	shift
	printf '%s\n' 'name="app1"' 'type="hvm"' "memory=$memory" 'vcpus=1' 'kernel="/lab/guest/vmlinuz"' \
		'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' 'on_poweroff="destroy"' \
		'on_reboot="destroy"' 'on_crash="destroy"' 'tsc_mode="native"' 'vga="none"' 'nographic=1' \
		'serial="pty"' "pci=[ '$wide', '$narrow' ]" "$@" >/run/lab/app1.cfg
	checks /run/lab/app1.cfg
}

starts() {
	guest_mark app1
	does xlpt start /run/lab/app1.cfg
	guest_sees app1 "GUEST ready" 300
	# A console ring that has wrapped may lack these.
	xl dmesg | grep -E "\(d$(xl domid app1)\).*(pci dev|MMIO hole|pci_mem_start|no space)" || :
}

note "a guest that is created with them: the hole grows"
config 320
says "^ok: room for registers: .* below 4 GiB for the registers of $wide, which take 256"
says "^ok: room for registers: .* below 4 GiB for the registers of $narrow, which take 256"
starts
lies app1 $wide 2 below
lies app1 $narrow 0 below
guest_destroy app1

note "one with 3600 MiB of memory, into which it cannot grow"
config 3600
says "^ok: room for registers: 256 MiB of the registers of $wide go above 4 GiB"
says "^warning: room for registers: app1 has no room for 256 MiB of the registers of $narrow: .* leaves 192 MiB"
mend=$(sed -n 's/^ *to mend: write mmio_hole=\([0-9]*\) into the configuration$/\1/p' $said)
[ -n "$mend" ] || { cat $said; fail "nothing mends it"; }
starts
lies app1 $wide 2 above
lies app1 $narrow 0 nowhere
guest_destroy app1

note "and what mends it: mmio_hole=$mend"
config 3600 "mmio_hole=$mend"
says "^ok: room for registers: .*$wide"
says "^ok: room for registers: .* below 4 GiB for the registers of $narrow"
starts
lies app1 $narrow 0 below
if grep -q "registers of $wide go above" $said; then lies app1 $wide 2 above; else lies app1 $wide 2 below; fi
guest_destroy app1
expect_rc 0 xlpt repair
expect_rc 0 xlpt unhide $wide $narrow
