# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
# Mutants of the real kernel: one mistake at a time is put into functions that the tree at hand has, all by script, and
# what devscope says is counted. Needs tests/kernel/lib.sh. In the order of use:
#
#   mutants_of KIND FUNCTIONS	a line "found|missed|noisy|dead FILE LINE FUNCTION" for each mutant in so many functions
#   mutant_rate FILE		"found/all, noisy" of such lines
#
# dead: the compiler drops what was changed, so that there is nothing to find. It is not counted.

MUTANT_DIRS=(drivers/iommu drivers/base drivers/vfio kernel)

# The places for mutants of KIND in functions that are compiled in this tree, of FUNCTIONS functions evenly spread.
mutant_places() {
	local kind=$1 functions=$2
	sqlite3 -separator $'\t' "$BUILD/.devscope.db" 'SELECT DISTINCT file, name FROM func WHERE file IS NOT NULL' |
		sort >"$HERE/compiled"
	(cd "$TREE" && find "${MUTANT_DIRS[@]}" -name '*.c' | sort | xargs awk -v "kind=$kind" -f "$TESTS/kernel/candidates.awk") |
		awk -F '\t' -v OFS='\t' '{ print $1, $3, $2 }' | sort -k 1,1 -k 2,2 -k 3,3n |
		awk -F '\t' 'FNR == NR { compiled[$1, $2] = 1; next } ($1, $2) in compiled' "$HERE/compiled" - >"$HERE/places"
	awk -F '\t' -v want="$functions" '
		FNR == 1 { file++ }
		file == 1 { all += !(($1, $2) in seen); seen[$1, $2] = 1; next }
		!(($1, $2) in number) { number[$1, $2] = n++ }
		{ i = number[$1, $2] }
		all <= want || int(i * want / all) != int((i - 1) * want / all) || !i { print $1 "\t" $3 "\t" $2 }' \
		"$HERE/places" "$HERE/places"
}

# code_of DB FILE FUNCTION: a hash of what was read of it last.
code_of() {
	sqlite3 "$1" "SELECT hex(f.hash) FROM unit u JOIN unit_func x ON x.unit = u.id
		JOIN func f ON f.id = x.func WHERE u.file = '$2' AND f.file = '$2' AND u.ok AND f.name = '$3'
		ORDER BY u.id DESC LIMIT 1"
}

# mutant KIND FILE LINE FUNCTION: makes it, checks, and says whether it was found.
mutant() {
	local kind=$1 file=$2 line=$3 function=$4 verdict=found
	with_change "$file" "$HERE/mutant" awk -v "kind=$kind" -v "line=$line" -f "$TESTS/kernel/mutant.awk"
	comm -13 "$SCRATCH/untouched.lines" "$HERE/mutant.lines" >"$HERE/new"
	if [ "$(code_of "$SCRATCH/mutants.db" "$file" "$function")" = "$(code_of "$BUILD/.devscope.db" "$file" "$function")" ]
	then
		verdict=dead
	elif [ ! -s "$HERE/new" ]; then
		verdict=missed
	elif grep -qv " $function\$" "$HERE/new"; then
		verdict=noisy
	fi
	printf '%s %s %s %s\n' "$verdict" "$file" "$line" "$function"
	[ $verdict != noisy ] || sed 's/^/  /' "$HERE/new"
}

mutants_of() {
	local KERNEL_DIRS=("${MUTANT_DIRS[@]}") file line function
	untouched
	cp "$BUILD/.devscope.db" "$SCRATCH/mutants.db"	# what was read of the untouched tree stays apart
	KERNEL_DIRS=(--db "$SCRATCH/mutants.db" "${MUTANT_DIRS[@]}")
	mutant_places "$1" "$2" >"$HERE/chosen"
	while IFS=$'\t' read -r file line function; do
		mutant "$1" "$file" "$line" "$function"
	done <"$HERE/chosen"
}

mutant_rate() {
	awk '/^(found|noisy)/ { found++ } /^noisy/ { noisy++ } /^(found|noisy|missed)/ { all++ }
		END { printf "%d of %d found, %d with something elsewhere\n", found, all, noisy }' "$1"
}
