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

# read_by DB: each unit with all that was read of it: its functions by content, its slots, its files.
read_by() {
	sqlite3 "$1" "SELECT u.file, u.ok, u.note, x.line, hex(f.hash) FROM unit u JOIN unit_func x ON x.unit = u.id
			JOIN func f ON f.id = x.func ORDER BY 1, 4, 5;
		SELECT u.file, s.struct, s.field, s.func, s.object, s.file, s.line, s.col FROM unit u
			JOIN slot s ON s.unit = u.id ORDER BY 1, 2, 3, 4, 5, 6, 7, 8;
		SELECT u.file, f.path, hex(f.hash) FROM unit u JOIN dep d ON d.unit = u.id
			JOIN file f ON f.id = d.file ORDER BY 1, 2"
}

# With and without precompiled headers the same is read, and most units are read with them.
kernel_pch() {
	local used
	check_kernel "$HERE/with" --no-cache --stats --db "$HERE/with.db" "${KERNEL_DIRS[@]}"
	check_kernel "$HERE/without" --no-cache --no-pch --db "$HERE/without.db" "${KERNEL_DIRS[@]}"
	same "$HERE/with.txt" "$HERE/without.txt"
	same "$HERE/with.sarif" "$HERE/without.sarif"
	read_by "$HERE/with.db" >"$HERE/with.read"
	read_by "$HERE/without.db" >"$HERE/without.read"
	same "$HERE/with.read" "$HERE/without.read"
	used=$(sed -n 's/.*precompiled headers: used for \([0-9]*\) units.*/\1/p' "$HERE/with.err")
	[ "${used:-0}" -ge 50 ] || { echo "precompiled headers were used for ${used:-no} units only"; return 1; }
}

# What the driver core holds where it calls buses is what the models say to who does not read it. Of a driver's own
# callbacks the callers are not known yet: they are handed on as values.
contexts_agree() {
	local slot bad=0
	untouched
	(cd "$TREE" && "$DEVSCOPE" dump contexts -p "$BUILD" drivers/base/dd.c) >"$HERE/contexts"
	while read -r slot; do
		grep -q "^$slot: device.mutex (mutex)" "$HERE/contexts" || { echo "$slot: callers do not hold it"; bad=1; }
	done < <(sed -nE 's/.*slot: (bus_type\.[a-z_]+), .*lock: device.mutex.*/\1/p' \
		"$SOURCE/rules/models/driver_core.yaml")
	[ $bad = 0 ] || cat "$HERE/contexts"
	return $bad
}

kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
run_test kernel/x86 untouched_is_expected
run_test kernel/contexts contexts_agree
run_test kernel/kinds lock_kinds
run_test kernel/same kernel_same
run_test kernel/pch kernel_pch
for edit in "$TESTS"/kernel/edits/*.edit; do
	run_test "kernel/$(basename "$edit" .edit)" edit_gives "$edit"
done
run_test kernel/unlock-controls controls_are expected-unlock.txt unlock_controls
