// SPDX-License-Identifier: GPL-2.0-only
/*
 * The blocks of a function, made few: branches on constants are jumps and what they make unreachable is
 * left out; empty blocks are stepped over; a block that follows one other block and nothing else is part
 * of it. Macros leave dozens of both behind.
 *
 * Entry point: blocks_order(). It walks the graph once for reverse post-order; the changes keep it one.
 */
#include "capture/lower.h"

#include "base/arena.h"

LLVMValueRef blocks_case(LLVMValueRef term, unsigned i)
{
#if LLVM_VERSION_MAJOR >= 22
	return LLVMGetSwitchCaseValue(term, i);
#else
	return LLVMGetOperand(term, 2 * i);
#endif
}

int64_t blocks_case_value(LLVMValueRef v)
{
	return LLVMGetIntTypeWidth(LLVMTypeOf(v)) > 64 ? 0 : lower_number(v);
}

/*
 * Does the block call a function that the compiler must not leave a call of (attribute "error")? A kernel that builds
 * never comes there: compile-time assertions end so, and may hang on what only an inlining compiler knows.
 */
static bool cannot_be(LLVMBasicBlockRef block)
{
	static const char error[] = "dontcall-error";

	for (LLVMValueRef v = LLVMGetFirstInstruction(block); v; v = LLVMGetNextInstruction(v)) {
		LLVMValueRef fn = LLVMIsACallInst(v) ? LLVMIsAFunction(LLVMGetCalledValue(v)) : NULL;

		if (fn && LLVMGetStringAttributeAtIndex(fn, LLVMAttributeFunctionIndex, error, sizeof(error) - 1))
			return true;
	}
	return false;
}

/* The successor taken for sure, or -1. */
static int sure_successor(LLVMValueRef term)
{
	unsigned n = LLVMGetNumSuccessors(term);
	LLVMValueRef condition;

	if (LLVMGetInstructionOpcode(term) == LLVMBr && n == 2) {
		for (unsigned i = 0; i < 2; i++)
			if (cannot_be(LLVMGetSuccessor(term, i)) && !cannot_be(LLVMGetSuccessor(term, !i)))
				return !i;
		condition = LLVMGetCondition(term);
		return LLVMIsAConstantInt(condition) ? !LLVMConstIntGetZExtValue(condition) : -1;
	}
	if (LLVMGetInstructionOpcode(term) != LLVMSwitch || !LLVMIsAConstantInt(LLVMGetOperand(term, 0)))
		return -1;
	for (unsigned i = 1; i < n; i++)
		if (blocks_case_value(blocks_case(term, i)) == blocks_case_value(LLVMGetOperand(term, 0)))
			return (int)i;
	return 0;
}

bool blocks_has_edge(LLVMBasicBlockRef from, LLVMBasicBlockRef to)
{
	LLVMValueRef term = LLVMGetBasicBlockTerminator(from);
	int sure = sure_successor(term);

	if (sure >= 0)
		return LLVMGetSuccessor(term, (unsigned)sure) == to;
	for (unsigned i = 0; i < LLVMGetNumSuccessors(term); i++)
		if (LLVMGetSuccessor(term, i) == to)
			return true;
	return false;
}

/* The record of an LLVM block; its successors are LLVM blocks until the walk comes to them. */
static struct flow_block *new_block(struct lower *l, LLVMBasicBlockRef block)
{
	struct flow_block *bb = ARENA_NEW(l->scratch, struct flow_block);
	LLVMValueRef term = LLVMGetBasicBlockTerminator(block);
	int sure = sure_successor(term);

	bb->block = block;
	bb->number = -1;
	bb->nsucc = sure >= 0 ? 1 : (int)LLVMGetNumSuccessors(term);
	bb->succ = ARENA_ARRAY(l->scratch, struct flow_block *, bb->nsucc);
	for (int i = 0; i < bb->nsucc; i++)
		bb->succ[i] = (struct flow_block *)LLVMGetSuccessor(term, (unsigned)(sure >= 0 ? sure : i));
	ref_set(l->scratch, &l->numbers, block, bb);
	return bb;
}

/* All blocks that can be reached, in reverse post-order. */
static struct flow_block **walk(struct lower *l, LLVMValueRef fn, int *n)
{
	int total = (int)LLVMCountBasicBlocks(fn), depth = 0, left = total;
	struct flow_block **stack = ARENA_ARRAY(l->scratch, struct flow_block *, total);
	struct flow_block **order = ARENA_ARRAY(l->scratch, struct flow_block *, total);

	stack[depth++] = new_block(l, LLVMGetEntryBasicBlock(fn));
	while (depth) {
		struct flow_block *bb = stack[depth - 1], *next;

		if (bb->next == bb->nsucc) {
			order[--left] = bb;
			depth--;
			continue;
		}
		next = ref_get(&l->numbers, bb->succ[bb->next]);
		if (!next)
			stack[depth++] = next = new_block(l, (LLVMBasicBlockRef)bb->succ[bb->next]);
		bb->succ[bb->next++] = next;
	}
	*n = total - left;
	return order + left;
}

static bool has_phi(const struct flow_block *bb)
{
	LLVMValueRef v = LLVMGetFirstInstruction(bb->block);

	return v && LLVMGetInstructionOpcode(v) == LLVMPHI;
}

/* A jump to the function's one return: the place of a return statement, which findings speak of. */
static bool is_return_statement(const struct flow_block *bb)
{
	LLVMValueRef jump = LLVMGetBasicBlockTerminator(bb->block);
	LLVMValueRef last = LLVMGetBasicBlockTerminator(bb->succ[0]->block);

	return LLVMGetInstructionOpcode(last) == LLVMRet && LLVMGetDebugLocLine(jump) != 0;
}

/* Nothing but a jump? */
static bool is_empty(const struct flow_block *bb)
{
	LLVMValueRef v = LLVMGetFirstInstruction(bb->block);

	if (bb->nsucc != 1 || bb->succ[0] == bb || is_return_statement(bb))
		return false;
	while (v && lower_is_silent(v))
		v = LLVMGetNextInstruction(v);
	return v && LLVMGetInstructionOpcode(v) == LLVMBr;
}

/* Behind empty blocks that lead to one without phis. */
static struct flow_block *behind(struct flow_block *bb)
{
	while (bb->into)
		bb = bb->into;
	return bb;
}

static void count_edges(struct flow_block **order, int n)
{
	for (int i = 0; i < n; i++)
		order[i]->npred = 0;
	order[0]->npred = 1;
	for (int i = 0; i < n; i++)
		for (int k = 0; !order[i]->into && k < order[i]->nsucc; k++) {
			struct flow_block *next = order[i]->succ[k] = behind(order[i]->succ[k]);

			next->npred++;
			next->pred = order[i];
		}
}

static bool leads_to(const struct flow_block *from, const struct flow_block *to)
{
	for (int i = 0; i < from->nsucc; i++)
		if (from->succ[i] == to)
			return true;
	return false;
}

/* Empty blocks that lead to phis: the block before stands for them there, if it has no edge of its own. */
static void step_over(struct flow_block **order, int n)
{
	for (int i = 1; i < n; i++) {
		struct flow_block *bb = order[i], *from = bb->pred, *to = bb->succ[0];

		if (bb->into || bb->npred != 1 || from == bb || !is_empty(bb) || leads_to(from, to))
			continue;
		for (int k = 0; k < from->nsucc; k++)
			if (from->succ[k] == bb)
				from->succ[k] = to;
		to->pred = from;
		bb->into = from;
	}
}

static void join(struct flow_block **order, int n)
{
	for (int i = 0; i < n; i++) {
		struct flow_block *bb = order[i], *end = bb;

		if (bb->into)
			continue;
		while (bb->nsucc == 1) {
			struct flow_block *next = bb->succ[0];

			if (next->npred != 1 || next == bb || next == order[0] || next->into || has_phi(next))
				break;
			end->more = next;
			end = next;
			next->into = bb;
			bb->nsucc = next->nsucc;
			bb->succ = next->succ;
		}
	}
}

struct flow_block **blocks_order(struct lower *l, LLVMValueRef fn, int *n)
{
	struct flow_block **order = walk(l, fn, n);
	int kept = 0;

	for (int i = 1; i < *n; i++) {
		struct flow_block *bb = order[i];

		if (is_empty(bb) && !has_phi(bb->succ[0]) && behind(bb->succ[0]) != bb)
			bb->into = bb->succ[0];
	}
	count_edges(order, *n);
	step_over(order, *n);
	join(order, *n);
	for (int i = 0; i < *n; i++)
		if (!order[i]->into) {
			order[i]->number = kept;
			order[kept++] = order[i];
		}
	*n = kept;
	return order;
}

struct flow_block *blocks_find(struct lower *l, LLVMBasicBlockRef block)
{
	struct flow_block *bb = ref_get(&l->numbers, block);

	return bb ? behind(bb) : NULL;
}
