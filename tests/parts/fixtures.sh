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
