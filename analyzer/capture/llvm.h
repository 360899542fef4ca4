/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_LLVM_H
#define CAPTURE_LLVM_H

/*
 * The one door to LLVM. Only the files that lower bitcode come through it: bitcode.c, first.c, blocks.c,
 * debuginfo.c, names.c, address.c, lower.c, lower_insn.c; debuginfo.h and lower.h are theirs alone.
 */

#include <llvm-c/BitReader.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#endif
