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
	local options=()
	[ "$full" = no ] || options=(--full)
	"$ALLOCATOR/run" --devscope "$TESTED" --work "$ALLOCATOR_WORK" "${options[@]}" >"$HERE/said"
	cat "$HERE/said"
	grep '^|' "$HERE/said" >"$HERE/table"
	if [ "$update" = yes ]; then
		awk -v table="$HERE/table" '/^\| proposal \|/ { while ((getline line < table) > 0) print line; inside = 1 }
			!/^\|/ { inside = 0 }
			!inside' "$SOURCE/README.md" >"$HERE/README.md"
		cp "$HERE/README.md" "$SOURCE/README.md"
	fi
	awk '/^\| proposal \|/ { inside = 1 } !/^\|/ { inside = 0 } inside' "$SOURCE/README.md" | diff -u - "$HERE/table"
}

# A schedule that fails, fails again when it is replayed, and is told; one that does not fit is refused.
allocator_replay() {
	local out=$ALLOCATOR_WORK/domain_allocator command
	make -s -C "$ALLOCATOR" "O=$out" CC=gcc "$out/explore-escape"
	cd "$out" || return
	expect_status 1 ./explore-escape
	command=$(sed -n 's,^  \./,./,p' "$HERE/out")
	expect_status 1 eval "$command"
	expect_text "$HERE/out" '^  remove +frees +device_put\(\) device.c:'
	expect_text "$HERE/out" '^hotplug: use of freed memory: allocate uses what remove freed$'
	expect_status 2 ./explore-escape --scenario hotplug --schedule 1:4
	expect_status 2 ./explore-escape --scenario hotplug --schedule x
	expect_status 0 ./explore-escape --scenario hotplug --schedule ''
}

run_test allocator/api allocator_api
run_test allocator/coverage allocator_coverage
run_test allocator/stress-thread allocator_stress thread
run_test allocator/stress-address allocator_stress address,undefined
run_test allocator/table allocator_table
run_test allocator/replay allocator_replay
