# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# devscope where others run it: baselines over a real kernel, and the workflow of
# examples/ci/, whose shell steps run here as they stand.

# shellcheck source=../kernel/lib.sh
. "$TESTS/kernel/lib.sh"

WORKFLOW=$SOURCE/examples/ci/devscope.yml

# no_text FILE PATTERN: an extended regular expression.
no_text() {
	if grep -nE -- "$2" "$1"; then
		echo "$2 is in $1"
		return 1
	fi
}

# --- baselines -------------------------------------------------------------------------

# The untouched tree's, once for all that compare with it.
baseline() {
	[ -f "$SCRATCH/baseline" ] ||
		check_kernel "$SCRATCH/known" --baseline "$SCRATCH/baseline" --update-baseline "${KERNEL_DIRS[@]}"
}

# baseline_lines FILE: a line "rule path function" for each entry, sorted.
baseline_lines() {
	grep -v '^#' "$1" | cut -d' ' -f2- | sort
}

all_is_known() {
	local known
	baseline
	baseline_lines "$SCRATCH/baseline" >"$HERE/lines"
	diff -u "$TESTS/kernel/expected-x86.txt" "$HERE/lines"
	check_kernel "$HERE/again" --baseline "$SCRATCH/baseline" "${KERNEL_DIRS[@]}"
	known=$(grep -c . "$TESTS/kernel/expected-x86.txt")
	expect_text "$HERE/again.err" "findings: 0; $known known from the baseline\$"
	[ ! -s "$HERE/again.txt" ]
	expect_text "$HERE/again.status" '^0$'
	cp "$SCRATCH/baseline" "$HERE/baseline"
	check_kernel "$HERE/update" --baseline "$HERE/baseline" --update-baseline "${KERNEL_DIRS[@]}"
	diff -u "$SCRATCH/baseline" "$HERE/baseline"
}

# only_new EDIT: with a baseline, its findings and no others; status 1 if there are any but advice.
only_new() {
	local file status=0
	file=$(sed -n 's/^# file //p' "$1")
	baseline
	trap restore_tree EXIT
	change "$file" awk -f "$TESTS/kernel/functions.awk" "$1"
	check_kernel "$HERE/edited" --baseline "$SCRATCH/baseline" "${KERNEL_DIRS[@]}"
	wanted_of "$1" "$file" >"$HERE/wanted"
	diff -u "$HERE/wanted" "$HERE/edited.lines"
	! grep -qv '^lockdep-missing ' "$HERE/wanted" || status=1
	expect_text "$HERE/edited.status" "^$status\$"
}

moved_is_known() {
	local file=drivers/iommu/amd/iommu.c
	baseline
	grep -qF " $file " "$SCRATCH/baseline"
	trap restore_tree EXIT
	change "$file" awk 'NR == 1 { for (i = 0; i < 50; i++) print "/* more of it */" } { print }'
	check_kernel "$HERE/moved" --baseline "$SCRATCH/baseline" "${KERNEL_DIRS[@]}"
	expect_text "$HERE/moved.status" '^0$'
	expect_text "$HERE/moved.err" '; [0-9]+ known from the baseline$'
}

# What was not asked about is neither missed nor taken out; what was and is gone, is.
elsewhere_stays() {
	local gone='0000000000000000000000000000000f lock-leak drivers/base/core.c device_gone'
	baseline
	(cat "$SCRATCH/baseline"; echo "$gone") >"$HERE/more"
	cp "$HERE/more" "$HERE/kept"
	check_kernel "$HERE/iommu" --baseline "$HERE/kept" drivers/iommu
	expect_text "$HERE/iommu.err" ' known from the baseline$'
	check_kernel "$HERE/iommu" --baseline "$HERE/kept" --update-baseline drivers/iommu
	diff -u <(sort "$HERE/more") <(sort "$HERE/kept")
	check_kernel "$HERE/base" --baseline "$HERE/kept" drivers/base
	expect_text "$HERE/base.err" 'findings: 0; ([0-9]+ known from the baseline; )?1 of the baseline not found any more'
	check_kernel "$HERE/base" --baseline "$HERE/kept" --update-baseline drivers/base
	diff -u "$SCRATCH/baseline" "$HERE/kept"
}

# Nothing is known of a unit that could not be read.
unread_stays() {
	local file=drivers/iommu/amd/iommu.c
	baseline
	grep -qF " $file " "$SCRATCH/baseline"
	cp "$SCRATCH/baseline" "$HERE/kept"
	trap restore_tree EXIT
	change "$file" sed '1i#error not today'
	expect_status 3 "$DEVSCOPE" check -p "$BUILD" --baseline "$HERE/kept" --update-baseline "$TREE/drivers/iommu"
	diff -u "$SCRATCH/baseline" "$HERE/kept"
}

# --- the workflow ----------------------------------------------------------------------

# run_steps EVENT FROM: the shell steps as GitHub runs them, from the one of that name on. Prints a line for each,
# its status and name; stops at the first that fails. What it said is in $HERE/step. The database comes from another
# build of the same configuration, as from the cache.
run_steps() {
	local i name status=0 on=no vars=()
	mkdir -p "$CI/bin" "$CI/temp"
	# Packages are there already, and no test writes to the system: this only looks whether all names are right.
	# shellcheck disable=SC2016
	printf '%s\n' '#!/bin/sh' '[ "$1 $2" = "apt-get update" ] || { shift; exec apt-get --simulate "$@"; }' >"$CI/bin/sudo"
	chmod +x "$CI/bin/sudo"
	readarray -t vars < <(yq -r '.env | to_entries[] | "\(.key)=\(.value)"' "$WORKFLOW")
	ln -sfn "$SOURCE" "$TREE/.devscope"
	for ((i = 0; i < $(yq '.jobs.check.steps | length' "$WORKFLOW"); i++)); do
		yq -r ".jobs.check.steps[$i].run // empty" "$WORKFLOW" >"$HERE/step.sh"
		name=$(yq -r ".jobs.check.steps[$i].name" "$WORKFLOW")
		[ "$name" != "$2" ] || on=yes
		[ "$name" != 'Restore the database' ] || cp "$BUILD/.devscope.db" "$CI/temp/kernel/"
		if [ ! -s "$HERE/step.sh" ] || [ $on = no ]; then
			continue
		fi
		(cd "$TREE" && env -i PATH="$CI/bin:$PATH" HOME="$HOME" LC_ALL=C "${vars[@]}" BASELINE="$SCRATCH/baseline" \
			CI=true GITHUB_ACTIONS=true GITHUB_EVENT_NAME="$1" GITHUB_WORKSPACE="$TREE" \
			GITHUB_OUTPUT="$HERE/output" GITHUB_ENV="$HERE/env" GITHUB_PATH="$HERE/path" \
			GITHUB_STEP_SUMMARY="$HERE/summary" RUNNER_TEMP="$CI/temp" RUNNER_OS=Linux \
			bash --noprofile --norc -eo pipefail "$HERE/step.sh") >"$HERE/step" 2>&1 || status=$?
		printf '%s %s\n' $status "$name"
		[ $status -eq 0 ] || break
	done
	rm -f "$TREE/.devscope"
}

# steps_give EVENT FROM LINE...
steps_give() {
	local event=$1 from=$2
	shift 2
	run_steps "$event" "$from" >"$HERE/statuses"
	diff <(printf '%s\n' "$@") "$HERE/statuses" || { cat "$HERE/step"; return 1; }
}

runs_green() {
	baseline
	yq -r '.jobs[].steps[].run // empty' "$WORKFLOW" >"$HERE/shell"
	no_text "$HERE/shell" '[$][{][{]'
	cmp -s "$WORKFLOW" "$CI/workflow" || rm -rf "$CI"
	steps_give pull_request 'Install what both need' '0 Install what both need' '0 Build devscope' \
		'0 Configure the kernel' '0 Check'
	cp "$WORKFLOW" "$CI/workflow"
	no_text "$HERE/step" '^::'
	expect_text "$HERE/step" ' known from the baseline$'
	expect_text "$HERE/step" ': 0 read, [1-9][0-9]* known from before, 0 failed$'
	[ -z "$(sarif_lines "$CI/temp/reports/devscope.sarif")" ]
	[ -s "$CI/temp/reports/devscope.html" ]
}

# A pull request with a bug in it: its finding and no other, where GitHub shows it. A push is only reported.
annotates() {
	local edit=$TESTS/kernel/edits/v4-escape.edit file=drivers/iommu/iommu.c line
	baseline
	trap restore_tree EXIT
	change "$file" awk -f "$TESTS/kernel/functions.awk" "$edit"
	line=$(grep -n '__iommu_domain_alloc(dev_iommu_ops(chosen)' "$TREE/$file" | cut -d: -f1)
	steps_give pull_request Check '1 Check'
	grep -E '^::(error|warning|notice) ' "$HERE/step" >"$HERE/annotations"
	steps_give push Check '0 Check'
	[ "$(wc -l <"$HERE/annotations")" = 1 ]
	expect_text "$HERE/annotations" "^::error file=$file,line=$line,col=[0-9]+,title=devscope%3A iterator-escape::.*"
	expect_text "$HERE/annotations" '\[iterator-escape\]%0Afix: '
	grep -E '^::(error|warning|notice) ' "$HERE/step" | diff "$HERE/annotations" -
}

counts_all_without_a_baseline() {
	local SCRATCH=$HERE/none
	steps_give pull_request Check '1 Check'
	expect_text "$HERE/step" '^::notice title=devscope::there is no .*: every finding counts$'
	[ "$(grep -cE '^::(warning|error) file=' "$HERE/step")" = "$(grep -c . "$TESTS/kernel/expected-x86.txt")" ]
}

need_packages yq
kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
CI=$WORK/ci
run_test ci/baseline all_is_known
run_test ci/moved moved_is_known
run_test ci/elsewhere elsewhere_stays
run_test ci/unread unread_stays
for edit in "$TESTS"/kernel/edits/*.edit; do
	run_test "ci/new-$(basename "$edit" .edit)" only_new "$edit"
done
run_test ci/workflow runs_green
run_test ci/annotations annotates
run_test ci/no-baseline counts_all_without_a_baseline
