# shellcheck shell=bash disable=SC2034
# machines.sh - the emulated machines a scenario can ask for with its "# machine: NAME" header.
#
# Every device sits behind its own root port (00:10.0, 00:11.0, ...), so the addresses in dom0 are
# the same on every boot. "default":
#
#   01:00.0           igb, SR-IOV physical function; its virtual functions appear at 01:10.0, 01:10.2, ...
#   02:00.0           e1000e
#   03:00.0           nvme, a scratch disk
#   04:00.0 04:00.1   e1000e twice, one slot of two functions
#   05:00.0           e1000e
#   06:00.0           pcie-pci-bridge
#   07:01.0 to 07:03.0   e1000 three times, all behind that bridge and so with one requester id
#   08:00.0           e1000e, dom0's own network card (the address 10.0.2.15 is put on it)
#
# "small": 01:00.0 igb, 02:00.0 e1000e, 03:00.0 e1000e (dom0's own). Boots faster, and igb's virtual
# functions work in it: a guest can use one, and not only see it. "small-shifted": one more root port with an e1000e
# in front, so that every bus is one further.
#
# "switch": 01:00.0 e1000e (dom0's own), 02:00.0 the upstream port of a PCIe switch,
# 03:00.0 to 03:02.0 its downstream ports, 04:00.0 05:00.0 06:00.0 e1000e behind them.
#
# "groups": what can and what cannot be kept apart. 00:02.0 and 00:02.1 root ports of one slot without
# ACS, 00:03.0 a conventional bridge; behind root ports with ACS an igb, two functions of one slot, a
# PCIe-to-PCI bridge with three functions, a PCIe switch, and dom0's own; the same switch behind a root
# port without ACS.

# "registers": cards with much to map: 01:00.0 pci-testdev (256 MiB in a 64-bit BAR), 02:00.0
# bochs-display (256 MiB in a 32-bit BAR), 03:00.0 e1000e (dom0's own). It has memory for a guest of 4 GB.
#
# "pins", "pins-shifted", "pins-swapped": one machine at three boots of a scenario about pins.
#   pins           01:00.0 e1000e, 02:00.0 nvme, 03:00.0 igb, 04:00.0 e1000e (dom0's own)
#   pins-shifted   one more root port with an e1000e in front, so that every bus is one further
#   pins-swapped   as shifted, but another e1000e is in the place of the first

machine=()

lab_port_count=0

# next_port [OPTION]: one more root port; its bus is called busN.
next_port() {
	lab_port_count=$((lab_port_count + 1))
	port=port$lab_port_count
	machine+=(-device "pcie-root-port,id=$port,bus=pcie.0,chassis=$lab_port_count,slot=$lab_port_count,addr=0x$((lab_port_count + 9)).0${1:+,$1}")
}

# lab_switch N: a PCIe switch with two e1000e on the current port.
lab_switch() {
	local n up=up$1 chassis=$((lab_port_count * 4 + 80))
	machine+=(-device "x3130-upstream,id=$up,bus=$port,addr=0.0")
	for n in 0 1; do
		machine+=(-device "xio3130-downstream,id=$up-$n,bus=$up,chassis=$((chassis + n)),slot=$((chassis + n)),addr=$n.0")
		port=$up-$n
		nic e1000e 0.0 "$n$1"
	done
}

# nic MODEL ADDR LAST-MAC-BYTE [backend]: a network card on the current port. Without an option ROM,
# because the firmware would run it on every boot.
nic() {
	local forward='' args="$1,bus=$port,addr=$2,mac=52:54:00:00:00:$3,romfile="
	if [ -n "${4:-}" ]; then
		# XLPT_LAB_SSH: that port of this host leads to the ssh of dom0's own card.
		[ "$3" != 80 ] || forward=${XLPT_LAB_SSH:+,hostfwd=tcp:127.0.0.1:$XLPT_LAB_SSH-:22}
		machine+=(-netdev "user,id=net$3,restrict=on$forward"
			-object "filter-dump,id=wire$3,netdev=net$3,file=$lab_wire/net$3.pcap")
		args="$args,netdev=net$3"
	fi
	machine+=(-device "$args")
}

# machine_devices NAME SCRATCH-DISK DIR: fills the array "machine" with QEMU's arguments. What goes
# over the wire of a card with a backend is kept in DIR/netNN.pcap. lab_memory: the machine's, in MB.
machine_devices() {
	local n lab_wire=$3
	lab_memory=3072
	machine=()
	lab_port_count=0
	case $1 in
	default)
		next_port; nic igb 0.0 10 backend
		next_port; nic e1000e 0.0 20
		next_port
		machine+=(-drive "if=none,id=scratch,format=raw,file=$2"
			-device "nvme,bus=$port,addr=0.0,serial=xlpt-lab,drive=scratch")
		next_port; nic e1000e,multifunction=on 0.0 40; nic e1000e 0.1 41
		next_port; nic e1000e 0.0 50
		next_port
		machine+=(-device "pcie-pci-bridge,id=bridge,bus=$port,addr=0.0")
		port=bridge
		for n in 1 2 3; do
			nic e1000 "$n.0" "7$n"
		done
		next_port; nic e1000e 0.0 80 backend
		;;
	small | small-shifted)
		if [ "$1" = small-shifted ]; then
			port=front
			machine+=(-device "pcie-root-port,id=front,bus=pcie.0,chassis=90,slot=90,addr=0x8.0")
			nic e1000e 0.0 90
		fi
		# With memory above 4 GB the firmware puts prefetchable windows there, too, and QEMU 10.0 takes a
		# VF's 64-bit BAR for a 32-bit one: its registers would be nowhere.
		lab_memory=2800
		next_port; nic igb 0.0 10 backend
		next_port; nic e1000e 0.0 20
		next_port; nic e1000e 0.0 80 backend
		;;
	switch)
		next_port; nic e1000e 0.0 80 backend
		next_port
		machine+=(-device "x3130-upstream,id=up,bus=$port,addr=0.0")
		for n in 0 1 2; do
			machine+=(-device "xio3130-downstream,id=down$n,bus=up,chassis=$((n + 40)),slot=$((n + 40)),addr=$n.0")
			port=down$n
			nic e1000e 0.0 "2$n"
		done
		;;
	pins | pins-shifted | pins-swapped)
		if [ "$1" != pins ]; then
			port=front
			machine+=(-device "pcie-root-port,id=front,bus=pcie.0,chassis=90,slot=90,addr=0x8.0")
			nic e1000e 0.0 90
		fi
		next_port
		if [ "$1" = pins-swapped ]; then nic e1000e 0.0 99; else nic e1000e 0.0 20; fi
		next_port
		machine+=(-drive "if=none,id=scratch,format=raw,file=$2"
			-device "nvme,bus=$port,addr=0.0,serial=xlpt-lab,drive=scratch")
		next_port; nic igb 0.0 10 backend
		next_port; nic e1000e 0.0 80 backend
		;;
	registers)
		lab_memory=7168
		next_port; machine+=(-device "pci-testdev,bus=$port,addr=0.0,membar=256M")
		next_port; machine+=(-device "bochs-display,bus=$port,addr=0.0,vgamem=256M,romfile=")
		next_port; nic e1000e 0.0 80 backend
		;;
	groups)
		lab_memory=2800 # as in small
		for n in 0 1; do
			port=mf$n
			machine+=(-device "pcie-root-port,id=mf$n,bus=pcie.0,chassis=$((n + 60)),slot=$((n + 60)),multifunction=on,disable-acs=on,addr=0x2.$n")
			nic e1000e 0.0 "6$n"
		done
		machine+=(-device "i82801b11-bridge,id=legacy,bus=pcie.0,addr=0x3.0")
		port=legacy
		nic e1000 1.0 65
		nic e1000 2.0 66
		next_port; nic igb 0.0 10 backend
		next_port; nic e1000e,multifunction=on 0.0 40; nic e1000e 0.1 41
		next_port
		machine+=(-device "pcie-pci-bridge,id=bridge,bus=$port,addr=0.0")
		port=bridge
		for n in 1 2 3; do
			nic e1000 "$n.0" "7$n"
		done
		next_port; lab_switch 1
		next_port disable-acs=on; lab_switch 2
		next_port; nic e1000e 0.0 80 backend
		;;
	*)
		die "no machine is called '$1' (see machines.sh)"
		;;
	esac
}
