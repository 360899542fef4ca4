# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Known misses and known noise: fixtures that are right about the code and wrong about
# devscope. One that is met has become a fixture.

still_a_gap() {
	if check_fixture "$1"; then
		echo "$1 is met: move it to tests/fixtures"
		return 1
	fi
	grep -q 'AddressSanitizer\|runtime error' "$HERE/err" && { cat "$HERE/err"; return 1; }
	return 0
}

for file in "$TESTS"/gaps/*.c; do
	[ ! -f "$file" ] || run_test "gaps/$(basename "$file" .c)" still_a_gap "$file"
done
