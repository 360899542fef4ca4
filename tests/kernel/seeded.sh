# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
# Escapes and leaks put into the kernel's own code by script. Needs tests/kernel/lib.sh, and a tree at hand. A family has a
# script that puts in all it can at once (seed.awk for iterations, seed_lock.awk for lookups under a lock, seed_loop.awk
# for loops over device nodes), the files to try, and the rules that may tell. In the order of use:
#
#   seeded_FAMILY		files to try, one a line
#   seeded_round FAMILY N	a line for each seed of that round: "found|missed KIND FILE FUNCTION WHAT", then "elsewhere ..."
#				for what is reported in other functions than those
#   seeded_rate FILE		"found of all" of such lines, by kind and in all

SEEDED_DIRS=(drivers/acpi drivers/base drivers/hid drivers/i2c drivers/input/mouse drivers/iommu drivers/pci drivers/pcmcia
	drivers/platform/x86 drivers/power drivers/ptp drivers/scsi drivers/usb/core drivers/vfio sound/core)
SEEDED_NODE_DIRS=(drivers/clk drivers/dma drivers/media drivers/mtd drivers/net drivers/of drivers/pci drivers/phy drivers/soc
	sound/soc)

# The files that are compiled in this tree and have that in them: seeded_with REGEXP DIR...
seeded_with() {
	local what=$1
	shift
	jq -r '.[].file' "$BUILD/compile_commands.json" | sed "s,^.*/$KERNEL/,," | sort -u >"$HERE/compiled"
	(cd "$TREE" && grep -rlE --include='*.c' "$what" "$@") | sort | comm -12 "$HERE/compiled" -
}

seeded_iterations() {
	seeded_with '(for_each_(dev|device|child|child_reverse)|pci_walk_bus)\(' "${SEEDED_DIRS[@]}"
}

seeded_locks() {
	seeded_with '(xa_load|idr_find|radix_tree_lookup|find_v?pid|pid_task|find_task_by|dev_get_by|inetdev_by_index)' \
		block drivers fs init io_uring ipc kernel mm net
}

seeded_loops() {
	seeded_with 'for_each_[a-z_]*(of_node|node_by_|matching_node|compatible_node)' "${SEEDED_NODE_DIRS[@]}"
}

# The script of a family, and the rules one of which must tell.
seeded_script() {
	case $1 in
	iterations) printf 'seed.awk iterator-escape' ;;
	locks) printf 'seed_lock.awk (lock-escape|rcu-escape|stale-borrow)' ;;
	loops) printf 'seed_loop.awk ref-leak' ;;
	esac
}

# Is it told in the function, in its callback, or (through two functions) where it was put in?
seeded_verdict() {
	local rules=$1 file=$2 function=$3 what=$4 kind=$5
	if grep -qE "^$rules $file ($function|$what)\$" "$HERE/new" ||
		{ [ "$kind" = calls ] && grep -qE "^$rules $file seeded_[0-9]+_(first|found)\$" "$HERE/new"; }; then
		echo "found $kind $file $function $what"
	else
		echo "missed $kind $file $function $what"
	fi
}

# Files with the seeds of a round in place of those of the tree; a line "FILE<tab>FUNCTION<tab>WHAT<tab>KIND" a seed in places.
seeded_put_in() {
	local script=$1 round=$2 out=$3 file
	(cd "$TREE" && awk -v "out=$out" -v "round=$round" -f "$TESTS/kernel/$script" "${files[@]}") >"$HERE/places"
	while read -r file; do
		save_file "$file"
		cp "$out/$file" "$TREE/$file"
	done < <(cut -f1 "$HERE/places" | sort -u)
}

seeded_round() {
	local family=$1 round=$2 script rules files places file function what kind
	read -r script rules < <(seeded_script "$family"; echo)
	mapfile -t files < <("seeded_$family")
	# Only files with seeds are read at all.
	(cd "$TREE" && awk -v "out=$HERE/seeded-try" -v round=0 -f "$TESTS/kernel/$script" "${files[@]}") >"$HERE/places"
	mapfile -t files < <(cut -f1 "$HERE/places" | sort -u)
	[ -f "$SCRATCH/untouched-$family.lines" ] || check_kernel "$SCRATCH/untouched-$family" "${files[@]}"
	seeded_put_in "$script" "$round" "$HERE/seeded-$family-$round"
	check_kernel "$HERE/seeded" "${files[@]}" || { restore_tree; return 1; }
	restore_tree
	comm -13 "$SCRATCH/untouched-$family.lines" "$HERE/seeded.lines" >"$HERE/new"
	while IFS=$'\t' read -r file function what kind; do
		# Where there is a finding without the seed, one more cannot be told from it; nor is a put one too few where one is
		# too many.
		grep -qE "^($rules|ref-overput|use-after-put) $file ($function|$what)\$" "$SCRATCH/untouched-$family.lines" ||
			seeded_verdict "$rules" "$file" "$function" "$what" "$kind"
	done <"$HERE/places"
	awk -F '\t' 'FNR == NR { ours[$1, $2] = ours[$1, $3] = 1; next }
		{ split($0, w, " ") } !((w[2], w[3]) in ours) && w[3] !~ /^seeded_/ { print "elsewhere " $0 }' \
		"$HERE/places" "$HERE/new"
}

seeded_rate() {
	awk '/^found/ { found[$2]++; all[$2]++; nfound++; n++ } /^missed/ { all[$2]++; n++ } /^elsewhere/ { elsewhere++ }
		END {
			for (k in all)
				printf "%s: %d of %d\n", k, found[k], all[k] | "sort"
			close("sort")
			printf "%d of %d found, %d elsewhere\n", nfound, n, elsewhere
		}' "$1"
}
