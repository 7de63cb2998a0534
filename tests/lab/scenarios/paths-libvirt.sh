#!/bin/bash
# paths-libvirt - every path and function with libvirt's guests: there at their start, taken and given by xlpt and by virsh
# timeout: 5400
# machine: groups
# xen: 4.20
#
# Environment: TYPES (pv hvm): the guests.
# covers: pv libvirt hot,booted slot,.0,.n,vf.0,vf.n acs,no-acs,bridge,switch
# covers: hvm libvirt hot,booted slot,.0,.n,vf.0,vf.n acs,no-acs,bridge,switch
. "$LAB/lib.sh"
. "$LAB/paths-lib.sh"
. "$LAB/libvirt-lib.sh"

: "${GUEST_BOOT_SECONDS:=600}"
mapfile -t devices < <(everything)

# libvirt_lists GUEST [BDF...]: exactly these, and xlpt status finds no fault with that.
libvirt_lists() {
	local guest=$1 want said
	shift
	want=$(printf '%s\n' "$@" | sed '/^$/d' | sort | tr '\n' ' ')
	said=$(listed "$guest")
	[ "$said" = "$want" ] || { virsh -c $uri dumpxml "$guest"; fail "libvirt lists \"$said\", not \"$want\""; }
	! xlpt status "$guest" | grep -i "libvirt" || fail "xlpt status finds fault with libvirt's list"
}

# Who starts the guest here is libvirt: the VFs' addresses are with the PF before.
for n in "${!vfs[@]}"; do
	mac_of[${vfs[n]}]=52:54:00:00:01:0$n
	ip link set "$(basename "/sys/bus/pci/devices/$pf"/net/*)" vf "$n" mac "52:54:00:00:01:0$n"
done
note "devices: ${devices[*]}"
expect_rc 0 xlpt hide "${devices[@]}"
start_libvirtd
# libvirt resets a card behind a bridge only when it knows of each neighbour that nobody uses it.
for n in "${beside[@]}"; do
	expect_rc 0 virsh -c $uri nodedev-detach "pci_${bdf_of[$n]//[:.]/_}" --driver xen
done

# end NAME: what libvirt had managed goes to dom0's drivers with the guest.
end() {
	virsh -c $uri destroy "$1"
	virsh -c $uri undefine "$1"
	xlpt repair
	expect_rc 0 xlpt hide "${devices[@]}"
}

# both_ways NAME BDF...: xlpt gives and virsh takes, virsh gives and xlpt takes. The guest has none before and afterwards.
both_ways() {
	local name=$1 bdf words=()
	shift
	for bdf in "$@"; do
		words+=("$bdf${mac_of[$bdf]+,mac=${mac_of[$bdf]}}")
	done
	case " $* " in
	*" ${bdf_of[40]} ${bdf_of[41]} "*) words=("${bdf_of[40]%.*}.*" "${words[@]:2}") ;;
	esac
	guest_mark "$name"
	expect_rc 0 xlpt attach --hide --timeout 120 "$name" "${words[@]}"
	has "$name" "$@"
	libvirt_lists "$name" "$@"
	for bdf in "$@"; do
		expect_rc 0 virsh_detach "$name" "$bdf"
	done
	settle
	libvirt_lists "$name"
	guest_mark "$name"
	for bdf in "$@"; do
		expect_rc 0 virsh_attach "$name" "$bdf"
	done
	has "$name" "$@"
	libvirt_lists "$name" "$@"
	guest_mark "$name"
	expect_rc 0 xlpt detach --timeout 120 "$name" "$@"
	has_none "$name" $#
	libvirt_lists "$name"
}

# starts NAME TYPE BDF...: libvirt's guest, with these from its start.
starts() {
	local name=$1 type=$2
	shift 2
	note "$type: started by libvirt with $# devices"
	guest_config "$name" "$type" "pci=[ $(printf '"%s",' "$@") ]" '-vga' '-nographic'
	define "$name" "$LAB_OUT/$lab_scenario/$name.cfg"
	has "$name" "$@"
	libvirt_lists "$name" "$@"
}

pv_guest() {
	starts pv-all pv "${devices[@]}"
	guest_mark pv-all
	expect_rc 0 xlpt detach --timeout 120 pv-all "${devices[@]}"
	has_none pv-all
	libvirt_lists pv-all
	both_ways pv-all "${devices[@]}"
	end pv-all
}

# libxl takes an interrupt line from an HVM guest together with the first device that has it, so xlpt does not let libvirt
# take one of two with the same line. Without these, two and more rounds have all of them.
hvm_guest() {
	local bdf irq round left=("${devices[@]}") next
	local -A taken
	starts hvm-all hvm "${devices[@]}"
	expect_rc 3 xlpt detach hvm-all "${devices[@]}"
	has hvm-all "${devices[@]}"
	libvirt_lists hvm-all "${devices[@]}"
	end hvm-all
	guest_config hvm-none hvm '-vga' '-nographic'
	define hvm-none "$LAB_OUT/$lab_scenario/hvm-none.cfg"
	while [ ${#left[@]} != 0 ]; do
		taken=() round=() next=()
		for bdf in "${left[@]}"; do
			irq=$(cat "/sys/bus/pci/devices/$bdf/irq")
			if [ "$irq" != 0 ] && [ -n "${taken[$irq]-}" ]; then
				next+=("$bdf")
			else
				taken[$irq]=$bdf
				round+=("$bdf")
			fi
		done
		note "hvm: ${round[*]}"
		both_ways hvm-none "${round[@]}"
		left=("${next[@]}")
	done
	end hvm-none
}

for type in ${TYPES:-pv hvm}; do
	"${type}_guest"
done

stop_libvirtd
note "dom0 has everything again"
all_back
rm -rf "$work"
