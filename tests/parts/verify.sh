# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# devscope verify: each kind of obligation, right and wrong; the reference allocator, all of it proven.

# The source's own folder is not written to.
verify_copy() {
	cp -r "$SOURCE/examples/domain_allocator" "$HERE/allocator"
	rm -f "$HERE/allocator/.devscope.db"*
}

# As the README says it, from a plain copy: all is proven, and what is printed adds up.
verify_reference() {
	verify_copy
	expect_status 0 "$TESTED" verify "$HERE/allocator"
	expect_text "$HERE/out" '^all [0-9]+ obligations are proven$'
	expect_text "$HERE/out" '^  Distinct paths are distinct objects'
	[ "$(grep -c ': proven: ' "$HERE/out")" = "$(awk '/^all +[0-9]+ +0$/ { print $2 }' "$HERE/out")" ]
	local kind
	for kind in borrow release reference held order promise loop; do
		expect_text "$HERE/out" "^$kind +[1-9][0-9]* +0 "
	done
	cp "$HERE/out" "$HERE/first"
	expect_status 0 "$TESTED" verify --format json "$HERE/allocator"
	jq -e '.proven and (.obligations | length) > 500 and ([.counts[].proven] | add) == (.obligations | length)
		and (.findings | length) == 0' "$HERE/out"
	expect_status 0 "$TESTED" verify --open -q "$HERE/allocator"
	! grep ': proven: ' "$HERE/out"
	[ ! -s "$HERE/err" ]
	expect_status 0 "$TESTED" verify -j1 --no-cache "$HERE/allocator"
	cmp "$HERE/first" "$HERE/out"
}

# A line taken out: the function is named. (verify/mutants takes out each.)
verify_broken() {
	verify_copy
	sed -i '/^static int alloc_if_any/,/^}/s/lock_release(&group->mutex);/{ }/' "$HERE/allocator/domain.c"
	expect_status 1 "$TESTED" verify --open "$HERE/allocator"
	expect_text "$HERE/out" '^domain\.c:[0-9]+:[0-9]+: open: release: iommu_group->mutex: still held at the return .* \[alloc_if_any\]$'
	expect_text "$HERE/out" '^[1-9][0-9]* of [0-9]+ obligations are open, 0 findings$'
	expect_status 1 "$TESTED" verify --format json --open "$HERE/allocator"
	jq -e '(.proven | not) and all(.obligations[]; .open) and any(.obligations[]; .kind == "release" and .function == "alloc_if_any")' \
		"$HERE/out"
}

# tests/verify/kinds.c says itself what must be open, and nothing else is.
verify_kinds() {
	compile_commands "$HERE/build" "$TESTS/verify/kinds.c"
	expect_status 1 "$TESTED" verify -p "$HERE/build" --models "$TESTS/verify/contracts.yaml" --open
	grep -oE 'kinds\.c:[0-9]+:[0-9]+: open: [a-z]+' "$HERE/out" | sed -E 's/.*c:([0-9]+):[0-9]+: open: /\1 /' | sort -u >"$HERE/said"
	grep -noE 'open: [a-z]+ \*/' "$TESTS/verify/kinds.c" | sed -E 's/:open: ([a-z]+) .*/ \1/' | sort -u >"$HERE/wanted"
	diff -u "$HERE/wanted" "$HERE/said"
	[ "$(cut -d' ' -f2 "$HERE/wanted" | sort -u | wc -l)" = 8 ]
}

# Mistakes in contracts and on the command line are said, with their place.
verify_mistakes() {
	verify_copy
	expect_status 2 "$TESTED" verify --format html "$HERE/allocator"
	expect_status 2 "$TESTED" verify -p "$HERE/allocator" -p "$HERE/allocator"
	expect_status 0 "$TESTED" verify --help
	expect_text "$HERE/out" 'devscope verify examples/domain_allocator'
	sed -i 's/gives: device dev}/gives: device dve}/' "$HERE/allocator/contracts.yaml"
	expect_status 2 "$TESTED" verify "$HERE/allocator"
	expect_text "$HERE/err" "contracts\.yaml:[0-9]+: no parameter is called 'dve'"
	sed -i 's/gives: device dve}/gives: device}/' "$HERE/allocator/contracts.yaml"
	expect_status 2 "$TESTED" verify "$HERE/allocator"
	expect_text "$HERE/err" "contracts\.yaml:[0-9]+: cannot understand the clause 'device'"
	sed -i 's/effect: link}/effect: glue}/' "$HERE/allocator/contracts.yaml"
	expect_status 2 "$TESTED" verify "$HERE/allocator"
	expect_text "$HERE/err" "contracts\.yaml:[0-9]+:[0-9]+: wrong value for 'effect'"
}

run_test verify/kinds verify_kinds
run_test verify/reference verify_reference
run_test verify/broken verify_broken
run_test verify/mistakes verify_mistakes
run_test verify/mutants "$TESTS/allocator/verify-mutants" "$TESTED"
