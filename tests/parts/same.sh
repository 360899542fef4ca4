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

# A database that cannot be written, as CI hands one to many, serves as well; it is left as it is.
read_only_database() {
	local run=() sum
	[ "$(id -u)" -ne 0 ] || run=(setpriv "--bounding-set=-dac_override,-dac_read_search")
	compile_commands "$HERE/a" "$TESTS"/fixtures/*.c
	mkdir "$HERE/a database? 100%"
	findings_of "$HERE/first" "$HERE/a" --db "$HERE/a database? 100%/d.db"
	sum=$(sha256sum <"$HERE/a database? 100%/d.db")
	chmod a-w "$HERE/a database? 100%"
	"${run[@]}" "$TESTED" check --stats -p "$HERE/a" --db "$HERE/a database? 100%/d.db" --sarif "$HERE/second.sarif" \
		>"$HERE/second.txt" 2>"$HERE/second.err" || true
	chmod u+w "$HERE/a database? 100%"
	both_same "$HERE/first" "$HERE/second"
	expect_text "$HERE/second.err" 'cannot be written: it is used as it is'
	expect_text "$HERE/second.err" ' 0 read, '
	[ "$sum" = "$(sha256sum <"$HERE/a database? 100%/d.db")" ] && [ "$(ls "$HERE/a database? 100%")" = d.db ]
}

# A build folder whose name is how the name of a source begins.
build_beside_tree() {
	cp "$TESTS/fixtures/lock-leak.c" "$TESTS/fixtures/kernel.h" "$HERE"
	compile_commands "$HERE/a" "$HERE/lock-leak.c"
	compile_commands "$HERE/lock" "$HERE/lock-leak.c"
	findings_of "$HERE/here" "$HERE/a"
	findings_of "$HERE/there" "$HERE/lock"
	both_same "$HERE/here" "$HERE/there"
	expect_text "$HERE/there.txt" '^lock-leak\.c:'
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

# in_parts DIR TO: the build in DIR captured in four parts, each with a database of its own below TO.
in_parts() {
	local i
	mkdir -p "$2"
	for i in 1 2 3 4; do
		"$TESTED" capture -p "$1" --shard "$i/4" --db "$2/$i.db" 2>"$2/$i.err" || { cat "$2/$i.err"; return 1; }
		expect_text "$2/$i.err" ' 0 failed$'
	done
}

# Read in parts by several machines and joined in whatever order: as if one had read it, and nothing is read again.
parts_joined() {
	local n
	compile_commands "$HERE/a" "$TESTS"/fixtures/*.c
	n=$(jq length "$HERE/a/compile_commands.json")
	cp -r "$HERE/a" "$HERE/b"
	findings_of "$HERE/whole" "$HERE/b"
	in_parts "$HERE/a" "$HERE/parts/deeper"
	[ "$(cat "$HERE"/parts/deeper/*.err | grep -c "^devscope: $n units")" = 0 ] || { echo "one part has it all"; return 1; }
	"$TESTED" merge -p "$HERE/a" "$HERE"/parts/deeper/{1,2,3,4}.db
	findings_of "$HERE/joined" "$HERE/a"
	expect_text "$HERE/joined.err" "^devscope: $n units asked for: 0 read, $n known from before, 0 failed"
	both_same "$HERE/whole" "$HERE/joined"
	"$TESTED" merge -p "$HERE/a" --db "$HERE/other.db" "$HERE"/parts/deeper/{3,1}.db
	"$TESTED" merge -q -p "$HERE/a" --db "$HERE/other.db" "$HERE"/parts/deeper/{4,2,1}.db 2>"$HERE/quiet"
	[ ! -s "$HERE/quiet" ]
	findings_of "$HERE/disorder" "$HERE/a" --db "$HERE/other.db"
	expect_text "$HERE/disorder.err" ": 0 read, $n known from before, 0 failed"
	both_same "$HERE/whole" "$HERE/disorder"
}

# A database that was copied holds what it held: the build that it names is not there any more, or was not here. One
# whose build is there is another's.
database_copied() {
	local n
	compile_commands "$HERE/a" "$TESTS"/fixtures/lock-*.c
	n=$(jq length "$HERE/a/compile_commands.json")
	findings_of "$HERE/first" "$HERE/a"
	mkdir -p "$HERE/else/where" "$HERE/b"
	cp "$HERE/a/.devscope.db" "$HERE/else/where/copy.db"
	findings_of "$HERE/second" "$HERE/a" --db "$HERE/else/where/copy.db"
	expect_text "$HERE/second.err" ": 0 read, $n known from before, 0 failed"
	both_same "$HERE/first" "$HERE/second"
	cp "$HERE/a/compile_commands.json" "$HERE/a/.devscope.db" "$HERE/b"
	findings_of "$HERE/third" "$HERE/a" --db "$HERE/b/.devscope.db"
	expect_text "$HERE/third.err" ": $n read, 0 known from before, 0 failed"
}

# A unit stays in its part when others come, and no part forgets what the others have.
parts_are_stable() {
	local i
	compile_commands "$HERE/all" "$TESTS"/fixtures/*.c
	mkdir "$HERE/few"
	jq '[.[range(0; length; 3)]]' "$HERE/all/compile_commands.json" >"$HERE/few/compile_commands.json"
	for i in 1 2 3; do
		"$TESTED" capture -q -p "$HERE/all" --shard "$i/3" --db "$HERE/all-$i.db"
		"$TESTED" capture -q -p "$HERE/few" --shard "$i/3" --db "$HERE/few-$i.db"
		sqlite3 "$HERE/all-$i.db" 'SELECT file FROM unit' | sort >"$HERE/all-$i"
		sqlite3 "$HERE/few-$i.db" 'SELECT file FROM unit' | sort >"$HERE/few-$i"
		comm -13 "$HERE/all-$i" "$HERE/few-$i"
	done
	cat "$HERE"/few-? | sort | diff - <(jq -r '.[].file' "$HERE/few/compile_commands.json" | sed 's,.*/,,' | sort)
	[ -z "$(for i in 1 2 3; do comm -13 "$HERE/all-$i" "$HERE/few-$i"; done)" ]
	"$TESTED" capture -q -p "$HERE/all" --shard 1/3
	"$TESTED" capture -q -p "$HERE/all" --shard 2/3
	sqlite3 "$HERE/all/.devscope.db" 'SELECT file FROM unit' | sort | diff - <(sort "$HERE/all-1" "$HERE/all-2")
}

# A merge that is refused says why, and costs nothing.
parts_refused() {
	local bad
	compile_commands "$HERE/a" "$TESTS"/fixtures/{lock-leak,double-lock}.c
	findings_of "$HERE/before" "$HERE/a" lock-leak.c
	"$TESTED" capture -q -p "$HERE/a" --db "$HERE/good.db"
	echo letter >"$HERE/letter.db"
	for bad in "$HERE/letter.db" "$HERE/none.db" "$HERE/a/.devscope.db"; do
		expect_status 2 "$TESTED" merge -p "$HERE/a" "$HERE/good.db" "$bad"
		expect_text "$HERE/err" "error: $bad"
	done
	for bad in 0/4 5/4 1/ /4 1 1/4x -1/4; do
		expect_status 2 "$TESTED" capture -p "$HERE/a" --shard "$bad"
	done
	[ "$(sqlite3 "$HERE/a/.devscope.db" 'SELECT count(*) FROM unit')" = 1 ]
	findings_of "$HERE/after" "$HERE/a" lock-leak.c
	expect_text "$HERE/after.err" ': 0 read, 1 known'
	both_same "$HERE/before" "$HERE/after"
	echo '#error no' >"$HERE/broken.c"
	compile_commands "$HERE/b" "$HERE/broken.c"
	expect_status 3 "$TESTED" capture -p "$HERE/b"
	expect_status 0 "$TESTED" capture -p "$HERE/b" --allow-incomplete
}

# Of files that were read elsewhere only the content counts, whatever time they have here.
parts_times() {
	cp -r "$TESTS/fixtures" "$HERE/src"
	compile_commands "$HERE/a" "$HERE/src/lock-leak.c" "$HERE/src/double-lock.c"
	"$TESTED" capture -q -p "$HERE/a" --db "$HERE/part.db"
	"$TESTED" merge -q -p "$HERE/a" "$HERE/part.db"
	sed -i 's/mutex_unlock(/(void)      (/' "$HERE/src/lock-leak.c"
	touch -d @0 "$HERE"/src/*
	expect_status 0 "$TESTED" capture -p "$HERE/a"
	expect_text "$HERE/err" ': 1 read, 1 known'
}

# Who runs the compiler does not show. A launcher is one program; what it runs is a command of its own.
launchers() {
	local n
	need_packages ccache
	compile_commands "$HERE/a" "$TESTS"/fixtures/*.c
	findings_of "$HERE/plain" "$HERE/a"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$1" >>%s/launched\nexec "$@"\n' "$HERE" >"$HERE/launcher"
	chmod +x "$HERE/launcher"
	findings_of "$HERE/script" "$HERE/a" --no-cache --launcher "$HERE/launcher"
	both_same "$HERE/plain" "$HERE/script"
	n=$(jq length "$HERE/a/compile_commands.json")
	[ "$(wc -l <"$HERE/launched")" -ge "$n" ] || { echo "not each unit was launched"; cat "$HERE/launched"; return 1; }
	export CCACHE_DIR=$HERE/ccache
	findings_of "$HERE/cold" "$HERE/a" --no-cache --launcher ccache
	findings_of "$HERE/warm" "$HERE/a" --no-cache --launcher ccache
	both_same "$HERE/plain" "$HERE/cold"
	both_same "$HERE/plain" "$HERE/warm"
	ccache --print-stats >"$HERE/stats"
	expect_text "$HERE/stats" "^direct_cache_hit[[:space:]]+$n$"
	expect_status 2 "$TESTED" check -p "$HERE/a" --launcher no-such-launcher --no-cache
	expect_text "$HERE/err" 'no-such-launcher'
}

run_test same/processes number_of_processes
run_test same/cache cache
run_test same/order order_of_units
run_test same/place place_of_tree
run_test same/build-beside build_beside_tree
run_test same/read-only read_only_database
run_test same/change change_and_back
run_test same/database-copied database_copied
run_test same/parts parts_joined
run_test same/parts-stable parts_are_stable
run_test same/parts-refused parts_refused
run_test same/parts-times parts_times
run_test same/launchers launchers
