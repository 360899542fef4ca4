# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2153,SC2154
# devscope as kbuild's checker: make C=2 CHECK="devscope cc".

# shellcheck source=../kernel/lib.sh
. "$TESTS/kernel/lib.sh"

# make_checked ARCH CHECKER TARGET...: in a copy of the build, whose objects are kept; output to $HERE/out and $HERE/err.
make_checked() {
	local checker=$2
	CHECKED=$WORK/${BUILD##*/}-checked
	[ -d "$CHECKED" ] || cp -a "$BUILD" "$CHECKED"
	kernel_make "$1" no
	MAKE_KERNEL=("${MAKE_KERNEL[@]/O=$BUILD/O=$CHECKED}")
	shift 2
	status_of "${MAKE_KERNEL[@]}" -j2 C=2 "CHECK=$checker" "$@" >"$HERE/status"
}

# Standard input without the findings that only a whole program shows.
of_one_unit() {
	awk '/^[^ ]+: (error|warning|advice): / { whole = /\[(lock-order|wait-deadlock)\]$/ } !whole'
}

# From nothing, two at once: what check says of the same units, line by line, in kbuild's way.
as_check_says() {
	kernel_tree "build-$1" "$1" no no "${KERNEL_DIRS[@]}"
	make_checked "$1" "$DEVSCOPE cc --db=$HERE/cold.db --color=never" drivers/iommu/
	expect_text "$HERE/status" '^0$'
	grep -E '^(drivers|include)/|^  fix: ' "$HERE/err" | sort >"$HERE/from-make"
	(cd "$TREE" && "$DEVSCOPE" check -q -p "$BUILD" --db "$HERE/check.db" drivers/iommu) >"$HERE/check.txt" || [ $? -eq 1 ]
	grep -q . "$HERE/from-make"
	of_one_unit <"$HERE/check.txt" | sort | diff -u - "$HERE/from-make"
}

# A finding stops make if so asked. What is already known does not count.
may_stop_make() {
	local one=drivers/iommu/amd/ppr.o
	kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
	make_checked x86 "$DEVSCOPE cc --db=$HERE/cold.db --fail-on=warning" "$one"
	expect_text "$HERE/status" '^2$'
	expect_text "$HERE/err" 'drivers/iommu/amd/ppr.c:[0-9]+:[0-9]+: warning: .*\[keeper-lost\]$'
	(cd "$TREE" && "$DEVSCOPE" check -q -p "$BUILD" --baseline "$HERE/known" --update-baseline drivers/iommu)
	make_checked x86 "$DEVSCOPE cc --db=$HERE/cold.db --fail-on=warning --baseline=$HERE/known" "$one"
	expect_text "$HERE/status" '^0$'
	[ ! -s "$HERE/err" ] || { cat "$HERE/err"; return 1; }
}

# By hand it says how it is used.
by_hand() {
	expect_status 2 "$TESTED" cc
	expect_text "$HERE/err" 'make C=1 CHECK="devscope cc"'
	expect_status 0 "$TESTED" cc --help
	expect_text "$HERE/out" 'C=2 CHECK="devscope cc"'
}

run_test kbuild/by-hand by_hand
run_test kbuild/x86 as_check_says x86
run_test kbuild/stops-make may_stop_make
[ "$full" = no ] || run_test kbuild/arm64 as_check_says arm64
