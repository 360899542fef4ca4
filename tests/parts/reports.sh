# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# SARIF as others read it: valid for Microsoft's validator, with what GitHub wants.

# shellcheck source=../kernel/known.sh
. "$TESTS/kernel/known.sh"

need_sarif_multitool() {
	command -v npm >/dev/null || need_packages nodejs npm
	[ -x "$WORK/npm/node_modules/.bin/sarif-multitool" ] ||
		quiet npm install --prefix "$WORK/npm" --no-audit --no-fund @microsoft/sarif-multitool ||
		fail "npm could not install @microsoft/sarif-multitool"
}

# All fixtures as one program, once.
report_of_fixtures() {
	[ ! -f "$SCRATCH/report/all.sarif" ] || return 0
	compile_commands "$SCRATCH/report" "$TESTS"/fixtures/*.c
	status_of "$TESTED" check -p "$SCRATCH/report" --sarif "$SCRATCH/report/all.sarif" >"$HERE/status"
	expect_text "$HERE/status" '^1$'
}

# The validator's status is 0 whatever it finds: its own SARIF tells.
validates() {
	need_sarif_multitool
	report_of_fixtures
	"$WORK/npm/node_modules/.bin/sarif-multitool" validate "$SCRATCH/report/all.sarif" --output "$HERE/said.sarif" \
		--log ForceOverwrite >"$HERE/out" 2>&1 || true
	[ -f "$HERE/said.sarif" ] || { cat "$HERE/out"; return 1; }
	! jq -r '.runs[].results[]? | select(.level == "error") | .ruleId + ": " + (.message.text // (.message.arguments | join(" ")))' \
		"$HERE/said.sarif" | grep .
}

functions_and_fingerprints() {
	report_of_fixtures
	! jq -r '.runs[].results[] | select((.partialFingerprints["devscope/v1"] | length) != 32
		or ([.locations[], (.codeFlows[].threadFlows[].locations[].location)]
			| any(.logicalLocations[0].name == null))) | .ruleId + ": " + .message.text' \
		"$SCRATCH/report/all.sarif" | grep .
}

no_machine_paths() {
	report_of_fixtures
	! grep -nE "$SCRATCH|$SOURCE|$WORK|file:///" "$SCRATCH/report/all.sarif"
}

text_and_sarif_agree() {
	report_of_fixtures
	status_of "$TESTED" check -p "$SCRATCH/report" >/dev/null
	grep -cE ': (error|warning|advice): ' "$HERE/out" >"$HERE/text"
	jq '[.runs[].results[]] | length' "$SCRATCH/report/all.sarif" >"$HERE/sarif"
	same "$HERE/text" "$HERE/sarif"
}

run_test reports/valid validates
run_test reports/functions functions_and_fingerprints
run_test reports/paths no_machine_paths
run_test reports/agree text_and_sarif_agree
run_test reports/known known_itself
