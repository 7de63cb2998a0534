#!/bin/bash
# convert - xl accepts what xlpt writes, it means what virsh makes of the same input, and how fast both are
# xen: 4.20
# timeout: 900
# covers: -
. "$LAB/lib.sh"

src=$LAB_PAYLOAD/src
data=$src/tests/data/convert
expected=$src/docs/convert-differences.list
out=$LAB_OUT/$lab_scenario
uri=xen:///system
work=$(mktemp -d -p /run)	# memory: the emulated disk is nobody's speed
mkdir -p "$out/in" "$out/xlpt" "$out/virsh"
: >"$work/found"

# problem TEXT: a failure that does not keep the rest from being looked at.
problems=0
problem() {
	problems=$((problems + 1))
	printf 'PROBLEM: %s\n' "$*"
}

# --- the corpus: every domain, and every lone device inside a domain of its own -------------------

for file in "$data"/*.xml "$data"/*.cfg; do
	name=$(basename "$file")
	if [ "${name##*.}" = cfg ] || grep -q '<domain' "$file"; then
		cp "$file" "$out/in/$name"
	elif ! grep -q '<network' "$file"; then
		{
			echo "<domain type='xen'><name>lone</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
			echo "<os><type arch='x86_64' machine='xenfv'>hvm</type></os><devices>"
			sed '/^<?xml/d;/<\/\?devices>/d' "$file"
			echo "</devices></domain>"
		} >"$out/in/$name"
	fi
done

# --- xl reads what xlpt writes --------------------------------------------------------------------

accepted=0
for file in "$out"/in/*; do
	name=$(basename "$file")
	cfg=$out/xlpt/$name.cfg
	xlpt convert --to xl -o "$cfg" "$file" 2>"$work/said" || {
		problem "xlpt convert $name: $(cat "$work/said")"
		continue
	}
	if xl create -n "$cfg" >"$work/said" 2>&1; then
		accepted=$((accepted + 1))
	elif [ "$name" = hvm-everything.cfg ] && grep -qi 'pnode' "$work/said"; then
		# Its second NUMA cell is to be on node 1; xl looks whether the host has it, and this one
		# has node 0 alone. Everything else of it is judged once that one number is changed.
		note "$name: $(tail -n 1 "$work/said")"
		sed 's/pnode=1/pnode=0/' "$cfg" >"$work/one-node.cfg"
		xl create -n "$work/one-node.cfg" >"$work/said" 2>&1 || problem "$name: $(cat "$work/said")"
		accepted=$((accepted + 1))
	else
		problem "$name: xl create -n refuses it: $(cat "$work/said")"
	fi
done
note "xl create -n accepts what xlpt writes of $accepted cases"

# --- virsh makes the same of it --------------------------------------------------------------------

libvirtd -d || fail "libvirtd does not start"
wait_for 60 "libvirtd to answer" virsh -c $uri version

# peer DIRECTION CASE: in what virsh's result and ours differ, a line each; what virsh cannot do is
# one line, too. Names made up by libvirt for what the input does not say are masked.
peer() {
	local direction=$1 name=$2 said=0 theirs ours=$work/ours
	if [ "$direction" = to-xl ]; then
		theirs=$out/virsh/$name.cfg
		virsh -q -c $uri domxml-to-native xen-xl --xml "$out/in/$name" >"$theirs" 2>"$work/said" || said=$?
		xlpt convert --to xl "$out/in/$name" >"$ours" 2>/dev/null
	else
		theirs=$out/virsh/$name.xml
		virsh -q -c $uri domxml-from-native xen-xl "$out/in/$name" >"$theirs" 2>"$work/said" || said=$?
		xlpt convert --to libvirt "$out/in/$name" >"$ours" 2>/dev/null
	fi
	if [ $said != 0 ]; then
		rm "$theirs"
		sed -n "/^error: ./{s/^/$direction $name virsh fails: /p;q}" "$work/said" >>"$work/found"
		return
	fi
	peers=$((peers + 1))
	echo "$direction $name" >>"$work/can"
	xlpt convert --compare "$theirs" "$ours" 2>"$work/said" | sed "s/^/$direction $name /" >>"$work/found"
	# What virsh writes may be nothing that xl reads: that is a difference, too.
	sed -n "s/^xlpt: [^ ]*:[0-9]*:[0-9]*: /$direction $name xlpt refuses virsh's result: /p" "$work/said" \
		>>"$work/found"
}

peers=0
: >"$work/can"
for file in "$out"/in/*.cfg; do peer to-libvirt "$(basename "$file")"; done
for file in "$out"/in/*.xml; do peer to-xl "$(basename "$file")"; done
sed -i "s/ uuid: [0-9a-f-]\{36\} -> (not said)/ uuid: RANDOM -> (not said)/" "$work/found"
cp "$work/found" "$out/found"
grep -v '^#' "$expected" | sed 's/^D[0-9]* //' | sort >"$work/want"
sort "$work/found" >"$work/got"
if ! diff -U0 "$work/want" "$work/got" >"$work/diff"; then
	sed '1,2d;/^@@/d' "$work/diff"
	problem "differences from virsh that docs/convert-differences.list does not have (+), or no longer (-)"
fi
note "$peers conversions of virsh's compared; $(grep -vc 'virsh fails' "$work/got") differences, each with its reason"

# --- how fast -------------------------------------------------------------------------------------

# The files that virsh can convert, 100 in each direction, the same to both.
files=100
mkdir "$work/to-xl" "$work/to-libvirt"
for direction in to-xl to-libvirt; do
	i=0
	grep -q "^$direction " "$work/can" || fail "virsh converts nothing $direction"
	while [ $i -lt $files ]; do
		while read -r _ name; do
			[ $i -lt $files ] || break
			cp "$out/in/$name" "$work/$direction/$i.${name##*.}"
			i=$((i + 1))
		done < <(grep "^$direction " "$work/can")
	done
done
for file in "$work"/to-xl/*; do echo "domxml-to-native xen-xl --xml $file"; done >"$work/commands"
for file in "$work"/to-libvirt/*; do echo "domxml-from-native xen-xl $file"; done >>"$work/commands"
start=$(now_ms)
virsh -q -c $uri <"$work/commands" >"$work/virsh.out" 2>&1 || :
virsh_ms=$(($(now_ms) - start))
! grep -m 1 '^error:' "$work/virsh.out" || problem "virsh did not convert all of them"
start=$(now_ms)
xlpt convert -o "$work/out" "$work/to-xl" "$work/to-libvirt" >/dev/null
xlpt_ms=$(($(now_ms) - start))
[ "$(find "$work/out" -type f | wc -l)" = $((2 * files)) ] || problem "xlpt did not convert all of them"
note "BENCH virsh $((2 * files)) $virsh_ms $xlpt_ms"
rm -rf "$work"
[ $problems = 0 ] || fail "$problems problems, see above"
