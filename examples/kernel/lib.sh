# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A real kernel to work on: install what that needs, build devscope, unpack Debian's
# linux-source-6.12, configure it, list its compile commands. Every step is done
# once and skipped when its result is there. Sourced by examples/kernel/run and by
# tests/run; in the order of use:
#
#   kernel_init WORK		folders; takes the lock that keeps two runs apart
#   need_packages NAME...	apt-get, for what is missing
#   build_devscope DIR ARG...	cmake: sets DEVSCOPE
#   unpack_kernel		sets TREE
#   configure_kernel NAME ARCH CONFIG GCC LOCKDEP	sets BUILD; KERNEL_OPTIONS: more for scripts/config
#   compile_database DIR...	BUILD/compile_commands.json
#   patch_tree FILE, restore_tree

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LLVM=${LLVM:-19}
JOBS=${JOBS:-$(nproc)}
KERNEL=linux-source-6.12
KERNEL_OPTIONS=()

# shellcheck disable=SC2034
BUILD_PACKAGES=(gcc make cmake pkg-config libc6-dev "clang-$LLVM" "llvm-$LLVM-dev" libcyaml-dev libyaml-dev libjansson-dev
	libxxhash-dev libzstd-dev libsqlite3-dev)
# shellcheck disable=SC2034
KERNEL_PACKAGES=("$KERNEL" "clang-$LLVM" "lld-$LLVM" "llvm-$LLVM" make flex bison bc libc6-dev libelf-dev libssl-dev
	xz-utils patch perl util-linux)

say() { printf '== %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 2; }

# Run a command quietly; its output is shown only if it fails.
quiet() {
	local log
	log=$(mktemp)
	if "$@" >"$log" 2>&1 </dev/null; then
		rm -f "$log"
		return 0
	fi
	tail -n 40 "$log" >&2
	rm -f "$log"
	printf 'error: failed: %s\n' "$*" >&2
	return 1
}

kernel_init() {
	mkdir -p "$1"
	WORK=$(cd "$1" && pwd)
	case $WORK in
	*[[:space:]:]*) fail "a kernel cannot be built under '$WORK' (blank or colon in the path): use another folder" ;;
	esac
	exec 9>"$WORK/lock"
	flock -n 9 || { say "waiting for another run on $WORK"; flock 9; }
	TREE=$WORK/$KERNEL
	restore_tree	# what an earlier run that was killed left patched
}

need_packages() {
	local name missing=() as_root=()
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] || as_root=(sudo)
	say "installing ${missing[*]}"
	quiet "${as_root[@]}" apt-get update || fail "could not read the package lists"
	quiet "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		"${missing[@]}" || fail "could not install: ${missing[*]}"
}

# build_devscope DIR ARG...: the build in DIR (made if missing), configured with ARGs.
build_devscope() {
	local dir=$1
	shift
	if [ "$(cat "$dir/made-with" 2>/dev/null)" != "$SOURCE $*" ]; then
		say "configuring devscope in $dir"
		rm -rf "$dir"
		mkdir -p "$dir"
		quiet cmake -S "$SOURCE" -B "$dir" "$@" || fail "devscope could not be configured"
		printf '%s\n' "$SOURCE $*" >"$dir/made-with"
	fi
	say "building devscope"
	quiet cmake --build "$dir" -j "$JOBS" || fail "devscope could not be built"
	DEVSCOPE=$dir/devscope
}

unpack_kernel() {
	[ ! -f "$TREE/.unpacked" ] || return 0
	say "unpacking $KERNEL (once)"
	rm -rf "$TREE"
	tar -C "$WORK" -xf "/usr/src/$KERNEL.tar.xz"
	touch "$TREE/.unpacked"
}

# The make command for BUILD, in the array MAKE_KERNEL.
kernel_make() {
	local arch=$1 gcc=$2
	MAKE_KERNEL=(make -s -C "$TREE" "O=$BUILD" "ARCH=${arch/%x86/x86_64}")
	[ "$gcc" = yes ] || MAKE_KERNEL+=("LLVM=-$LLVM")
}

# configure_kernel NAME ARCH CONFIG GCC LOCKDEP: CONFIG is a make target, or "" for the usual one.
configure_kernel() {
	local arch=$2 config=$3 gcc=$4 lockdep=$5 options=(-d DEBUG_INFO_BTF "${KERNEL_OPTIONS[@]}")
	BUILD=$WORK/$1
	kernel_make "$arch" "$gcc"
	if [ -z "$config" ]; then
		case $arch in
		arm) config=multi_v7_defconfig ;;
		*) config=defconfig ;;
		esac
	fi
	[ "$arch" != x86 ] || options+=(-e AMD_IOMMU -e INTEL_IOMMU -e IOMMUFD -e VFIO -e VIRTIO_IOMMU)
	[ "$lockdep" = no ] || options+=(-e PROVE_LOCKING)
	[ "$(cat "$BUILD/.prepared" 2>/dev/null)" != "$arch $config $gcc ${options[*]}" ] || return 0
	say "configuring the kernel: $arch, $config (once)"
	rm -rf "$BUILD"
	mkdir -p "$BUILD"
	quiet "${MAKE_KERNEL[@]}" "$config" || fail "the kernel could not be configured"
	"$TREE/scripts/config" --file "$BUILD/.config" "${options[@]}"
	quiet "${MAKE_KERNEL[@]}" olddefconfig || fail "the kernel could not be configured"
	quiet "${MAKE_KERNEL[@]}" -j "$JOBS" prepare || fail "the kernel could not be prepared"
	printf '%s\n' "$arch $config $gcc ${options[*]}" >"$BUILD/.prepared"
}

# compile_database DIR...: the commands of these folders, and of no others; without any, those of all that is built in.
compile_database() {
	local dir targets=()
	for dir in "$@"; do
		targets+=("${dir%/}/")
	done
	[ "$(cat "$BUILD/.listed" 2>/dev/null)" != "${targets[*]-}." ] || return 0
	say "listing the compile commands of ${targets[*]:-the kernel}"
	"$DEVSCOPE" compdb -o "$BUILD/compile_commands.json" "$BUILD" "${targets[@]}" >&2 ||
		fail "there is no compile database"
	printf '%s.\n' "${targets[*]-}" >"$BUILD/.listed"
}

# patch_tree FILE: apply a patch to the tree. restore_tree puts back what was there; so does the
# next kernel_init, should this run be killed.
patch_tree() {
	local file
	while read -r file; do
		save_file "$file"
	done < <(awk '$1 == "+++" { sub(/^[^\/]*\//, "", $2); print $2 }' "$1")
	quiet patch -p1 -s --no-backup-if-mismatch -r - -d "$TREE" -i "$(realpath "$1")" || fail "$1 does not apply to $KERNEL"
}

# Keep FILE of the tree as it is now, times included, for restore_tree.
save_file() {
	[ -f "$TREE/$1" ] || fail "$KERNEL has no $1"
	mkdir -p "$(dirname "$WORK/saved.part/$1")" "$(dirname "$WORK/saved/$1")"
	[ -f "$WORK/saved/$1" ] && return 0
	cp -p "$TREE/$1" "$WORK/saved.part/$1"
	mv "$WORK/saved.part/$1" "$WORK/saved/$1"
}

restore_tree() {
	local file
	[ -d "$WORK/saved" ] || return 0
	(cd "$WORK/saved" && find . -type f) | while read -r file; do
		cp -p "$WORK/saved/$file" "$TREE/$file"
	done
	rm -rf "$WORK/saved" "$WORK/saved.part"
}
