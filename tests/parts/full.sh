# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# What takes long: the other trees, the controls that need a tree of their own, and the
# next LLVM.

# shellcheck source=../kernel/lib.sh
. "$TESTS/kernel/lib.sh"
# shellcheck source=../kernel/known.sh
. "$TESTS/kernel/known.sh"

# tree_is NAME ARCH GCC LOCKDEP DIR...
tree_is() {
	local name=$1
	kernel_tree "build-$1" "$2" "$3" "$4" "${@:5}"
	check_kernel "$HERE/$name" "${@:5}"
	same "$TESTS/kernel/expected-$name.txt" "$HERE/$name.lines"
	lock_kinds
}

other_llvm() {
	local LLVM=$1 TESTED file bad=0
	if ! command -v "llvm-config-$LLVM" >/dev/null && ! apt-cache show "llvm-$LLVM-dev" >/dev/null 2>&1; then
		echo "skipped: there is no LLVM $LLVM here"
		return 0
	fi
	need_packages "clang-$LLVM" "llvm-$LLVM-dev"
	build_devscope "$WORK/devscope-llvm-$LLVM" -DDEVSCOPE_TESTS=OFF -DDEVSCOPE_WERROR=ON \
		"-DLLVM_CONFIG=llvm-config-$LLVM"
	TESTED=$DEVSCOPE
	for file in "$TESTS"/fixtures/*.c; do
		check_fixture "$file" || { echo "in $file"; bad=1; }
	done
	return $bad
}

# Two machines, as far as distcc can tell. They get preprocessed text, in which what stands
# behind a macro has another column.
distributed() {
	local port how
	need_packages distcc
	kernel_tree build-x86 x86 no no "${KERNEL_DIRS[@]}"
	mkdir -p "$HERE/distcc"
	for port in 37001 37002; do
		distccd --daemon --no-detach --listen 127.0.0.1 --port $port --allow 127.0.0.1 --enable-tcp-insecure --jobs 2 \
			--log-stderr 2>"$HERE/$port.log" &
	done
	trap 'kill $(jobs -p)' EXIT
	sleep 1
	check_kernel "$HERE/alone" --db "$HERE/alone.db" drivers/iommu
	DISTCC_FALLBACK=0 DISTCC_DIR=$HERE/distcc DISTCC_HOSTS="127.0.0.1:37001/1 127.0.0.1:37002/1" \
		check_kernel "$HERE/both" --db "$HERE/both.db" --launcher distcc -j 2 drivers/iommu
	for how in alone both; do
		sed -E 's/^([^ ]+:[0-9]+):[0-9]+: /\1: /' "$HERE/$how.txt" >"$HERE/$how.lines"
		jq 'del(.. | .startColumn?)' "$HERE/$how.sarif" >"$HERE/$how.json"
	done
	same "$HERE/alone.lines" "$HERE/both.lines"
	same "$HERE/alone.json" "$HERE/both.json"
	for port in 37001 37002; do
		grep -q COMPILE_OK "$HERE/$port.log" || { echo "nothing was compiled at $port"; cat "$HERE/$port.log"; return 1; }
	done
}

# The two compilers must both be content.
clang_builds() {
	need_packages "clang-$LLVM"
	build_devscope "$WORK/devscope-clang" "-DCMAKE_C_COMPILER=clang-$LLVM" -DDEVSCOPE_WERROR=ON \
		"-DLLVM_CONFIG=llvm-config-$LLVM"
}

run_test full/known known_tree known-x86.tsv whole-x86 x86 no
run_test full/known-arm64 known_tree known-arm64.tsv whole-arm64 arm64 no
run_test full/clang clang_builds
run_test full/llvm-22 other_llvm 22
run_test full/distcc distributed
run_test full/arm64 tree_is arm64 arm64 no no "${KERNEL_DIRS[@]}"
run_test full/arm tree_is arm arm no no "${KERNEL_DIRS[@]}" arch/arm/mm
run_test full/gcc tree_is x86-gcc x86 yes no "${KERNEL_DIRS[@]}"
run_test full/lockdep tree_is x86-lockdep x86 no yes "${KERNEL_DIRS[@]}"
run_test full/escape-controls controls_are expected-escape.txt escape_controls
run_test full/ref-controls controls_are expected-ref.txt ref_controls
