# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Unit tests, one program per module.

for program in "$TESTED_BUILD"/unit_*; do
	run_test "unit/$(basename "${program#*unit_}")" "$program"
done
