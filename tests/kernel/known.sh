# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
# The findings of a whole kernel, each read and judged once: tests/kernel/known-*.tsv. On the version of the kernel that
# they were judged on, one that is not there and one that is gone fail the test; on another they are told.
#
#   known_compare KNOWN VERSION SARIF	prints what differs, fails if that must not be
#   known_update KNOWN VERSION SARIF	writes KNOWN anew: what is new is "unread", what is gone is left out
#   known_tree KNOWN NAME ARCH LOCKDEP [DIR...]	check that whole tree (minutes), or those folders, and compare
#
# A line of such a file is "fingerprint<tab>rule<tab>function<tab>verdict<tab>reason", sorted by rule, function and
# fingerprint. verdict: true, false, or arguable. The head says which version of the Debian package it is about
# ("# version 6.12.1-1") and which rules are covered, one line each ("# covers RULE", or "# covers RULE LEVEL" for the
# findings of that level alone); findings of other rules are nobody's business here.

# known_found KNOWN SARIF: "fingerprint rule function" of the findings that KNOWN covers.
known_found() {
	jq -r '.runs[].results[] | [.partialFingerprints["devscope/v1"], .ruleId, .locations[0].logicalLocations[0].name,
		.level // "warning"] | @tsv' "$2" | awk -F '\t' -v OFS='\t' '
		FNR == NR { if ($1 ~ /^# covers /) { split($1, w, " "); covers[w[3]] = w[4] == "" ? "any" : w[4] } next }
		$2 in covers && (covers[$2] == "any" || covers[$2] == $4) { print $1, $2, $3 }' "$1" - | sort -u
}

known_version() {
	sed -n 's/^# version //p' "$1"
}

known_compare() {
	local known=$1 version=$2 bad
	known_found "$known" "$3" >"$HERE/found"
	grep -v '^#' "$known" | cut -f 1-3 | sort -u >"$HERE/known"
	comm -13 "$HERE/known" "$HERE/found" | sed 's/^/appeared: /' >"$HERE/differs"
	comm -23 "$HERE/known" "$HERE/found" | sed 's/^/gone: /' >>"$HERE/differs"
	{ grep -vE '^#|	(true|false|arguable)	.' "$known" || true; } | sed 's/^/without a verdict and its reason: /' >>"$HERE/differs"
	grep -v '^#' "$known" | sort -c -t '	' -k 2,2 -k 3,3 -k 1,1 || echo "$known is not sorted" >>"$HERE/differs"
	cat "$HERE/differs"
	[ "$(known_version "$known")" = "$version" ] || { echo "judged on $(known_version "$known"), this is $version"; return 0; }
	[ ! -s "$HERE/differs" ]
}

known_update() {
	local known=$1 version=$2
	known_found "$known" "$3" >"$HERE/found"
	{
		sed -n "s/^# version .*/# version $version/; /^#/p" "$known"
		awk -F '\t' -v OFS='\t' 'FNR == NR { if (!/^#/) old[$1] = $0; next }
			$1 in old { print old[$1]; next }
			{ print $0, "unread", "" }' "$known" "$HERE/found" | sort -t '	' -k 2,2 -k 3,3 -k 1,1
	} >"$HERE/known.new"
	cp "$HERE/known.new" "$known"
}

known_tree() {
	local known=$TESTS/kernel/$1 version
	kernel_tree "$2" "$3" no "$4" "${@:5}"
	version=$(dpkg-query -W -f '${Version}' "$KERNEL")
	check_kernel "$HERE/whole"
	if [ "$update" = yes ]; then
		known_update "$known" "$version" "$HERE/whole.sarif"
	else
		known_compare "$known" "$version" "$HERE/whole.sarif"
	fi
}

# The comparison itself, on findings made up.
known_itself() {
	local fingerprint=00000000000000000000000000000000
	printf '# version 1\n# covers lock-leak error\n%s\tlock-leak\tone\tfalse\ta flag says so\n' $fingerprint >"$HERE/known.tsv"
	sarif_of() {
		jq -n '{runs: [{results: [$ARGS.positional[] | split(" ") | {ruleId: .[0], level: .[1],
			partialFingerprints: {"devscope/v1": .[2]}, locations: [{logicalLocations: [{name: .[3]}]}]}]}]}' \
			--args "$@" >"$HERE/made.sarif"
	}
	sarif_of "lock-leak error $fingerprint one" "lock-leak warning 1 two" "ref-leak error 2 three"
	known_compare "$HERE/known.tsv" 1 "$HERE/made.sarif" || return
	sarif_of "lock-leak error 1 one"
	! known_compare "$HERE/known.tsv" 1 "$HERE/made.sarif" >"$HERE/out" || { echo "passed"; return 1; }
	[ "$(grep -cE '^(appeared: 1|gone: 0+)	lock-leak	one$' "$HERE/out")" -eq 2 ] || { cat "$HERE/out"; return 1; }
	known_compare "$HERE/known.tsv" 2 "$HERE/made.sarif" || return
	known_update "$HERE/known.tsv" 2 "$HERE/made.sarif"
	! known_compare "$HERE/known.tsv" 2 "$HERE/made.sarif" >"$HERE/out" || { echo "passed unread"; return 1; }
	expect_text "$HERE/out" '^without a verdict and its reason: 1	lock-leak	one	unread'
}
