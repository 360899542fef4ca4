# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is wrong with the input is said, with what to do, and never taken for "clean".

# clean_unit FILE, bad_unit FILE: a unit without findings, and one with a lock-leak.
clean_unit() {
	printf '%s\n' '#include "kernel.h"' 'int clean(struct mutex *m) { mutex_lock(m); mutex_unlock(m); return 0; }' >"$1"
}

bad_unit() {
	printf '%s\n' '#include "kernel.h"' 'int leaks(struct mutex *m)' '{' '	mutex_lock(m);' '	if (do_work())' \
		'		return -EIO;' '	mutex_unlock(m);' '	return 0;' '}' >"$1"
}

missing_header() {
	clean_unit "$HERE/clean.c"
	printf '#include "no_such_header.h"\n' >"$HERE/broken.c"
	compile_commands "$HERE/build" "$HERE/clean.c" "$HERE/broken.c"
	expect_status 3 "$TESTED" check -p "$HERE/build" --sarif "$HERE/out.sarif"
	expect_text "$HERE/err" 'broken\.c'
	expect_text "$HERE/err" 'no_such_header\.h'
	jq -e '[.runs[].invocations[].toolExecutionNotifications[] | tostring] | any(test("broken"))' "$HERE/out.sarif"
	expect_status 0 "$TESTED" check -p "$HERE/build" --allow-incomplete
	bad_unit "$HERE/bad.c"
	compile_commands "$HERE/build" "$HERE/bad.c" "$HERE/broken.c"
	expect_status 1 "$TESTED" check -p "$HERE/build"
	expect_text "$HERE/out" 'bad\.c:6:.*\[lock-leak\]'
}

# counted STATUS RUN...: a check with --sarif, and whether clang was run ("none" or "some").
counted() {
	local want=$1 runs=$2
	shift 2
	rm -f "$HERE/runs"
	expect_status "$want" "$TESTED" check -p "$HERE/build" --clang "$HERE/counting" --sarif "$HERE/out.sarif" "$@"
	if [ "$runs" = none ] && [ -e "$HERE/runs" ]; then
		echo "clang was run:"
		cat "$HERE/runs" "$HERE/err"
		return 1
	fi
	[ "$runs" = none ] || [ -e "$HERE/runs" ] || { echo "clang was not run"; cat "$HERE/err"; return 1; }
}

# A tree with a clean unit and one that misses late.h, for counted().
counted_tree() {
	mkdir -p "$HERE"/tree/{first,second,units}
	clean_unit "$HERE/tree/clean.c"
	printf '#include "late.h"\nint from_late(void) { return LATE; }\n' >"$HERE/tree/units/late.c"
	compile_commands "$HERE/build" "$HERE/tree/clean.c" "$HERE/tree/units/late.c"
	jq --arg top "$HERE/tree" \
		'map(.arguments |= .[:1] + ["-I", "\($top)/first", "-I\($top)/none", "-I", "\($top)/second"] + .[1:])' \
		"$HERE/build/compile_commands.json" >"$HERE/commands"
	mv "$HERE/commands" "$HERE/build/compile_commands.json"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$*" >>%s/runs\n[ -e %s/sick ] && kill -9 $$\nexec clang-%s "$@"\n' \
		"$HERE" "$HERE" "$LLVM" >"$HERE/counting"
	chmod +x "$HERE/counting"
}

# The summary, but what was read now and how long that took.
said() {
	sed -e 's/[0-9]* read, [0-9]* known from before/READ/' -e '/^  time: /d' "$HERE/err"
}

# kept NAME, same_as NAME: what the last check said.
kept() {
	said >"$HERE/$1.err"
	cp "$HERE/out.sarif" "$HERE/$1.sarif"
}

same_as() {
	same "$HERE/$1.err" <(said)
	same "$HERE/$1.sarif" "$HERE/out.sarif"
}

# A unit that failed is not tried again before something changed that may mend it, and what is said is the same.
failures_are_remembered() {
	local place
	counted_tree
	counted 3 some
	kept first
	expect_text "$HERE/err" "late\.c:1:10: fatal error: 'late\.h' file not found"
	counted 3 none
	same_as first
	counted 3 some --no-cache
	same_as first
	for place in first second none units; do
		mkdir -p "$HERE/tree/$place"
		echo '#define LATE 3' >"$HERE/tree/$place/late.h"
		counted 0 some
		expect_text "$HERE/err" '2 units asked for: 1 read, 1 known from before, 0 failed'
		counted 0 none
		rm "$HERE/tree/$place/late.h"
		counted 3 none
		same_as first
	done
	printf 'int from_late(void) { return nothing; }\n' >"$HERE/tree/units/late.c"
	counted 3 some
	expect_text "$HERE/err" "late\.c:1:30: error: use of undeclared identifier 'nothing'"
	kept second
	counted 3 none
	same_as second
	printf 'int from_late(void) { return 3; }\n' >"$HERE/tree/units/late.c"
	counted 0 some
	mv "$HERE/tree/units/late.c" "$HERE/late.c"
	counted 3 some
	expect_text "$HERE/err" 'no such file or directory'
	kept third
	counted 3 none
	same_as third
	mv "$HERE/late.c" "$HERE/tree/units/late.c"
	counted 0 none
}

# What the machine was to blame for is tried again.
failures_pass() {
	counted_tree
	printf 'int from_late(void) { return 3; }\n' >"$HERE/tree/units/late.c"
	touch "$HERE/sick"
	counted 3 some
	counted 3 some
	rm "$HERE/sick"
	counted 0 some
	counted 0 none
}

# no_database CONTENT PATTERN: a compile database that is none.
no_database() {
	mkdir -p "$HERE/build"
	[ "$1" = none ] || printf '%s' "$1" >"$HERE/build/compile_commands.json"
	expect_status 2 "$TESTED" check -p "$HERE/build"
	expect_text "$HERE/err" "$2"
}

# With 100 kB for the files of the run. A kernel that lets nobody mount has nothing to show.
no_room() {
	compile_commands "$HERE/build" "$HERE/large.c"
	mkdir "$HERE/small"
	# shellcheck disable=SC2016
	local with_little=(unshare -rm sh -c 'mount -t tmpfs -o size=100k none "$0" && TMPDIR=$0 exec "$@"' "$HERE/small")
	if ! "${with_little[@]}" true; then
		echo "skipped: nothing can be mounted here"
		return 0
	fi
	printf 'int large[] = { %s };\n' "$(seq -s, 100000)" >"$HERE/large.c"
	expect_status 3 "${with_little[@]}" "$TESTED" check -p "$HERE/build"
	expect_text "$HERE/err" 'large\.c: .*hardly any room left in .*small: let TMPDIR name another folder'
	expect_status 0 "$TESTED" check -p "$HERE/build"
}

# A path of no unit: said, and nothing is left beside the database.
wrong_path() {
	clean_unit "$HERE/clean.c"
	compile_commands "$HERE/build" "$HERE/clean.c"
	expect_status 0 "$TESTED" check -p "$HERE/build" --db "$HERE/a.db"
	expect_status 2 "$TESTED" check -p "$HERE/build" --db "$HERE/a.db" "$HERE/no/such.c"
	expect_text "$HERE/err" 'no unit of this build is in .*no/such\.c: give a'
	expect_text <(cd "$HERE" && echo a.db*) '^a\.db$'
}

damaged_database() {
	clean_unit "$HERE/clean.c"
	compile_commands "$HERE/build" "$HERE/clean.c"
	printf 'this is no database, whatever its name says; it only has to be long enough to be read as one' >"$HERE/x.db"
	expect_status 2 "$TESTED" check -p "$HERE/build" --db "$HERE/x.db"
	expect_text "$HERE/err" 'x\.db'
	expect_status 0 "$TESTED" check -p "$HERE/build" --db "$HERE/y.db"
	dd if=/dev/zero of="$HERE/y.db" bs=4096 seek=1 count=4 conv=notrunc status=none
	expect_status 2 "$TESTED" check -p "$HERE/build" --db "$HERE/y.db"
	expect_text "$HERE/err" 'y\.db'
}

newer_database() {
	clean_unit "$HERE/clean.c"
	compile_commands "$HERE/build" "$HERE/clean.c"
	expect_status 0 "$TESTED" check -p "$HERE/build" --db "$HERE/x.db"
	sqlite3 "$HERE/x.db" 'PRAGMA user_version = 99'
	expect_status 2 "$TESTED" check -p "$HERE/build" --db "$HERE/x.db"
	expect_text "$HERE/err" 'newer'
}

model_mistake() {
	clean_unit "$HERE/clean.c"
	compile_commands "$HERE/build" "$HERE/clean.c"
	printf '%s\n' 'functions:' '  - name: my_lock' '    effects:' '      - tkae: 0' >"$HERE/mine.yaml"
	expect_status 2 "$TESTED" check -p "$HERE/build" --models "$HERE/mine.yaml"
	expect_text "$HERE/err" 'mine\.yaml:[0-9]+:[0-9]+'
}

# A name from the tree never is a command, a tag or a line of its own.
odd_name() {
	local odd=$1
	mkdir -p "$HERE/$(dirname "$odd")"
	bad_unit "$HERE/$odd"
	compile_commands "$HERE/build" "$HERE/$odd"
	expect_status 1 "$TESTED" check -p "$HERE/build" --sarif "$HERE/out.sarif"
	[ "$(grep -c 'lock-leak' "$HERE/out")" = 1 ] || { cat "$HERE/out"; return 1; }
	jq -e '.runs[0].results | length == 1' "$HERE/out.sarif"
	[ ! -e "$HERE/build/owned" ]
}

run_test input/missing-header missing_header
run_test input/failures-remembered failures_are_remembered
run_test input/failures-pass failures_pass
run_test input/no-database no_database none 'compdb'
run_test input/empty-database no_database '[]' 'compdb'
run_test input/not-json no_database '[{ "file": ' '[Ll]ine [0-9]+'
run_test input/no-room no_room
run_test input/wrong-path wrong_path
run_test input/damaged-store damaged_database
run_test input/newer-store newer_database
run_test input/model-mistake model_mistake
run_test input/name-quotes odd_name "it's \"odd\".c"
run_test input/name-newline odd_name $'two\nlines.c'
run_test input/name-tag odd_name '</script><b>.c'
# shellcheck disable=SC2016
run_test input/name-shell odd_name '$(touch owned);`touch owned`.c'
