# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The page of --html in a browser: read, filtered and walked through as people do it. Pictures of it are left
# in the work folder, in screenshots/.

# shellcheck source=../kernel/lib.sh
. "$TESTS/kernel/lib.sh"

need_browser() {
	command -v npm >/dev/null || need_packages nodejs npm
	need_packages chromium
	[ -d "$WORK/npm/node_modules/playwright-core" ] && [ -d "$WORK/npm/node_modules/axe-core" ] ||
		quiet npm install --prefix "$WORK/npm" --no-audit --no-fund playwright-core axe-core ||
		fail "npm could not install playwright-core and axe-core"
	mkdir -p "$WORK/screenshots"
}

# page_of NAME FILE...: the page $SCRATCH/NAME.html and the same findings as SARIF, of units in one program.
page_of() {
	local name=$1
	shift
	[ ! -f "$SCRATCH/$name.sarif" ] || return 0
	compile_commands "$SCRATCH/$name-build" "$@"
	expect_status 1 "$TESTED" check -p "$SCRATCH/$name-build" --html "$SCRATCH/$name.html" \
		--sarif "$SCRATCH/$name.sarif"
}

# in_browser WHAT NAME
in_browser() {
	need_browser
	node "$TESTS/browser/report.mjs" "$WORK/npm" "$WORK/screenshots" "$1" "$SCRATCH/$2.html" \
		"$SCRATCH/$2.sarif"
}

# All fixtures as one program, in two folders.
fixtures_in() {
	local tree=$SCRATCH/fixtures
	mkdir -p "$tree/lifetime" "$tree/locks"
	cp "$TESTS"/fixtures/*.[ch] "$tree/lifetime"
	mv "$tree"/lifetime/*lock*.c "$tree/locks"
	cp "$tree/lifetime/kernel.h" "$tree/locks"
	page_of fixtures "$tree"/*/*.c
	in_browser "$1" fixtures
}

# No time, no path of this machine, nothing of how it was read: the same page from what is stored.
same_page() {
	page_of fixtures "$TESTS"/fixtures/*.c
	expect_status 1 "$TESTED" check -p "$SCRATCH/fixtures-build" -j 3 --html "$HERE/again.html"
	cmp "$SCRATCH/fixtures.html" "$HERE/again.html"
	! grep -nE "$SCRATCH|$SOURCE|$WORK|file:///" "$HERE/again.html"
}

hostile_text() {
	local name="$SCRATCH/hostile/"'</script><img src=x onerror=alert(1)>'\''"&.c'
	mkdir -p "$(dirname "$name")"
	printf 'int clean;\n' >"$SCRATCH/hostile/clean.c"
	{
		printf '%s\n' '#include "kernel.h"' 'int leaks(struct mutex *m)' '{'
		printf '\tmutex_lock(m); /* </script><script>alert(2)</script> "'\'' & &amp; \xff \x1b[31m \xe2\x80\xae */\n'
		printf '%s\n' '	if (do_work())' '		return -EIO;' '	pr_info("<img src=x onerror=alert(3)>");' \
			'	mutex_unlock(m);' '	return 0;' '}'
	} >"$name"
	page_of hostile "$name" "$SCRATCH/hostile/clean.c"
	in_browser hostile hostile
}

# 5,000 findings in ten folders.
many_findings() {
	local i
	for i in {1..10}; do
		mkdir -p "$SCRATCH/large/d$i"
		awk -v folder="$i" -f "$TESTS/browser/many.awk" >"$SCRATCH/large/d$i/file.c"
	done
	page_of large "$SCRATCH"/large/*/file.c
	in_browser large large
	ls -l "$SCRATCH/large.html"
}

no_findings() {
	mkdir -p "$HERE/src"
	printf 'int clean;\n' >"$HERE/src/clean.c"
	printf '#include "no_such_header.h"\n' >"$HERE/src/broken.c"
	compile_commands "$HERE/build" "$HERE"/src/*.c
	expect_status 3 "$TESTED" check -p "$HERE/build" --html "$SCRATCH/none.html" --sarif "$SCRATCH/none.sarif"
	in_browser nothing none
}

# kernel_page EDIT: the kernel's page, with known bugs put in.
kernel_page() {
	local edit=$TESTS/kernel/edits/$1.edit file
	kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
	file=$(sed -n 's/^# file //p' "$edit")
	save_file "$file"
	awk -f "$TESTS/kernel/functions.awk" "$edit" "$TREE/$file" >"$HERE/changed.c"
	cp "$HERE/changed.c" "$TREE/$file"
	check_kernel "$SCRATCH/$1" --html "$SCRATCH/$1.html" "${KERNEL_DIRS[@]}"
	restore_tree
	in_browser browse "$1"
	in_browser noScript "$1"
	in_browser looks "$1"
}

run_test browser/browse fixtures_in browse
run_test browser/no-script fixtures_in noScript
run_test browser/looks fixtures_in looks
run_test browser/same same_page
run_test browser/hostile hostile_text
run_test browser/large many_findings
run_test browser/nothing no_findings
# Only if another part has made the tree: a page is no reason to unpack a kernel.
if [ -f "$WORK/build-x86/.listed" ]; then
	run_test browser/v4-escape kernel_page v4-escape
	run_test browser/hack-mutex-leak kernel_page hack-mutex-leak
fi
