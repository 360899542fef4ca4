# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
# A whole kernel against what is known of it: tests/kernel/known-findings.tsv has each finding that was read, with what
# its reader made of it: fingerprint, rule, function, verdict (true, false, arguable) and the reason from the source,
# sorted, for the version of Debian's package that its first line names. There nothing may come or go; on another
# version what does is told, and is no failure. Needs tests/kernel/lib.sh.

KNOWN=$TESTS/kernel/known-findings.tsv

# findings_in SARIF: "fingerprint<tab>rule<tab>function<tab>place", sorted.
findings_in() {
	jq -r '.runs[].results[] | [.partialFingerprints["devscope/v1"], .ruleId, .locations[0].logicalLocations[0].name,
		"\(.locations[0].physicalLocation.artifactLocation.uri):\(.locations[0].physicalLocation.region.startLine)"] |
		@tsv' "$1" | sort
}

# difference FOUND KNOWN: what came and what went, in lines.
difference() {
	awk -F '\t' '/^#/ { next }
		FNR == NR { known[$1] = $2 "\t" $3 "\t" $4; next }
		{ seen[$1] = 1 }
		!($1 in known) { print "came\t" $0 }
		END { for (f in known) if (!(f in seen)) print "went\t" f "\t" known[f] }' "$2" "$1" | sort
}

# What the verdicts add up to, a line for each rule.
verdict_table() {
	awk -F '\t' '/^#/ { next } { rules[$2] = 1; n[$2, $4]++ }
		END { for (r in rules)
			printf "%-18s %4d true %4d arguable %4d false\n", r, n[r, "true"], n[r, "arguable"], n[r, "false"] }' "$KNOWN" | sort
}

# whole_is_known OUT: the findings of OUT.sarif are those that were read.
whole_is_known() {
	local version
	version=$(dpkg-query -W -f '${Version}' "$KERNEL")
	findings_in "$1.sarif" >"$HERE/found.tsv"
	difference "$HERE/found.tsv" "$KNOWN" >"$HERE/difference"
	verdict_table
	[ -s "$HERE/difference" ] || return 0
	cat "$HERE/difference"
	if [ "$version" != "$(sed -n '1s/^# .* //p' "$KNOWN")" ]; then
		echo "(no failure: $KERNEL $version is not the version that was read)"
		return 0
	fi
	return 1
}

# whole_tree NAME LOCKDEP: all of a defconfig, the findings in $HERE/whole.*; few functions may be over budget.
whole_tree() {
	kernel_tree "build-$1" x86 no "$2"
	check_kernel "$HERE/whole" --allow-incomplete --stats
	sed -n 's/^ *program: .*, \([0-9]*\) functions, \([0-9]*\) over budget.*/\1 \2/p' "$HERE/whole.err" |
		awk '{ print $2 " of " $1 " functions over budget"; exit $2 >= $1 * 0.005 }'
}

whole_defconfig() {
	whole_tree whole no
	whole_is_known "$HERE/whole"
}
