# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
#
# What all parts of tests/run use. A test is a shell function that prints what is wrong
# and returns non-zero; run_test gives it a name and counts it. It runs in a subshell,
# with an empty folder $HERE of its own.

passed=0 failed=0

# A part is run if some name given with --only could be in it.
part_wanted() {
	local name
	case $1 in full | incremental | query) [ "$full" = yes ] || return 1 ;; esac
	[ ${#only[@]} -gt 0 ] || return 0
	for name in "${only[@]}"; do
		# shellcheck disable=SC2053
		[[ $1 == ${name%%/*} ]] && return 0
	done
	return 1
}

test_wanted() {
	local name
	[ ${#only[@]} -gt 0 ] || return 0
	for name in "${only[@]}"; do
		# shellcheck disable=SC2053
		[[ $1 == $name || $1 == $name/* ]] && return 0
	done
	return 1
}

# run_test NAME COMMAND ARG...
run_test() {
	local name=$1 log=$SCRATCH/log started=$SECONDS took='' status
	shift
	test_wanted "$name" || return 0
	HERE=$SCRATCH/here
	rm -rf "$HERE"
	mkdir -p "$HERE"
	set +e	# within an "if" or "||" the shell would not stop at what fails
	(set -euo pipefail; "$@") >"$log" 2>&1 </dev/null
	status=$?
	set -e
	if [ $status -eq 0 ]; then
		passed=$((passed + 1))
		[ $((SECONDS - started)) -lt 5 ] || took=" ($((SECONDS - started)) s)"
		printf 'ok %s%s\n' "$name" "$took"
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n' "$name"
		head -n 60 "$log" | sed 's/^/  | /'
	fi
}

# status_of COMMAND ARG...: run it, output to $HERE/out and $HERE/err, and print its status.
status_of() {
	local status=0
	"$@" >"$HERE/out" 2>"$HERE/err" || status=$?
	echo "$status"
}

# expect_status STATUS COMMAND ARG...
expect_status() {
	local want=$1 got
	shift
	got=$(status_of "$@")
	[ "$got" = "$want" ] && return 0
	printf 'status %s, not %s, of: %s\n' "$got" "$want" "$*"
	cat "$HERE/out" "$HERE/err"
	return 1
}

# expect_text FILE PATTERN: an extended regular expression.
expect_text() {
	grep -qE -- "$2" "$1" && return 0
	printf '%s is not in:\n' "$2"
	cat "$1"
	return 1
}

# compile_commands DIR FILE...: a compile database in DIR for FILEs, in this order.
compile_commands() {
	local dir=$1
	shift
	mkdir -p "$dir"
	jq -n --arg dir "$dir" --arg stub "$TESTS/fixtures" --arg clang "clang-$LLVM" \
		'[$ARGS.positional[] | { directory: $dir, file: ., arguments: [$clang, "-std=gnu11", "-O2", "-D__KERNEL__",
		"-I", $stub, "-c", "-o", "unit.o", .] }]' --args -- "$@" >"$dir/compile_commands.json"
}

# check_fixture FILE: one unit, one program; what is wanted stands on its lines.
check_fixture() {
	local status
	compile_commands "$HERE/build" "$1"
	status=$(status_of "$TESTED" check --doubtful -p "$HERE/build")
	if [ "$status" -gt 1 ]; then
		printf 'status %s\n' "$status"
		cat "$HERE/err"
		return 1
	fi
	awk -f "$TESTS/wants.awk" "$1" "$HERE/out"
}

# sarif_lines FILE: a line "rule path function" for each result, sorted.
sarif_lines() {
	jq -r '.runs[].results[] | [.ruleId, .locations[0].physicalLocation.artifactLocation.uri,
		.locations[0].logicalLocations[0].name] | join(" ")' "$1" | sort
}

# same FILE FILE: equal, or show how they differ. With --update the first is written anew.
same() {
	if [ "$update" = yes ] && [[ $1 == "$TESTS"/* ]]; then
		cp "$2" "$1"
		return 0
	fi
	diff -u "$1" "$2"
}
