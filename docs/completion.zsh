#compdef xlpt
# zsh completion for xlpt; the words come from the program itself (xlpt __complete line -- WORD...)
#
# Others choose the names of guests and interfaces. compadd takes them as they are, and quotes what it inserts;
# nothing is expanded or run here.

_xlpt() {
	emulate -L zsh
	local -a answer words_open shown_open words_done shown_done
	local line word shown
	# What is typed, without its quotes; the word up to the cursor is the last one.
	answer=("${(@f)$(_xlpt_ask "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")}")
	case ${answer[1]-} in
	:files) _files; return ;;
	:folders) _files -/; return ;;
	:words) ;;
	*) return 1 ;;
	esac
	for line in "${(@)answer[2,-1]}"; do
		word=${line%%$'\t'*}
		shown=$word
		[[ $line != *$'\t'* ]] || shown="$word  -- ${line#*$'\t'}"
		[[ -n $word && $word != *[[:cntrl:]]* ]] || continue
		if [[ $word == *[=:] ]]; then
			words_open+=("$word") shown_open+=("$shown")
		else
			words_done+=("$word") shown_done+=("$shown")
		fi
	done
	local found=1
	((! ${#words_done})) || compadd -l -d shown_done -a -- words_done && found=0
	# Something has to follow: no blank behind it.
	((! ${#words_open})) || compadd -l -S '' -d shown_open -a -- words_open && found=0
	return found
}

_xlpt_ask() {
	command xlpt __complete line -- "$@" 2>/dev/null
}

_xlpt "$@"
