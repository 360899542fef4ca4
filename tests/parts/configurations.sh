# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One tree in several configurations: findings are joined, and say where they show.

# two_builds: $HERE/src with $HERE/one and $HERE/two, which has -DTWO.
two_builds() {
	mkdir -p "$HERE/src"
	cp "$TESTS/fixtures/kernel.h" "$HERE/src"
	cat >"$HERE/src/unit.c" <<-'END'
		#include "kernel.h"
		struct chip { struct mutex lock; bool ready; };
		int in_both(struct chip *chip)
		{
			mutex_lock(&chip->lock);
			if (!chip->ready)
				return -EBUSY;
			mutex_unlock(&chip->lock);
			return 0;
		}
		int in_one_or_the_other(struct chip *chip)
		{
			mutex_lock(&chip->lock);
		#ifdef TWO
			mutex_lock(&chip->lock);
		#else
			if (chip->ready)
				return 0;
		#endif
			mutex_unlock(&chip->lock);
			return 0;
		}
	END
	compile_commands "$HERE/one" "$HERE/src/unit.c"
	compile_commands "$HERE/two" "$HERE/src/unit.c"
	jq '.[].arguments |= ["clang", "-DTWO"] + .[1:]' "$HERE/one/compile_commands.json" >"$HERE/two/compile_commands.json"
}

joined() {
	two_builds
	expect_status 1 "$TESTED" check -p "$HERE/one" -p "$HERE/two" --sarif "$HERE/both.sarif" --html "$HERE/both.html"
	grep -E ': (error|warning): |only in' "$HERE/out" | sed 's/^[^ ]*: error: .*\[/[/' >"$HERE/said"
	diff -u - "$HERE/said" <<-'END'
		[lock-leak]
		[double-lock]
		  only in: two
		[lock-leak]
		  only in: one
	END
	jq -r '.runs[0] | (.invocations[].properties.configuration), (.results[].properties.configurations)' \
		"$HERE/both.sarif" | diff -u - <(printf '%s\n' one two null two one)
	expect_text "$HERE/err" 'configuration one'
	expect_text "$HERE/err" 'findings: 3 '
	expect_text "$HERE/both.html" 'Only in configuration <code>two</code>'
	expect_text "$HERE/both.html" 'Configuration <code>one</code>'
}

# The order of -p is not that of findings, and a database may hold all of them.
any_order_any_database() {
	local n
	two_builds
	for n in "-p $HERE/one -p $HERE/two" "-p $HERE/two -p $HERE/one" "-p $HERE/one -p $HERE/two --db $HERE/both.db"; do
		# shellcheck disable=SC2086
		expect_status 1 "$TESTED" check $n
		sed 's/two, one/one, two/' "$HERE/out" >>"$HERE/all"
		[ -f "$HERE/first" ] || cp "$HERE/out" "$HERE/first"
	done
	cat "$HERE/first" "$HERE/first" "$HERE/first" | diff -u - "$HERE/all"
}

# A baseline is of all of them: what one of them shows no more is not gone while the other does.
known_in_both() {
	two_builds
	expect_status 0 "$TESTED" check -p "$HERE/one" -p "$HERE/two" --baseline "$HERE/known" --update-baseline
	expect_status 0 "$TESTED" check -p "$HERE/one" -p "$HERE/two" --baseline "$HERE/known"
	expect_text "$HERE/err" '3 known from the baseline$'
}

run_test configurations/joined joined
run_test configurations/order any_order_any_database
run_test configurations/baseline known_in_both
