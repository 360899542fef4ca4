# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
# devscope on a real kernel, as tests use it. Needs examples/kernel/lib.sh and
# tests/lib.sh, DEVSCOPE (an optimised build), and HERE, a scratch folder. The tree is
# edited in place and put back: see save_file() and restore_tree().

KERNEL_DIRS=(drivers/iommu drivers/base)

need_kernel() {
	need_packages "${BUILD_PACKAGES[@]}" "${KERNEL_PACKAGES[@]}" jq
	build_devscope "$WORK/devscope" -DDEVSCOPE_TESTS=OFF "-DLLVM_CONFIG=llvm-config-$LLVM"
	unpack_kernel
}

# kernel_tree NAME ARCH GCC LOCKDEP DIR...: a tree to check, as BUILD.
kernel_tree() {
	local name=$1 arch=$2 gcc=$3 lockdep=$4
	shift 4
	need_kernel
	configure_kernel "$name" "$arch" "" "$gcc" "$lockdep"
	compile_database "$@"
}

# check_kernel OUT ARG...: OUT.txt, OUT.sarif, OUT.err, OUT.status, and OUT.lines: "rule path function", sorted.
check_kernel() {
	local out=$1 status=0
	shift
	(cd "$TREE" && "$DEVSCOPE" check -p "$BUILD" --sarif "$out.sarif" "$@") >"$out.txt" 2>"$out.err" || status=$?
	if [ "$status" -gt 1 ]; then
		printf 'status %s of devscope check %s\n' "$status" "$*"
		tail -n 20 "$out.err"
		return 1
	fi
	echo $status >"$out.status"
	sarif_lines "$out.sarif" >"$out.lines"
}

# change FILE COMMAND...: FILE as COMMAND prints it, given FILE last; until restore_tree.
change() {
	local file=$1
	shift
	save_file "$file"
	"$@" "$TREE/$file" >"$HERE/changed.c" || { echo "$file could not be changed"; return 1; }
	cp "$HERE/changed.c" "$TREE/$file"
}

# with_change FILE OUT COMMAND...: check with FILE changed so.
with_change() {
	local file=$1 out=$2 status=0
	shift 2
	change "$file" "$@" || return
	check_kernel "$out" "${KERNEL_DIRS[@]}" || status=$?
	restore_tree
	return $status
}

# Each way to take a lock, with the headers of the kernel at hand and the flags of drivers/base/core.c.
lock_kinds() {
	mkdir -p "$HERE/kinds"
	jq --arg file "$TESTS/kernel/kinds.c" '[.[] | select(.file | endswith("/drivers/base/core.c")) | .file = $file |
		.arguments |= map(if endswith("/drivers/base/core.c") then $file else . end)]' \
		"$BUILD/compile_commands.json" >"$HERE/kinds/compile_commands.json"
	expect_status 1 "$DEVSCOPE" check -p "$HERE/kinds"
	awk -f "$TESTS/wants.awk" "$TESTS/kernel/kinds.c" "$HERE/out"
}

# What the untouched tree gives, once for all that compare with it.
untouched() {
	[ -f "$SCRATCH/untouched.lines" ] || check_kernel "$SCRATCH/untouched" "${KERNEL_DIRS[@]}"
}

# wanted_of EDIT FILE: a line "rule path function" for each finding that EDIT of FILE wants, sorted.
wanted_of() {
	sed -n "s,^# want \\([a-z-]*\\) \\([a-z_]*\\)\$,\\1 $2 \\2,p" "$1" | sort
}

# edit_gives EDIT: a file of the kernel with the functions of EDIT gives the findings it wants, and no others.
edit_gives() {
	local file
	file=$(sed -n 's/^# file //p' "$1")
	untouched
	with_change "$file" "$HERE/edited" awk -f "$TESTS/kernel/functions.awk" "$1"
	wanted_of "$1" "$file" >"$HERE/wanted"
	comm -13 "$SCRATCH/untouched.lines" "$HERE/edited.lines" >"$HERE/new"
	diff -u "$HERE/wanted" "$HERE/new" || { grep -F -A 40 "$file:" "$HERE/edited.txt"; return 1; }
	[ -z "$(comm -23 "$SCRATCH/untouched.lines" "$HERE/edited.lines")" ] || { echo "a finding has gone"; return 1; }
}

# control NAME FILE FUNCTION NTH WHAT WITH: prints "found NAME", "missed NAME", or "noisy NAME": found, and
# something else with it.
control() {
	local name=$1 file=$2 verdict=found
	with_change "$file" "$HERE/$name" awk -v "fn=$3" -v "n=$4" -v "what=$5" -v "with=$6" -f "$TESTS/kernel/spot.awk"
	comm -13 "$SCRATCH/untouched.lines" "$HERE/$name.lines" >"$HERE/new"
	if ! grep -q " $file " "$HERE/new"; then
		verdict=missed
	elif grep -qv " $file " "$HERE/new"; then
		verdict=noisy
	fi
	printf '%s %s\n' "$verdict" "$name"
}

# controls_of PREFIX: all whose names begin so and whose files are in KERNEL_DIRS, in the tree at hand.
controls_of() {
	local name file function nth what with dir
	untouched
	while IFS=$'\t' read -r name file function nth what with; do
		[[ $name == "$1"* ]] || continue
		for dir in "${KERNEL_DIRS[@]}"; do
			[[ $file != "$dir"/* ]] || control "$name" "$file" "$function" "$nth" "$what" "$with"
		done
	done < <(grep -v '^#' "$TESTS/kernel/controls.tsv")
}

unlock_controls() {
	kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
	controls_of unlock-
}

ref_controls() {
	kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
	controls_of ref-
}

# Few callbacks of the kernel take a reference to their device and store it; most are not in a defconfig.
escape_controls() {
	kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
	controls_of escape-
	more_escape_controls
}

more_escape_controls() {
	local SCRATCH=$HERE/escapes KERNEL_DIRS=(drivers/xen/xenbus drivers/power/sequencing drivers/pci/pcie
		drivers/infiniband/core drivers/infiniband/ulp/ipoib)
	local KERNEL_OPTIONS=(-e XEN -e POWER_SEQUENCING -e PCIEAER -e INFINIBAND -e INFINIBAND_ADDR_TRANS
		-e INFINIBAND_IPOIB)
	mkdir -p "$SCRATCH"
	kernel_tree build-x86-escapes x86 no no "${KERNEL_DIRS[@]}"
	controls_of escape-
}

# controls_are EXPECTED COMMAND: what is found of the protection that is taken away.
controls_are() {
	"$2" >"$HERE/verdicts"
	same "$TESTS/kernel/$1" "$HERE/verdicts"
}
