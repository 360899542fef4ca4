# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Linux 6.12 for x86: what is found in it untouched, with the founding case put in, and
# with protection taken out.

# shellcheck source=../kernel/lib.sh
. "$TESTS/kernel/lib.sh"

untouched_is_expected() {
	untouched
	same "$TESTS/kernel/expected-x86.txt" "$SCRATCH/untouched.lines"
}

# Read again from nothing, in parts, one unit at a time, and joined: the same bytes.
kernel_same() {
	local i
	untouched
	for i in 1 2 3 4; do
		(cd "$TREE" && "$DEVSCOPE" capture -p "$BUILD" -j 1 --shard "$i/4" --db "$HERE/part-$i.db" "${KERNEL_DIRS[@]}")
	done
	"$DEVSCOPE" merge -p "$BUILD" --db "$HERE/again.db" "$HERE"/part-{4,1,3,2}.db
	check_kernel "$HERE/again" --db "$HERE/again.db" "${KERNEL_DIRS[@]}"
	expect_text "$HERE/again.err" ': 0 read, [0-9]+ known from before, 0 failed'
	same "$SCRATCH/untouched.txt" "$HERE/again.txt"
	same "$SCRATCH/untouched.sarif" "$HERE/again.sarif"
}

kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
run_test kernel/x86 untouched_is_expected
run_test kernel/same kernel_same
for edit in "$TESTS"/kernel/edits/*.edit; do
	run_test "kernel/$(basename "$edit" .edit)" edit_gives "$edit"
done
run_test kernel/unlock-controls controls_are expected-unlock.txt unlock_controls
