# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# devscope query on an older kernel, before its drivers gave a device to allocate for: each caller is listed, and the
# device that a later kernel gives there is among those in reach. Only the units with a caller are read, and the
# function's own, which says what it and its like take.

# devices_in ARCH: a line "file, caller, device" of each device that each caller has, or the callers of one that has none.
devices_in() {
	local KERNEL=linux-source-6.1 TREE=$WORK/linux-source-6.1 file objects=(drivers/iommu/iommu.o)
	need_packages "$KERNEL"
	unpack_kernel
	configure_kernel "build-6.1-$1" "$1" allmodconfig no no
	while read -r file; do
		objects+=("${file%.c}.o")
	done < <(awk -F'\t' -v arch="$1" '$1 == arch { print $2 }' "$TESTS/kernel/devices-6.1.tsv")
	"$DEVSCOPE" compdb -o "$BUILD/compile_commands.json" "$BUILD" "${objects[@]}" >&2
	(cd "$TREE" && "$DEVSCOPE" capture -p "$BUILD" >&2 && "$DEVSCOPE" query -q -p "$BUILD" --limit 100 --format json \
		callers-with-device iommu_domain_alloc) >"$HERE/$1.json"
	jq -r '.rows[] | (., .callers[]) | .file as $f | .caller as $c | .devices[].expression | [$f, $c, .] | @tsv' "$HERE/$1.json"
}

devices_are() {
	local arch=$1 bad=0 file caller device
	build_devscope "$WORK/devscope" -DDEVSCOPE_TESTS=OFF "-DLLVM_CONFIG=llvm-config-$LLVM"
	devices_in "$arch" >"$HERE/have"
	while IFS=$'\t' read -r _ file caller device _; do
		grep -qxF "$file"$'\t'"$caller"$'\t'"${device}" "$HERE/have" ||
			{ echo "$file: $caller() does not have $device"; bad=1; }
	done < <(awk -F'\t' -v arch="$arch" '$1 == arch' "$TESTS/kernel/devices-6.1.tsv")
	# Nobody else calls it: what was found is what was looked for.
	[ "$(cut -f1,2 "$HERE/have" | sort -u | wc -l)" = "$(awk -F'\t' -v arch="$arch" '$1 == arch' \
		"$TESTS/kernel/devices-6.1.tsv" | wc -l)" ] || { echo "others call it too"; cut -f1,2 "$HERE/have" | sort -u; bad=1; }
	[ $bad = 0 ] || cat "$HERE/have"
	return $bad
}

run_test query/devices-6.1-x86 devices_are x86
run_test query/devices-6.1-arm devices_are arm
