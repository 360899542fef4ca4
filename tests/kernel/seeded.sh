# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
# Escapes put into the kernel's own iterations by script (seed.awk). Needs tests/kernel/lib.sh, and a tree at hand. In the
# order of use:
#
#   seeded_round N	a line for each escape of that round: "found|missed KIND FILE FUNCTION CALLBACK"
#   seeded_rate FILE	"found of all" of such lines, as a sentence

SEEDED_DIRS=(drivers/acpi drivers/base drivers/hid drivers/i2c drivers/input/mouse drivers/iommu drivers/pci drivers/pcmcia
	drivers/platform/x86 drivers/power drivers/ptp drivers/scsi drivers/usb/core drivers/vfio sound/core)

# The files of SEEDED_DIRS that are compiled in this tree and call an iterator.
seeded_files() {
	jq -r '.[].file' "$BUILD/compile_commands.json" | sed "s,^.*/$KERNEL/,," | sort -u >"$HERE/compiled"
	(cd "$TREE" && grep -rlE --include='*.c' '(for_each_(dev|device|child|child_reverse)|pci_walk_bus)\(' "${SEEDED_DIRS[@]}") |
		sort | comm -12 "$HERE/compiled" -
}

# What the files give untouched, once.
seeded_untouched() {
	[ -f "$SCRATCH/seeded-untouched.lines" ] || check_kernel "$SCRATCH/seeded-untouched" "${files[@]}"
}

# Is the escape told in the function, its callback, or (through two functions) where it was put in?
seeded_verdict() {
	local file=$1 function=$2 callback=$3 kind=$4
	if grep -qE "^iterator-escape $file ($function|$callback)\$" "$HERE/new" ||
		{ [ "$kind" = calls ] && grep -qE "^iterator-escape $file seeded_[0-9]+_(first|found)\$" "$HERE/new"; }; then
		echo "found $kind $file $function $callback"
	else
		echo "missed $kind $file $function $callback"
	fi
}

seeded_round() {
	local files file function callback kind
	mapfile -t files < <(seeded_files)
	seeded_untouched
	(cd "$TREE" && awk -v "out=$HERE/seeded-$1" -v "round=$1" -f "$TESTS/kernel/seed.awk" "${files[@]}") >"$HERE/places"
	while read -r file; do
		save_file "$file"
		cp "$HERE/seeded-$1/$file" "$TREE/$file"
	done < <(cut -f1 "$HERE/places" | sort -u)
	check_kernel "$HERE/seeded" "${files[@]}" || { restore_tree; return 1; }
	restore_tree
	comm -13 "$SCRATCH/seeded-untouched.lines" "$HERE/seeded.lines" >"$HERE/new"
	while IFS=$'\t' read -r file function callback kind; do
		# Where there is a finding without the escape, one more cannot be told from it.
		grep -qE "^iterator-escape $file ($function|$callback)\$" "$SCRATCH/seeded-untouched.lines" ||
			seeded_verdict "$file" "$function" "$callback" "$kind"
	done <"$HERE/places"
	awk -F '\t' 'FNR == NR { ours[$1, $2] = ours[$1, $3] = 1; next }
		{ split($0, w, " ") } !((w[2], w[3]) in ours) && w[3] !~ /^seeded_/ { print "elsewhere " $0 }' \
		"$HERE/places" "$HERE/new"
}

seeded_rate() {
	awk '/^found/ { found++; all++ } /^missed/ { all++ } /^elsewhere/ { elsewhere++ }
		END { printf "%d of %d found, %d elsewhere\n", found, all, elsewhere }' "$1"
}
