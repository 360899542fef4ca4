# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2153,SC2154
#
# What the measurements of tests/bench share. A case is a folder below $SCRATCH with a compile database; what is
# measured of it is a line of JSON each in its file "rows": what, in which unit, the values of all rounds, and the row
# it is a ratio of.

# cpu COMMAND...: seconds of CPU it and its children take. What it says is in $SCRATCH/out.
cpu() {
	local TIMEFORMAT='%U %S' status=0
	{ time "$@" >"$SCRATCH/out" 2>&1 || status=$?; } 2>"$SCRATCH/time"
	# 1: findings; 3: a unit that the dry run of make cannot list the headers of
	[ "$status" -le 1 ] || [ "$status" -eq 3 ] || { cat "$SCRATCH/out" >&2; fail "failed: $1 (status $status)"; }
	awk '{ printf "%.2f\n", $1 + $2 }' "$SCRATCH/time"
}

# syntax_of FILE FIRST STEP WORD...: of the units in the file, the one of that number from 0 and each that many further on:
# its own command, made to parse and no more.
syntax_of() {
	local word skip=no line=() unit=0 file=$1 first=$2 step=$3
	shift 3
	cd "$BUILD" || return
	while IFS= read -r word; do
		case $skip$word in
		yes*) skip=no ;;
		no)
			if [ $((unit % step)) -eq "$first" ]; then "${line[@]}" -fsyntax-only "$@" || true; fi
			line=() unit=$((unit + 1))
			;;
		no-o) skip=yes ;;
		no-c | no-Wp,-M*) ;;
		*) line+=("$word") ;;
		esac
	done <"$file"
}

# syntax_only FILE PART PARTS WORD...: each so-many-th unit, on all cores, as devscope works.
syntax_only() {
	local core cores file=$1 part=$2 parts=$3
	cores=$(nproc)
	shift 3
	for ((core = 0; core < cores; core++)); do
		syntax_of "$file" $((part + core * parts)) $((cores * parts)) "$@" &
	done
	wait
}

# warm capture|check CASE ARG...: with what is known from before. Notes the peak memory of any process, in KiB.
warm() {
	local command=$1 case=$2
	shift 2
	/usr/bin/time -q -a -o "$case/$command.peak" -f %M \
		"$DEVSCOPE" "$command" --stats -p "$case" --db "$case/kept.db" "$@"
}

# cold ...: the same, from nothing.
cold() {
	rm -f "$2"/kept.db*
	warm "$@"
}

# new_case NAME: sets CASE, a folder with the compile database on stdin, and in "arguments" the words of its units one
# a line, an empty line after each unit.
new_case() {
	CASE=$SCRATCH/$1
	mkdir -p "$CASE"
	jq . >"$CASE/compile_commands.json"
	jq -r '.[].arguments + [""] | .[]' "$CASE/compile_commands.json" >"$CASE/arguments"
	jq -cn --arg name "$1" '$name' >"$CASE/name"
}

# units_of CASE
units_of() {
	grep -c '^$' "$1/arguments"
}

# row CASE WHAT UNIT OF VALUE...: OF is the row that this is a ratio of, or "".
row() {
	local case=$1 what=$2 unit=$3 of=$4
	shift 4
	jq -cn --arg what "$what" --arg unit "$unit" --arg of "$of" \
		'{ what: $what, unit: $unit, of: $of, values: [$ARGS.positional[] | tonumber] }' --args -- "$@" >>"$case/rows"
}

# rows_of CASE WHAT UNIT OF FILE: the values in a file, a line each.
rows_of() {
	local values
	mapfile -t values <"$5"
	row "$1" "$2" "$3" "$4" "${values[@]}"
}

# said PATTERN: the number in front of a word that the last command under cpu said.
said() {
	grep -oE "[0-9]+ $1|$1: [0-9]+" "$SCRATCH/out" | grep -oE '[0-9]+' | head -n 1
}

# results: all cases as JSON, with medians and ratios.
results() {
	local case
	for case in "${cases[@]}"; do
		jq -s --slurpfile name "$case/name" --argjson units "$(units_of "$case")" '
			def median: sort | .[(length - 1) / 2 | floor];
			map(.median = (.values | median)) | . as $rows |
			{ name: $name[0], units: $units, rows: map(. as $row | .ratio = first(($rows[] |
				select(.what == $row.of and .median > 0) | $row.median / .median * 1000 | round / 1000), null)) }' \
			"$case/rows"
	done | jq -s .
}

# table: results on stdin, for people.
table() {
	{
		printf 'case (units)\twhat\tvalue\t \tratio\tof\n'
		jq -r '.[] | . as $case | .rows[] | ["\($case.name) (\($case.units))", .what, .median, .unit,
			(if .ratio == null then "" else .ratio end), (if .ratio == null then "" else .of end)] | @tsv'
	} | awk -F '\t' '{ printf "%-20s %-38s %10s %-10s %7s  %s\n", $1, $2, $3, $4, $5, $6 }'
}
