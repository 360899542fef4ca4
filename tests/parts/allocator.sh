# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
# The reference allocator (examples/domain_allocator) and the proposals beside it.

ALLOCATOR=$SOURCE/examples/domain_allocator
ALLOCATOR_WORK=$WORK/allocator

# make_allocator DIR CC CFLAGS TARGET...: built into the work folder, in a folder of its own.
make_allocator() {
	local out=$ALLOCATOR_WORK/$1 cc=$2 cflags=$3
	shift 3
	make -s -C "$ALLOCATOR" "O=$out" "CC=$cc" "CFLAGS=$cflags" "${@/#/$out/}"
}

# Each function by itself, with all its errors.
allocator_api() {
	make_allocator asan gcc '-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined' api
	"$ALLOCATOR_WORK/asan/api"
}

# Nine tenths and a half of all branches: what is left must be a decision, not an oversight.
allocator_coverage() {
	need_packages "libclang-rt-$LLVM-dev" "llvm-$LLVM"
	make_allocator coverage "clang-$LLVM" '-O0 -g -fprofile-instr-generate -fcoverage-mapping' api
	(cd "$HERE" && LLVM_PROFILE_FILE=$HERE/api.profraw "$ALLOCATOR_WORK/coverage/api")
	"llvm-profdata-$LLVM" merge -o "$HERE/api.profdata" "$HERE/api.profraw"
	"llvm-cov-$LLVM" export -summary-only -instr-profile="$HERE/api.profdata" "$ALLOCATOR_WORK/coverage/api" \
		"$ALLOCATOR"/{bus,device,domain,group}.c >"$HERE/coverage.json"
	"llvm-cov-$LLVM" show -show-branches=count -instr-profile="$HERE/api.profdata" "$ALLOCATOR_WORK/coverage/api" \
		"$ALLOCATOR"/{bus,device,domain,group}.c | grep -E '\[(True: 0|.*False: 0\])' || true
	jq -e '.data[0].totals | (.lines.percent | tostring) + " % of lines, " + (.branches.percent | tostring) + " % of branches",
		if .branches.percent >= 95 and .lines.percent >= 95 then true else false end' "$HERE/coverage.json"
}

# allocator_stress SANITIZER: eight threads, a few seconds, or a minute with --full.
allocator_stress() {
	local seconds=3
	[ "$full" = no ] || seconds=60
	make_allocator "stress-$1" gcc "-O1 -g -fsanitize=$1" stress
	"$ALLOCATOR_WORK/stress-$1/stress" $seconds >"$HERE/out" 2>&1 || { head -n 50 "$HERE/out"; return 1; }
	cat "$HERE/out"
	expect_text "$HERE/out" '^8 threads, '
	! grep -q 'Sanitizer' "$HERE/out"
}

# The examples' command: the reference in all orders, each wrong proposal failing in some.
# Its table is the one in the README.
allocator_table() {
	local options=() sum
	[ "$full" = no ] || options=(--full)
	"$ALLOCATOR/run" --devscope "$TESTED" --work "$ALLOCATOR_WORK" "${options[@]}" >"$HERE/said"
	cat "$HERE/said"
	grep '^|' "$HERE/said" >"$HERE/table"
	sum=$(awk '/^[a-z]+: all / && ++n <= 2 { sum += $3 } END { print sum }' "$HERE/said" |
		sed -E ':more; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; t more')
	expect_text "$SOURCE/README.md" "^has $sum schedules"
	if [ "$update" = yes ]; then
		awk -v table="$HERE/table" '/^\| proposal \|/ { while ((getline line < table) > 0) print line; inside = 1 }
			!/^\|/ { inside = 0 }
			!inside' "$SOURCE/README.md" >"$HERE/README.md"
		cp "$HERE/README.md" "$SOURCE/README.md"
	fi
	awk '/^\| proposal \|/ { inside = 1 } !/^\|/ { inside = 0 } inside' "$SOURCE/README.md" | diff -u - "$HERE/table"
}

# Each schedule that failed, fails again in the same way by the command that was printed, and is
# told; one that does not fit is refused.
allocator_replay() {
	local out=$ALLOCATOR_WORK/domain_allocator failure command n=0 name
	for name in escape get-device mutex-per-visit device-lock hand-off; do
		make -s -C "$ALLOCATOR" "O=$out" CC=gcc "$out/explore-$name"
		cd "$out" || return
		expect_status 1 "./explore-$name" --every-kind --preemptions 1
		cp "$HERE/out" "$HERE/failures"
		while IFS= read -r failure && read -r && read -r command; do
			expect_status 1 eval "$command"
			[ "$(tail -n 1 "$HERE/out")" = "$failure" ] || { echo "$command: not $failure"; return 1; }
			n=$((n + 1))
		done < <(grep -v ': all ' "$HERE/failures")
	done
	echo "$n schedules"
	[ $n -ge 8 ]
	expect_status 1 ./explore-escape
	command=$(sed -n 's,^  \./,./,p' "$HERE/out")
	expect_status 1 eval "$command"
	expect_text "$HERE/out" '^  remove +frees +device_put\(\) device.c:'
	expect_status 2 ./explore-escape --scenario hotplug --schedule 1:4
	expect_status 2 ./explore-escape --scenario hotplug --schedule x
	expect_status 0 ./explore-escape --scenario hotplug --schedule ''
}

# Whatever is taken out of the allocator is noticed.
allocator_mutants() {
	"$TESTS/allocator/mutants"
}

run_test allocator/api allocator_api
run_test allocator/coverage allocator_coverage
run_test allocator/stress-thread allocator_stress thread
run_test allocator/stress-address allocator_stress address,undefined
run_test allocator/table allocator_table
run_test allocator/replay allocator_replay
[ "$full" = no ] || run_test allocator/mutants allocator_mutants
