# bash completion for xlpt; the words come from the program itself (xlpt __complete line -- WORD...): what a command
# takes stands in its own record and in xl-plugin/cli/complete-line.c.
#
# Others choose the names of guests, interfaces and files. So a word is only compared and quoted. compgen -W is
# not used here, because it expands its list as the shell expands a command line.

# File names (-f) or folders (-d); readline quotes them.
_xlpt_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

# Whether bash has broken the line at this word: a colon or '=', which addresses and options have.
_xlpt_break() {
	[[ $1 == [:=] && $COMP_WORDBREAKS == *"$1"* ]]
}

_xlpt() {
	local cur=${COMP_WORDS[COMP_CWORD]} before='' i word quoted line=() words=()
	COMPREPLY=()
	# What bash has broken is put together again.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i > 1)) && { _xlpt_break "$word" || _xlpt_break "${COMP_WORDS[i-1]}"; }; then
			line[${#line[@]}-1]+=$word
		else
			line+=("$word")
		fi
	done
	! _xlpt_break "$cur" || cur=''
	word=${line[${#line[@]}-1]}
	# readline replaces only what is behind the last break.
	before=${word%"$cur"}
	# A function of that name may be anything, for example sudo.
	mapfile -t words < <(command xlpt __complete line -- "${line[@]}" 2>/dev/null)
	case ${words[0]-} in
	:files) _xlpt_files -f; return ;;
	:folders) _xlpt_files -d; return ;;
	esac
	local typed=$word
	for word in "${words[@]:1}"; do
		word=${word%%$'\t'*}
		[[ -n $word && $word != *[[:cntrl:]]* ]] || continue
		printf -v quoted %q "$word"
		[[ $word == "$typed"* || $quoted == "$typed"* ]] || continue
		COMPREPLY+=("${quoted#"$before"}")
		# Something has to follow.
		[[ $word != *[=:] ]] || compopt -o nospace 2>/dev/null
	done
}
complete -F _xlpt xlpt
