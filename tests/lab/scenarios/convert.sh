#!/bin/bash
# convert - what xlpt writes is accepted by xl and means what virsh makes of the same input (trixie)
# timeout: 400
. "$LAB/lib.sh"

data=$LAB_PAYLOAD/src/tests/data/convert
work=$(mktemp -d)
uri=xen:///system
virsh=no

# means FILE: the settings of a configuration in xlpt's own style, without comments
means() {
	xlpt convert --to xl "$1" 2>/dev/null | grep -Ev '^(#|$|uuid =)' | sort
}

# compare WHAT OURS THEIRS: says in what the two differ
compare() {
	means "$2" >"$work/ours"
	means "$3" >"$work/theirs"
	if diff "$work/theirs" "$work/ours" >"$work/diff"; then
		note "$1: the same as virsh"
	else
		note "$1: differs from virsh (<)"
		sed "s/^/   /" "$work/diff"
	fi
}

# Every configuration that is written must be read by xl itself.
for file in "$data"/*.xml "$data"/*.cfg; do
	name=$(basename "$file")
	case $name in network-*|*-network-pf.xml) continue ;; esac
	grep -q '<domain' "$file" || [ "${name##*.}" = cfg ] || continue
	xlpt convert --to xl "$file" >"$work/$name.cfg" 2>/dev/null || fail "xlpt convert $name"
	if xl create -n "$work/$name.cfg" >"$work/said" 2>&1; then
		note "$name: xl create -n accepts it"
	else
		# What this dom0 cannot give (a host device, a kernel file) is no matter of the grammar.
		! grep -iE 'parsing error|failed to parse|unknown' "$work/said" || fail "$name: xl does not parse it: $(cat "$work/said")"
		note "$name: $(tail -n 1 "$work/said")"
	fi
done

if command -v libvirtd >/dev/null; then
	libvirtd -d || fail "libvirtd does not start"
	wait_for 60 "libvirtd to answer" virsh -c $uri version && virsh=yes
fi
if [ $virsh = yes ]; then
	for file in "$data"/*.cfg; do
		name=$(basename "$file")
		if virsh -c $uri domxml-from-native xen-xl "$file" >"$work/virsh.xml" 2>"$work/said"; then
			compare "from $name" "$file" "$work/virsh.xml"
		else
			note "from $name: virsh cannot: $(head -n 1 "$work/said")"
		fi
	done
	for file in "$data"/*.xml; do
		name=$(basename "$file")
		grep -q '<domain' "$file" || continue
		if virsh -c $uri domxml-to-native xen-xl --xml "$file" >"$work/virsh.cfg" 2>"$work/said"; then
			compare "to $name" "$file" "$work/virsh.cfg"
		else
			note "to $name: virsh cannot: $(head -n 1 "$work/said")"
		fi
	done
	start=$(now_ms)
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		echo "domxml-from-native xen-xl $data/pv-passthrough.cfg"
	done | virsh -q -c $uri >/dev/null 2>&1 || :
	virsh_ms=$(($(now_ms) - start))
	mkdir "$work/many"
	for i in $(seq 500); do
		cp "$data/pv-passthrough.cfg" "$work/many/$i.cfg"
	done
	start=$(now_ms)
	xlpt convert -o "$work/out" "$work/many"
	xlpt_ms=$(($(now_ms) - start))
	note "BENCH convert: virsh, one shell, 10 files in $virsh_ms ms; xlpt 500 files in $xlpt_ms ms;" \
		"ratio $((virsh_ms * 50 / (xlpt_ms + 1)))"
fi
rm -rf "$work"
