# bash completion for xlpt; the words come from the program itself
#
# Others choose the names of guests, interfaces and files. So a word is only compared and quoted. compgen -W is
# not used here, because it expands its list as the shell expands a command line.

# Adds what the program answers: one word in each line.
_xlpt_ask() {
	mapfile -t -O "${#words[@]}" words < <(xlpt __complete "$@" 2>/dev/null)
}

# File names (-f) or folders (-d); readline quotes them.
_xlpt_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

# Offers the words that begin with what is typed; readline replaces only what is behind the last colon.
_xlpt_offer() {
	local word quoted
	COMPREPLY=()
	for word in "${words[@]}"; do
		[[ -n $word && $word != *[[:cntrl:]]* ]] || continue
		printf -v quoted %q "$word"
		[[ $word == "$before$cur"* || $quoted == "$before$cur"* ]] &&
			COMPREPLY+=("${quoted#"$before"}")
	done
}

_xlpt() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev='' before='' cmd='' i n=0 at=$COMP_CWORD words=()
	# bash breaks words at colons, which addresses have: what is typed begins at "at".
	if [[ $COMP_WORDBREAKS == *:* ]]; then
		while ((at > 1)) && [[ ${COMP_WORDS[at]} == : || ${COMP_WORDS[at-1]} == : ]]; do
			at=$((at - 1))
			before=${COMP_WORDS[at]}$before
		done
		[ "$cur" != : ] || { before=$before:; cur=''; }
	fi
	prev=${COMP_WORDS[at-1]}
	for ((i = 1; i < at; i++)); do
		[[ $COMP_WORDBREAKS == *:* && (${COMP_WORDS[i]} == : || ${COMP_WORDS[i-1]} == :) ]] && continue
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) if [ -z "$cmd" ]; then cmd=${COMP_WORDS[i]}; else n=$((n + 1)); fi ;;
		esac
	done
	[ "$cmd $prev" != 'list -o' ] || prev=--columns
	case $prev in
	--file | -f | --config | --edit | --network | --output | -o)
		_xlpt_files -f; return ;;
	--sysroot) _xlpt_files -d; return ;;
	--timeout | -t | --transport) return ;;
	--method | -m)
		words=(device_specific acpi flr af_flr pm bus cxl_bus); cmd=- ;;
	--force-host-device | --allow-split | --vf-of) cmd=devices ;;
	--guest) _xlpt_ask guests; cmd=- ;;
	--state) words=(dom0 host hidden assigned partial); cmd=- ;;
	--columns) words=(device driver state set reset sriov numa id guest parent class name); cmd=- ;;
	--class | --driver) return ;;
	esac
	if [ -z "$cmd" ]; then
		_xlpt_ask commands
	elif [ "$cmd" = - ]; then
		:
	elif [[ $cur == -* ]]; then
		_xlpt_ask options "$cmd"
	else
		case $cmd-$n in
		attach-0 | detach-0 | status-0) _xlpt_ask guests ;;
		convert-*) _xlpt_files -f; return ;;
		save-0 | migrate-0) _xlpt_ask guests ;;
		save-1 | restore-0) _xlpt_files -f; return ;;
		boot-0) words=(plan write verify remove) ;;
		pin-0) words=(list show remove) ;;
		pin-1) _xlpt_ask pins; _xlpt_ask devices ;;
		pool-0) words=(define import export list show undefine release) ;;
		pool-1)
			case " ${COMP_WORDS[*]} " in
			*' import '*) _xlpt_files -f; return ;;
			*' release '*) _xlpt_ask vfs ;;
			*) _xlpt_ask pools ;;
			esac
			;;
		pool-*)
			case " ${COMP_WORDS[*]} " in
			*' define '*) words=(pf= dev= policy=first policy=spread policy=numa managed=yes
				managed=no vlan= virtualport=) ;;
			*' release '*) _xlpt_ask vfs ;;
			esac
			;;
		start-0) _xlpt_files -f; return ;;
		find-*) words=(net: mac: disk: mount: usb: input: display: sound: tty: slot:)
			_xlpt_ask things; _xlpt_ask devices ;;
		attach-*) _xlpt_ask pools; words=("${words[@]/#/pool:}"); _xlpt_ask devices ;;
		vf-0) words=(list create remove persist set) ;;
		vf-1)
			case " ${COMP_WORDS[*]} " in
			*' set '*) _xlpt_ask vfs ;;
			*) _xlpt_ask pfs ;;
			esac
			;;
		vf-*)
			case " ${COMP_WORDS[*]} " in
			*' set '*) words=(mac= vlan= trust=on trust=off spoofchk=on spoofchk=off link=auto
				link=enable link=disable min_rate= max_rate= virtualport=802.1Qbh
				virtualport=802.1Qbg profileid= instanceid= hostid= managerid= typeid=
				typeidversion=) ;;
			esac
			;;
		guard-0) words=(check install remove status) ;;
		guard-*) words=(xl libvirt xendomains); _xlpt_ask guests ;;
		detach-* | boot-* | hide-* | unhide-* | show-0 | budget-* | reset-* | devices-*)
			_xlpt_ask devices ;;
		esac
	fi
	_xlpt_offer
}
complete -F _xlpt xlpt
