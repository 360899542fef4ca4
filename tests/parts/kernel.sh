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

# Read again from nothing, one unit at a time: the same bytes.
kernel_same() {
	untouched
	check_kernel "$HERE/again" --no-cache -j 1 --db "$HERE/again.db" "${KERNEL_DIRS[@]}"
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
