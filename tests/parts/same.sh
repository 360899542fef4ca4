# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Same input, same bytes: however many processes, whatever was cached, in any order of
# units, wherever the tree lies.

# findings_of OUT DIR ARG...: text and SARIF of a check of the database in DIR.
findings_of() {
	local out=$1 dir=$2 status=0
	shift 2
	"$TESTED" check -p "$dir" --sarif "$out.sarif" "$@" >"$out.txt" 2>"$out.err" || status=$?
	[ "$status" -le 1 ] || { cat "$out.err"; return 1; }
}

both_same() {
	same "$1.txt" "$2.txt"
	same "$1.sarif" "$2.sarif"
}

number_of_processes() {
	compile_commands "$HERE/a" "$TESTS"/fixtures/*.c
	cp -r "$HERE/a" "$HERE/b"
	findings_of "$HERE/one" "$HERE/a" -j 1
	findings_of "$HERE/eight" "$HERE/b" -j 8
	both_same "$HERE/one" "$HERE/eight"
	grep -q . "$HERE/one.txt"
}

cache() {
	compile_commands "$HERE/a" "$TESTS"/fixtures/*.c
	findings_of "$HERE/first" "$HERE/a"
	findings_of "$HERE/second" "$HERE/a"
	findings_of "$HERE/third" "$HERE/a" --no-cache
	both_same "$HERE/first" "$HERE/second"
	both_same "$HERE/first" "$HERE/third"
}

order_of_units() {
	compile_commands "$HERE/a" "$TESTS"/fixtures/*.c
	mkdir "$HERE/b"
	jq reverse "$HERE/a/compile_commands.json" >"$HERE/b/compile_commands.json"
	findings_of "$HERE/forward" "$HERE/a"
	findings_of "$HERE/backward" "$HERE/b"
	both_same "$HERE/forward" "$HERE/backward"
}

place_of_tree() {
	mkdir -p "$HERE/some where/else"
	cp -r "$TESTS/fixtures" "$HERE/some where/else"
	compile_commands "$HERE/a" "$TESTS"/fixtures/*.c
	compile_commands "$HERE/b c" "$HERE/some where/else/fixtures"/*.c
	findings_of "$HERE/here" "$HERE/a"
	findings_of "$HERE/there" "$HERE/b c"
	both_same "$HERE/here" "$HERE/there"
}

# A unit that changed and changed back gives what it gave before.
change_and_back() {
	cp -r "$TESTS/fixtures" "$HERE/src"
	compile_commands "$HERE/a" "$HERE/src"/*.c
	findings_of "$HERE/before" "$HERE/a"
	cp -p "$HERE/src/lock-leak.c" "$HERE/kept.c"
	sed -i 's/mutex_unlock(/(void)(/' "$HERE/src/lock-leak.c"
	findings_of "$HERE/changed" "$HERE/a"
	! cmp -s "$HERE/before.txt" "$HERE/changed.txt" || { echo "the change was not seen"; return 1; }
	cp -p "$HERE/kept.c" "$HERE/src/lock-leak.c"
	findings_of "$HERE/after" "$HERE/a"
	both_same "$HERE/before" "$HERE/after"
}

run_test same/processes number_of_processes
run_test same/cache cache
run_test same/order order_of_units
run_test same/place place_of_tree
run_test same/change change_and_back
