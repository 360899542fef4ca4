# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What is wanted stands on the lines of the fixture itself: see wants.awk.

for file in "$TESTS"/fixtures/*.c; do
	run_test "fixtures/$(basename "$file" .c)" check_fixture "$file"
done
