# fish completion for xlpt; the words come from the program itself (xlpt __complete line -- WORD...)
#
# Others choose the names of guests and interfaces. fish takes the lines that a function prints as they are, and
# quotes what it inserts; nothing is expanded or run here.

function __xlpt_complete
    set -l typed (commandline -ct)
    set -l before (commandline -opc)
    # An empty word is one, too.
    set -l answer (command xlpt __complete line -- $before[2..-1] "$typed" 2>/dev/null)
    switch "$answer[1]"
        case ':files'
            __fish_complete_path "$typed"
        case ':folders'
            __fish_complete_directories "$typed"
        case ':words'
            set -e answer[1]
            string match -v -r '^\s*$' -- $answer
    end
end

complete -c xlpt -f -a '(__xlpt_complete)'
