# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2015,SC2016
# What holds the house up: who may include what, and how the source looks.

sources() {
	git -C "$SOURCE" ls-files -z -- 'analyzer/*.[ch]' 'db/*.[ch]' 'rules/*.[ch]'
}

# at_most N PATTERN WHERE: files that include PATTERN are at most N and match WHERE.
included_by() {
	local most=$1 pattern=$2 where=$3 files
	files=$(cd "$SOURCE" && sources | xargs -0 grep -lE "^#[ \t]*include [<\"]($pattern)" || true)
	if [ "$(grep -c . <<<"$files")" -gt "$most" ] || grep -qvE "^($where|)$" <<<"$files"; then
		printf '%s is for at most %s of %s, but included by:\n%s\n' "$pattern" "$most" "$where" "$files"
		return 1
	fi
}

# Nothing later in this list is included by anything earlier; folders of one row know each other.
rank() {
	case $1 in
	base) echo 0 ;;
	flow) echo 1 ;;
	capture) echo 2 ;;
	infer) echo 3 ;;
	rules | report) echo 4 ;;
	db) echo 5 ;;
	cli) echo 6 ;;
	*) echo "$1 has no rank" >&2; return 1 ;;
	esac
}

one_direction() {
	local file folder other mine its bad=0
	while IFS=: read -r file other; do
		folder=${file#analyzer/}
		mine=$(rank "${folder%%/*}")
		its=$(rank "$other")
		if [ "$its" -gt "$mine" ]; then
			printf '%s includes %s/\n' "$file" "$other"
			bad=1
		fi
	done < <(cd "$SOURCE" && sources | xargs -0 grep -oE '^#include "[a-z]+/' | sed 's/#include "//; s,/$,,')
	return $bad
}

# rules/ may see the findings it reports, and nothing else of report/.
rules_report_only() {
	! (cd "$SOURCE" && git ls-files -z 'rules/*.[ch]' | xargs -0 grep -nE '#include "report/' |
		grep -v '"report/finding.h"')
}

# Kernel functions are named in models, not in the program: comments aside.
no_kernel_names() {
	local names='(mutex|device|spin|raw_spin|down|up|rcu_read|srcu_read|read|write)_(lock|unlock|trylock)[a-z_]*'
	local file bad=0
	names="\\b($names|(bus|class|driver)_for_each_[a-z]+|device_for_each_child|(get|put)_device|of_node_(get|put)"
	names+="|iommu_group_(get|put)|(bus|class|driver)_find_device|lockdep_assert_held|kref_(get|put))\\b"
	while IFS= read -r -d '' file; do
		if gcc -fpreprocessed -dD -E -P -x c "$SOURCE/$file" 2>/dev/null | grep -E "$names" | sed "s,^,$file: ,"; then
			bad=1
		fi
	done < <(git -C "$SOURCE" ls-files -z -- 'analyzer/*.c' 'db/*.c' 'rules/rules.c')
	return $bad
}

every_rule_has_a_fixture() {
	local id bad=0
	for id in $("$TESTED" explain | cut -d' ' -f1); do
		[ -f "$TESTS/fixtures/$id.c" ] || { echo "tests/fixtures/$id.c is missing"; bad=1; }
	done
	return $bad
}

licence_lines() {
	local file bad=0
	while IFS= read -r -d '' file; do
		case $file in
		LICENSE | *.md | *.txt | *.json | *.flow | *.summary | *.reach | *.findings) continue ;;
		esac
		head -n 2 "$SOURCE/$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' && continue
		echo "$file does not begin with its licence"
		bad=1
	done < <(git -C "$SOURCE" ls-files -z)
	return $bad
}

sizes() {
	(cd "$SOURCE" && git ls-files -z -- '*.c' '*.h' | xargs -0 awk '
		FNR == 1 { start = 0 }
		/^\{/ { start = FNR }
		/^\}/ && start && FNR - start > 80 { printf "%s:%d: a function of %d lines\n", FILENAME, start, FNR - start; bad = 1 }
		/^\}/ { start = 0 }
		FNR == 601 { printf "%s: more than 600 lines\n", FILENAME; bad = 1 }
		END { exit bad }')
}

# The judge of fixtures tells what is missing and what is too much.
wants_judge() {
	printf '%s\n' 'a; /* want: lock-leak: left */' 'b; /* want: ref-leak: x */ /* want: lock-leak: y */' >"$HERE/a.c"
	printf '%s\n' 'a.c:1:2: error: is left held [lock-leak]' 'a.c:1:2: note: lock' 'a.c:2: warning: x [ref-leak]' \
		'a.c:2:1: error: y [lock-leak]' >"$HERE/good"
	awk -f "$TESTS/wants.awk" "$HERE/a.c" "$HERE/good"
	sed 1d "$HERE/good" | awk -f "$TESTS/wants.awk" "$HERE/a.c" - >"$HERE/said" && return 1
	expect_text "$HERE/said" '^missing: +line 1: lock-leak: left$'
	printf 'a.c:1:2: error: is left held [lock-leak]\n' | cat "$HERE/good" - |
		awk -f "$TESTS/wants.awk" "$HERE/a.c" - >"$HERE/said" && return 1
	expect_text "$HERE/said" '^unexpected: a.c:1:2: '
}

# The tour of the README names every source file.
readme_tour() {
	local file bad=0
	while IFS= read -r -d '' file; do
		grep -qF "\`$(basename "$file")\`" "$SOURCE/README.md" || { echo "$file is not in README.md"; bad=1; }
	done < <(git -C "$SOURCE" ls-files -z -- 'analyzer/*.c' 'db/*.c' 'rules/rules.c' 'examples/*.c')
	return $bad
}

# Scripts are read by shellcheck.
shell_scripts() {
	need_packages shellcheck
	cd "$SOURCE" || return
	shellcheck -x -P "SCRIPTDIR:tests:tests/kernel" .ci/run examples/domain_allocator/run examples/kernel/run \
		examples/kernel/lib.sh tests/run tests/lib.sh tests/kernel/*.sh tests/kernel/controls tests/bench/run \
		tests/bench/allocator tests/bench/*.sh tests/allocator/mutants tests/allocator/verify-mutants tests/parts/*.sh
}

words() {
	! git -C "$SOURCE" grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- . ':!tests/parts/walls.sh' ':!LICENSE'
}

run_test walls/llvm included_by 1 'llvm-c/|clang-c/' 'analyzer/capture/llvm\.h'
run_test walls/llvm-users included_by 11 'capture/(llvm|debuginfo|lower)\.h' \
	'analyzer/capture/(bitcode|first|blocks|debuginfo|names|address|lower|lower_insn)\.[ch]'
run_test walls/sqlite included_by 1 'sqlite3\.h' 'db/db\.c'
run_test walls/yaml included_by 1 'cyaml|yaml\.h' 'analyzer/infer/[a-z_]+\.c'
run_test walls/json included_by 1 'jansson' 'analyzer/base/json\.c'
run_test walls/direction one_direction
run_test walls/rules rules_report_only
run_test walls/kernel-names no_kernel_names
run_test walls/fixtures every_rule_has_a_fixture
run_test walls/licence licence_lines
run_test walls/sizes sizes
run_test walls/words words
run_test walls/wants wants_judge
run_test walls/tour readme_tour
run_test walls/shell shell_scripts
