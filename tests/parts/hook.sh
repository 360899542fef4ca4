# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2153,SC2154
# devscope before a commit: in a git repository made of the kernel's tree, as plain git's hook and under pre-commit.

# shellcheck source=../kernel/lib.sh
. "$TESTS/kernel/lib.sh"

# A repository with a first commit in $CLONE, and its build in $CLONE_BUILD: the tree of x86, hard links of it.
make_clone() {
	CLONE=$WORK/linux-git CLONE_BUILD=$WORK/build-git
	if [ ! -f "$CLONE/.git/made" ] || [ "$CLONE/.git/made" -ot "$TREE/.unpacked" ]; then
		rm -rf "$CLONE"
		cp -al "$TREE" "$CLONE"
		git -C "$CLONE" init -q
		echo '/*' >"$CLONE/.git/info/exclude"
		git -C "$CLONE" config user.email tests@localhost
		git -C "$CLONE" config user.name tests
		git -C "$CLONE" add -f drivers/iommu drivers/base include
		git -C "$CLONE" commit -q -m 'the tree'
		git -C "$CLONE" branch -q made
		touch "$CLONE/.git/made"
	fi
	mkdir -p "$CLONE_BUILD"
	jq --arg from "$TREE/" --arg to "$CLONE/" 'walk(if type == "string" then split($from) | join($to) else . end)' \
		"$BUILD/compile_commands.json" >"$CLONE_BUILD/compile_commands.json"
	(cd "$CLONE" && "$DEVSCOPE" check -q -p "$CLONE_BUILD" "${KERNEL_DIRS[@]}" >"$SCRATCH/clone.txt") || [ $? -eq 1 ]
}

# The repository as it was made, whatever a test did to it.
reset_clone() {
	rm -f "$CLONE/.git/hooks/pre-commit" "$CLONE/.pre-commit-config.yaml"
	git -C "$CLONE" config --unset devscope.build || true
	git -C "$CLONE" checkout -q -f -B master made
	git -C "$CLONE" reset -q --hard
}

# edit_clone NAME: the functions of tests/kernel/edits/NAME.edit in the work tree.
edit_clone() {
	local edit=$TESTS/kernel/edits/$1.edit file
	file=$(sed -n 's/^# file //p' "$edit")
	awk -f "$TESTS/kernel/functions.awk" "$edit" "$CLONE/$file" >"$HERE/edited.c"
	cp --remove-destination "$HERE/edited.c" "$CLONE/$file"
}

check_clone() {
	(cd "$CLONE" && "$DEVSCOPE" check -p "$CLONE_BUILD" "$@")
}

expect_findings() {
	local n
	n=$(grep -cE '^[^ ]+ (error|warning|advice): ' "$HERE/out" || true)
	[ "$n" = "$1" ] || { echo "$n findings, not $1"; cat "$HERE/out" "$HERE/err"; return 1; }
}

# What is staged counts, whatever is in the work tree; and the other way round.
staged_not_work_tree() {
	reset_clone
	edit_clone v4-escape
	expect_status 0 check_clone --staged
	expect_findings 0
	git -C "$CLONE" add -u
	git -C "$CLONE" show HEAD:drivers/iommu/iommu.c >"$HERE/head.c"
	cp --remove-destination "$HERE/head.c" "$CLONE/drivers/iommu/iommu.c"
	git -C "$CLONE" status --porcelain -uno >"$HERE/before"
	expect_status 1 check_clone --staged
	expect_findings 1
	expect_text "$HERE/out" ' error: .*\[iterator-escape\]$'
	expect_text "$HERE/out" ' note:   stores '
	git -C "$CLONE" status --porcelain -uno | diff -u "$HERE/before" -
	diff -u "$HERE/head.c" "$CLONE/drivers/iommu/iommu.c"
}

# With a revision the work tree is what counts.
since_a_revision() {
	reset_clone
	edit_clone first-dev-after-unlock
	expect_status 1 check_clone --diff HEAD
	expect_findings 1
	expect_text "$HERE/out" '\[lock-escape\]$'
	git -C "$CLONE" commit -q -a -m 'use the first device'
	expect_status 0 check_clone --diff HEAD
	expect_status 1 check_clone --diff HEAD~1
	expect_status 2 check_clone --diff no-such-revision
	expect_text "$HERE/err" 'no-such-revision is no commit'
	expect_status 2 check_clone --diff -x
}

# Comments and moved lines are no change; a macro in a header is one of each function that uses it.
what_is_a_change() {
	reset_clone
	sed '1a /* one */\n/* two */' "$CLONE/drivers/iommu/iommu.c" >"$HERE/moved.c"
	cp --remove-destination "$HERE/moved.c" "$CLONE/drivers/iommu/iommu.c"
	expect_status 0 check_clone --diff HEAD
	expect_text "$HERE/err" '1 C file, 1 unit and 0 functions changed'
	echo 'int not_of_this_build;' >"$CLONE/drivers/iommu/new.c"
	git -C "$CLONE" add -f drivers/iommu/new.c
	expect_status 0 check_clone --staged
	expect_text "$HERE/err" 'not checked: drivers/iommu/new.c'
	rm "$CLONE/drivers/iommu/new.c"
}

# A staged header is read by the units that include it, and only the staged one.
staged_header() {
	local header=drivers/iommu/iommu-priv.h
	reset_clone
	{ cat "$CLONE/$header"; echo '#error "not to be staged"'; } >"$HERE/broken.h"
	{ cat "$CLONE/$header"; echo '#define NOBODY_USES_THIS 1'; } >"$HERE/staged.h"
	cp --remove-destination "$HERE/staged.h" "$CLONE/$header"
	git -C "$CLONE" add -f "$header"
	cp --remove-destination "$HERE/broken.h" "$CLONE/$header"
	expect_status 0 check_clone --staged
	expect_text "$HERE/err" '1 C file, [1-9][0-9]* units? and 0 functions changed'
	expect_status 3 check_clone --diff HEAD
	expect_text "$HERE/err" 'failed: .*not to be staged'
}

# What is on the disk and not staged is no part of the commit, and what was read with it is not kept.
not_staged_header() {
	reset_clone
	git -C "$CLONE" config diff.relative true
	echo '#define NEW 1' >"$CLONE/drivers/iommu/new.h"
	{ echo '#include "new.h"'; cat "$CLONE/drivers/iommu/iova.c"; } >"$HERE/iova.c"
	cp --remove-destination "$HERE/iova.c" "$CLONE/drivers/iommu/iova.c"
	git -C "$CLONE" add -f -N drivers/iommu/new.h
	git -C "$CLONE" add -f drivers/iommu/iova.c
	expect_status 3 check_clone --staged
	expect_text "$HERE/err" 'failed: .*new.h: .*not staged'
	git -C "$CLONE" add -f drivers/iommu/new.h
	expect_status 0 check_clone --staged
	expect_text "$HERE/err" '2 C files, 1 unit and 0 functions'
	git -C "$CLONE" reset -q --hard
	git -C "$CLONE" config --unset diff.relative
}

# Going back to what was read three versions ago: it is still there while the other side of the change is read.
back_and_forth() {
	local i file=drivers/iommu/iova.c
	reset_clone
	for i in 1 2 3; do
		{ git -C "$CLONE" show "made:$file"; echo "int version_$i;"; } >"$HERE/$i.c"
		cp --remove-destination "$HERE/$i.c" "$CLONE/$file"
		[ "$i" = 3 ] || check_clone -q drivers/iommu >/dev/null || [ $? -eq 1 ]
	done
	git -C "$CLONE" commit -q -a -m 'not checked'
	git -C "$CLONE" show "made:$file" >"$HERE/0.c"
	cp --remove-destination "$HERE/0.c" "$CLONE/$file"
	git -C "$CLONE" add -u
	expect_status 0 check_clone --staged
}

# git refuses the commit; what is not staged, or not relevant, goes through.
plain_git_hook() {
	reset_clone
	(cd "$CLONE" && "$DEVSCOPE" hook install -p "$CLONE_BUILD")
	(cd "$CLONE" && "$DEVSCOPE" hook install)
	edit_clone v4-escape
	expect_status 0 git -C "$CLONE" commit --allow-empty -m 'not staged'
	expect_status 1 git -C "$CLONE" commit -a -m 'staged'
	cat "$HERE/err" >>"$HERE/out"
	expect_findings 1
	expect_status 0 git -C "$CLONE" commit -a -m 'staged' --no-verify
	(cd "$CLONE" && "$DEVSCOPE" hook remove)
	[ ! -e "$CLONE/.git/hooks/pre-commit" ]
	printf '#!/bin/sh\nexit 0\n' >"$CLONE/.git/hooks/pre-commit"
	expect_status 2 env -C "$CLONE" "$DEVSCOPE" hook install
	expect_text "$HERE/err" 'devscope check --staged'
	expect_text "$CLONE/.git/hooks/pre-commit" '^exit 0$'
	ln -sf /nonexistent "$CLONE/.git/hooks/pre-commit"
	expect_status 2 env -C "$CLONE" "$DEVSCOPE" hook install
}

# Debian's pre-commit, with the hook from this repository.
under_pre_commit() {
	need_packages pre-commit
	reset_clone
	git clone -q "$SOURCE" "$HERE/devscope"
	cat >"$CLONE/.pre-commit-config.yaml" <<-END
		repos:
		  - repo: $HERE/devscope
		    rev: $(git -C "$HERE/devscope" rev-parse HEAD)
		    hooks:
		      - id: devscope
	END
	git -C "$CLONE" add -f .pre-commit-config.yaml
	git -C "$CLONE" config devscope.build "$CLONE_BUILD"
	export PRE_COMMIT_HOME=$HERE/pre-commit PATH=${DEVSCOPE%/*}:$PATH
	env -C "$CLONE" pre-commit install
	expect_status 0 git -C "$CLONE" commit -m 'no C file'
	edit_clone v4-escape
	expect_status 0 git -C "$CLONE" commit --allow-empty -m 'not staged'
	git -C "$CLONE" add -u
	expect_status 1 git -C "$CLONE" commit -m 'staged'
	cat "$HERE/err" >>"$HERE/out"
	expect_findings 1
}

kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
make_clone
run_test hook/staged staged_not_work_tree
run_test hook/revision since_a_revision
run_test hook/what-is-a-change what_is_a_change
run_test hook/header staged_header
run_test hook/not-staged not_staged_header
run_test hook/versions back_and_forth
run_test hook/git plain_git_hook
run_test hook/pre-commit under_pre_commit
