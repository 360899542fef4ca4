# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is wanted stands on the lines of the fixture itself: see wants.awk.

for file in "$TESTS"/fixtures/*.c; do
	run_test "fixtures/$(basename "$file" .c)" check_fixture "$file"
done

# Static variables of one name in two files are two.
statics_of_two_files() {
	printf '#include "%s"\nstatic struct mutex lock;\nvoid inner(void)\n{\n\tmutex_lock(&lock);\n\tmutex_unlock(&lock);\n}\n' \
		"$TESTS/fixtures/kernel.h" >"$HERE/a.c"
	printf '#include "%s"\nstatic struct mutex lock;\nvoid inner(void);\nvoid outer(void)\n{\n\tmutex_lock(&lock);\n\tinner();\n\tmutex_unlock(&lock);\n}\n' \
		"$TESTS/fixtures/kernel.h" >"$HERE/b.c"
	compile_commands "$HERE" "$HERE/a.c" "$HERE/b.c"
	expect_status 0 "$TESTED" check -p "$HERE"
	sed -i 's/^static //' "$HERE/a.c"
	sed -i 's/^static struct mutex lock/extern struct mutex lock/' "$HERE/b.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	expect_text "$HERE/out" "takes 'lock', which it holds already"
}

run_test fixtures/statics-of-two-files statics_of_two_files

# What rests on a guess is shown to who asks for it, and counted for all others.
doubtful() {
	compile_commands "$HERE" "$TESTS/fixtures/rcu-escape.c"
	expect_status 1 "$TESTED" check -p "$HERE"
	if grep -q 'pointer that may change' "$HERE/out"; then
		cat "$HERE/out"
		return 1
	fi
	expect_text "$HERE/err" 'rests on a guess'
	expect_status 1 "$TESTED" check -p "$HERE" --doubtful
	expect_text "$HERE/out" 'pointer that may change'
}

run_test fixtures/doubtful doubtful

# A function with more ways through it than anybody follows, each with other locks held, is gone through to its end, and
# what it does on all of them is known.
many_ways() {
	local i
	{
		printf '#include "%s"\nstruct port { struct mutex lock, m[10]; int flags; };\n' "$TESTS/fixtures/kernel.h"
		printf 'void port_open(struct port *p, int *want)\n{\n\tmutex_lock(&p->lock);\n'
		for i in 0 1 2 3 4 5 6 7 8 9; do
			printf '\tif (want[%d])\n\t\tmutex_lock(&p->m[%d]);\n' "$i" "$i"
		done
		printf '\tp->flags = 1;\n\tmutex_lock(&p->lock);\n}\n'
	} >"$HERE/many.c"
	compile_commands "$HERE" "$HERE/many.c"
	expect_status 1 "$TESTED" check --stats -p "$HERE"
	expect_text "$HERE/out" "takes 'p->lock', which it holds already"
	expect_text "$HERE/err" ', 0 over budget,'
}

run_test fixtures/many-ways many_ways
