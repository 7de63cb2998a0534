# shellcheck shell=bash
# common.sh - shared by the lab's host side (deps, image, run): messages, tools, apt mirror, cache.

LAB=${LAB:?the sourcing script sets LAB to the directory tests/lab}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say() {
	printf 'lab: %s\n' "$*"
}

lab_cache() {
	printf '%s\n' "${XLPT_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xlpt-lab}"
}

# Every Debian archive this host's apt knows, as "codename component uri", one line each.
debian_archives() {
	# The format belongs to apt, not to the shell.
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)' \
		'Created-By: Packages' | awk -F'|' '$1 == "Debian" { print $2, $3, $4 }' | sort -u
}

host_codename() {
	(. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:-}")
}

# The address of the main archive (not the security one), from the host's own configuration.
debian_mirror() {
	local uri
	uri=$(debian_archives | awk -v c="$(host_codename)" '$1 == c && $2 == "main" { print $3; exit }')
	[ -n "$uri" ] || die "apt on this host knows no Debian main archive (is this Debian? run apt-get update)"
	printf '%s\n' "$uri"
}

qemu_version_ok() {
	local version
	version=$(qemu-system-x86_64 --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\)\..*/\1/p')
	[ "${version:-0}" -ge 8 ]
}

# need TOOL PACKAGE: collects what is missing; need_end prints it all at once and stops.
lab_missing=
need() {
	command -v "$1" >/dev/null 2>&1 || lab_missing="$lab_missing
  $1 (package $2)"
}

need_end() {
	[ -z "$lab_missing" ] ||
		die "missing tools:$lab_missing
As root, tests/lab/deps installs them all."
}

need_root() {
	[ "$(id -u)" = 0 ] || die "must run as root (it makes a root file system and bind mounts)"
}
