# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2153,SC2154
# What was learnt before never shows: after each of many changes, a check with all that the database holds gives what
# a check from nothing gives, byte for byte.

# shellcheck source=../kernel/lib.sh
. "$TESTS/kernel/lib.sh"

# The files to change: 25 units and 5 headers that they share.
files_to_change() {
	(cd "$TREE" && find drivers/iommu -name '*.c' | sort) | grep -Ff <(jq -r '.[].file' "$BUILD/compile_commands.json" |
		sed "s,^$TREE/,,") | head -n 25
	printf '%s\n' include/linux/iommu.h drivers/iommu/iommu-priv.h drivers/iommu/iommu-pages.h \
		drivers/iommu/amd/amd_iommu.h drivers/iommu/intel/iommu.h
}

check_both() {
	check_any "$HERE/again" --db "$HERE/kept.db"
	rm -f "$HERE"/fresh.db*
	check_any "$HERE/fresh" --db "$HERE/fresh.db"
	same "$HERE/fresh.txt" "$HERE/again.txt"
	same "$HERE/fresh.sarif" "$HERE/again.sarif"
	same "$HERE/fresh.status" "$HERE/again.status"
	same <(sed -n '/program:/,/findings:/p' "$HERE/fresh.err") <(sed -n '/program:/,/findings:/p' "$HERE/again.err")
}

# A change may well break a unit: what is said of that must be the same too.
check_any() {
	local out=$1 status=0
	shift
	(cd "$TREE" && "$DEVSCOPE" check -p "$BUILD" --stats --sarif "$out.sarif" "$@" drivers/iommu) >"$out.txt" 2>"$out.err" ||
		status=$?
	echo $status >"$out.status"
	[ "$status" -ne 2 ] || { cat "$out.err"; return 1; }
}

many_changes() {
	local i files n file
	kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
	mapfile -t files < <(files_to_change)
	n=${#files[@]}
	[ "$n" -eq 30 ] || { echo "$n files to change, not 30"; return 1; }
	check_any "$HERE/first" --db "$HERE/kept.db"
	for ((i = 0; i < ${1:-30}; i++)); do
		file=${files[(i * 7 + 3) % n]}
		save_file "$file"
		awk -v "seed=$((i * 7919 + 17))" -f "$TESTS/kernel/random.awk" "$TREE/$file" "$TREE/$file" >"$HERE/changed"
		cp "$HERE/changed" "$TREE/$file"
		if ! check_both; then
			echo "after change $i, of $file"
			restore_tree
			return 1
		fi
	done
	restore_tree
	check_both
	same "$HERE/first.txt" "$HERE/again.txt"
}

run_test incremental/changes many_changes
