# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2153,SC2154
#
# Does a unit cost more the more there are? Parts of the whole defconfig in the order of $SCRATCH/shuffled, each with the
# smaller ones in it, captured and analysed from nothing.

# per_unit CASE WHAT BASE SECONDS: a row with milliseconds for each unit; the ratio is to the same of BASE units.
per_unit() {
	local units
	units=$(units_of "$1")
	row "$1" "$2, $units units" ms/unit "$2, $3 units" \
		"$(awk -v n="$units" -v s="$4" 'BEGIN { printf "%.1f\n", s * 1000 / n }')"
}

# growth UNITS: so many, and two, four and eight times as many.
growth() {
	local times
	for times in 1 2 4 8; do
		head -n $(($1 * times)) "$SCRATCH/shuffled" | jq -s . >"$SCRATCH/part.json"
		new_case growth <"$SCRATCH/part.json"
		say "growth: $(units_of "$CASE") units"
		per_unit "$CASE" capture "$1" "$(cpu cold capture "$CASE")"
		per_unit "$CASE" analysis "$1" "$(cpu warm check "$CASE")"
	done
	cases+=("$CASE")
}
