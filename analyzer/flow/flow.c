// SPDX-License-Identifier: GPL-2.0-only
/* Names of flow operations, as the text form and messages have them. */
#include "flow/flow.h"

#include <string.h>

#include "base/message.h"
#include "base/text.h"

const char *flow_op_name(enum flow_op op)
{
	static const char *const names[] = {
		[OP_ADDR] = "addr", [OP_INDEX] = "index", [OP_LOAD] = "load", [OP_STORE] = "store",
		[OP_CALL] = "call", [OP_ASM] = "asm", [OP_PHI] = "phi", [OP_SELECT] = "select",
		[OP_CMP] = "cmp", [OP_BIN] = "bin", [OP_ALLOCA] = "alloca", [OP_COPY] = "copy",
		[OP_FILL] = "fill", [OP_ATOMIC] = "atomic", [OP_EXTRACT] = "extract", [OP_INSERT] = "insert",
		[OP_JUMP] = "jump", [OP_BRANCH] = "branch", [OP_SWITCH] = "switch", [OP_ANY] = "any",
		[OP_RETURN] = "return", [OP_STOP] = "stop",
	};

	if (op > OP_STOP)
		bug("no flow operation %d", (int)op);
	return names[op];
}

const char *flow_sub_name(enum flow_sub sub)
{
	static const char *const names[] = {
		[SUB_NONE] = "",
		[CMP_EQ] = "eq", [CMP_NE] = "ne", [CMP_ULT] = "ult", [CMP_ULE] = "ule", [CMP_UGT] = "ugt",
		[CMP_UGE] = "uge", [CMP_SLT] = "slt", [CMP_SLE] = "sle", [CMP_SGT] = "sgt", [CMP_SGE] = "sge",
		[BIN_ADD] = "add", [BIN_SUB] = "sub", [BIN_MUL] = "mul", [BIN_DIV] = "div", [BIN_REM] = "rem",
		[BIN_AND] = "and", [BIN_OR] = "or", [BIN_XOR] = "xor", [BIN_SHL] = "shl", [BIN_SHR] = "shr",
		[BIN_OTHER] = "other",
		[ATOMIC_SET] = "set", [ATOMIC_IF] = "if", [ATOMIC_OTHER] = "other",
	};

	if (sub > ATOMIC_OTHER)
		bug("no flow suboperation %d", (int)sub);
	return names[sub];
}

const char *flow_plain_name(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? intern_n(name, (size_t)(colon - name)) : name;
}

int unit_compare(const void *a, const void *b)
{
	return text_compare((*(struct unit *const *)a)->file, (*(struct unit *const *)b)->file);
}
