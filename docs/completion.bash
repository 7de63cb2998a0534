# bash completion for xlpt; the words come from the program itself
_xlpt() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= i n=0 words
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) if [ -z "$cmd" ]; then cmd=${COMP_WORDS[i]}; else n=$((n + 1)); fi ;;
		esac
	done
	[ "$cmd $prev" != 'list -o' ] || prev=--columns
	case $prev in
	--file | -f | --config | --edit | --network | --output | -o)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--sysroot) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--timeout | -t | --transport) return ;;
	--method | -m)
		mapfile -t COMPREPLY < <(compgen -W 'device_specific acpi flr af_flr pm bus cxl_bus' -- "$cur"); return ;;
	--force-host-device | --allow-split | --vf-of) cmd=devices ;;
	--guest) words=$(xlpt __complete guests 2>/dev/null); cmd=- ;;
	--state) words='dom0 host hidden assigned partial'; cmd=- ;;
	--columns) words='device driver state set reset sriov numa id guest parent class name'; cmd=- ;;
	--class | --driver) return ;;
	esac
	if [ -z "$cmd" ]; then
		words=$(xlpt __complete commands 2>/dev/null)
	elif [ "$cmd" = - ]; then
		:
	elif [[ $cur == -* ]]; then
		words=$(xlpt __complete options "$cmd" 2>/dev/null)
	else
		case $cmd-$n in
		attach-0 | detach-0 | status-0) words=$(xlpt __complete guests 2>/dev/null) ;;
		convert-*) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
		save-0 | migrate-0) words=$(xlpt __complete guests 2>/dev/null) ;;
		save-1 | restore-0) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
		boot-0) words='plan write verify remove' ;;
		pin-0) words='list show remove' ;;
		pin-1) words="$(xlpt __complete pins 2>/dev/null) $(xlpt __complete devices 2>/dev/null)" ;;
		pool-0) words='define import export list show undefine release' ;;
		pool-1)
			case " ${COMP_WORDS[*]} " in
			*' import '*) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
			*' release '*) words=$(xlpt __complete vfs 2>/dev/null) ;;
			*) words=$(xlpt __complete pools 2>/dev/null) ;;
			esac
			;;
		pool-*)
			case " ${COMP_WORDS[*]} " in
			*' define '*) words='pf= dev= policy=first policy=spread policy=numa managed=yes
				managed=no vlan= virtualport=' ;;
			*' release '*) words=$(xlpt __complete vfs 2>/dev/null) ;;
			esac
			;;
		start-0) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
		attach-*) words=$(xlpt __complete devices 2>/dev/null; xlpt __complete pools 2>/dev/null |
			sed 's/^/pool:/') ;;
		vf-0) words='list create remove set' ;;
		vf-1)
			case " ${COMP_WORDS[*]} " in
			*' set '*) words=$(xlpt __complete vfs 2>/dev/null) ;;
			*) words=$(xlpt __complete pfs 2>/dev/null) ;;
			esac
			;;
		vf-*)
			case " ${COMP_WORDS[*]} " in
			*' set '*) words='mac= vlan= trust=on trust=off spoofchk=on spoofchk=off link=auto
				link=enable link=disable min_rate= max_rate= virtualport=802.1Qbh
				virtualport=802.1Qbg profileid= instanceid= hostid= managerid= typeid=
				typeidversion=' ;;
			esac
			;;
		guard-0) words='check install remove status' ;;
		guard-*) words="xl libvirt xendomains $(xlpt __complete guests 2>/dev/null)" ;;
		detach-* | boot-* | hide-* | unhide-* | show-0 | budget-* | reset-* | devices-*)
			words=$(xlpt __complete devices 2>/dev/null) ;;
		esac
	fi
	# Addresses have colons, at which bash breaks words.
	if declare -F __ltrim_colon_completions >/dev/null; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		__ltrim_colon_completions "$cur"
	else
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	fi
}
complete -F _xlpt xlpt
