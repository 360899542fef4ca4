# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2153,SC2154
#
# What a check costs that follows another: nothing changed, one unit changed, in what a function returns or in what it
# calls, a header that many units read changed in a comment only. The tree is changed in place and put back.

HEADER=include/linux/device.h

# unit_to_change CASE: of the units in whose source some function returns 0, the one of the middle size, relative to the
# tree.
unit_to_change() {
	jq -r '.[].file' "$1/compile_commands.json" | while IFS= read -r file; do
		if [[ $file == "$TREE"/* ]] && grep -q '^	return 0;$' "$file" 2>/dev/null; then
			printf '%s %s\n' "$(wc -c <"$file")" "${file#"$TREE"/}"
		fi
	done | sort -n | awk '{ line[NR] = $2 } END { print line[int((NR + 1) / 2)] }'
}

# after_change CASE WHAT OF: a check after something changed, with what it did.
after_change() {
	row "$1" "check, $2" s "$3" "$(cpu warm check "$1")"
	row "$1" "  units captured" units '' "$(said read)"
	row "$1" "  functions simulated" functions '' "$(said 'simulated now')"
}

# one_unit CASE: a function of one unit returns something else; it calls something more, so that what goes by the calls
# of the whole program is looked for again.
one_unit() {
	local case=$1 file own
	file=$(unit_to_change "$case")
	[ -n "$file" ] || return 0
	jq -r --arg file "$TREE/$file" 'first(.[] | select(.file == $file)) | .arguments + [""] | .[]' \
		"$case/compile_commands.json" >"$case/one"
	own=$(cpu syntax_only "$case/one" 0 1)
	row "$case" "one unit, -fsyntax-only" s '' "$own"
	save_file "$file"
	sed -i '0,/^	return 0;$/s//	return 1;/' "$TREE/$file"
	after_change "$case" 'that unit changed' 'one unit, -fsyntax-only'
	sed -i '0,/^	return 1;$/s//	{ extern void dump_stack(void); dump_stack(); }\n	return 1;/' "$TREE/$file"
	after_change "$case" 'a call more in it' 'one unit, -fsyntax-only'
	restore_tree
}

# one_header CASE: no unit means anything else than before. What the change before it left is made good first.
one_header() {
	cpu warm check "$1" >/dev/null
	save_file "$HEADER"
	printf '/* A comment that was not there. */\n' >>"$TREE/$HEADER"
	after_change "$1" "comment in $(basename "$HEADER")" 'capture, from nothing'
	restore_tree
}

# changes CASE [header]: with a database that holds the whole case.
changes() {
	cpu warm check "$1" >/dev/null
	after_change "$1" 'nothing changed' 'clang -fsyntax-only'
	one_unit "$1"
	[ "${2:-}" != header ] || one_header "$1"
}
