# See tests/check-layers; the files of the house are its arguments.

function complain(what) {
	print what
	bad = 1
}

# The table: rooms in order, homes of headers and of calls.
function read_table(line, name, n, i, w) {
	while ((getline line < table) > 0) {
		sub(/#.*/, "", line)
		if (!match(line, /: *[^:]*$/) && line !~ /:$/)
			continue
		i = match(line, /:[^:]*$/)
		name = substr(line, 1, i - 1)
		n = split(substr(line, i + 1), w, " ")
		if (name ~ /^</) {
			headers[++n_headers] = "^(" substr(name, 2, length(name) - 2) ")$"
			header_home[n_headers] = join(w, n)
		} else if (name ~ /\(\)$/) {
			calls[++n_calls] = "(^|[^_A-Za-z0-9>.])(" substr(name, 1, length(name) - 2) ") ?\\("
			call_home[n_calls] = join(w, n)
		} else {
			order[name] = ++n_rooms
			for (i = 1; i <= n; i++) {
				if (!(w[i] in order)) {
					arrows_up++
					complain(table ": " name " names " w[i] ", which does not stand above it")
				}
				may[name, w[i]] = 1
			}
		}
	}
	if (!n_rooms)
		complain(table " cannot be read")
}

function join(w, n, i, s) {
	for (i = 1; i <= n; i++)
		s = s (i > 1 ? "|" : "") w[i]
	return "^(" s ")$"
}

function folder(path) {
	return substr(path, 1, match(path, /\/[^\/]*$/) - 1)
}

function check_include(line, name, to, i) {
	if (match(line, /^#include "[^"]*"/)) {
		name = substr(line, RSTART + 10, RLENGTH - 11)
		to = folder(name)
		if (to != room && !((room, to) in may)) {
			if (order[to] > order[room])
				arrows_up++
			complain(FILENAME ":" FNR ": " room " may not include \"" name "\"")
		}
		arrows++
	} else if (match(line, /^#include <[^>]*>/)) {
		name = substr(line, RSTART + 10, RLENGTH - 11)
		for (i = 1; i <= n_headers; i++)
			if (name ~ headers[i] && FILENAME !~ header_home[i])
				complain(FILENAME ":" FNR ": <" name "> has its home elsewhere")
	}
}

function end_of_file() {
	if (lines > MOST_LINES)
		complain(previous " has " lines " lines; " MOST_LINES " are enough for one file")
}

BEGIN {
	MOST_LINES = 400
	MOST_FUNCTION = 60
	table = "tests/rooms"
	read_table()
}

FNR == 1 {
	end_of_file()
	previous = FILENAME
	room = folder(FILENAME)
	start = 0
	comment = 0
	n_files++
	if (!(room in order))
		complain(FILENAME ": " room " is no room of " table)
}

{ lines = FNR }

/^#include/ { check_include($0) }

# A function: from the brace in the first column to the one that closes it.
/^\{/ { start = FNR }
/^\}/ {
	if (start) {
		n_functions++
		if (FNR - start + 1 > MOST_FUNCTION)
			complain(FILENAME ":" start ": a function of " FNR - start + 1 " lines; " MOST_FUNCTION " are enough")
	}
	start = 0
}

start {
	code = $0
	gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
	gsub(/\/\*.*\*\//, "", code)
	for (i = 1; i <= n_calls; i++)
		if (code ~ calls[i] && code !~ /^[ \t]*(\/?\*|\/\/)/ && FILENAME !~ call_home[i])
			complain(FILENAME ":" FNR ": called by hand: " substr(code, match(code, /[^ \t]/)))
}

END {
	end_of_file()
	if (bad)
		exit 1
	for (name in order)
		rooms++
	printf "  OK      layers: %d rooms, %d files, %d functions, %d includes, %d arrows up, 0 circles\n", \
		rooms, n_files, n_functions, arrows, arrows_up
}
