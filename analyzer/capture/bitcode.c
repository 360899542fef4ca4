// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bitcode to flow: opens the module, runs the passes, hands each function to lower.c, and collects what
 * stands beside functions: slots of ops tables and notes from annotations.
 *
 * Entry point: bitcode_lower(). All of LLVM's objects end with it.
 */
#include "capture/bitcode.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/text.h"
#include "capture/lower.h"
#include "capture/said.h"
#include "flow/flow.h"
#include "flow/flow_text.h"

/* SSA form and no doubles; no simplifycfg, which turns branches into selects. */
#define PASSES "function(mem2reg,sroa,early-cse)"

struct module {
	struct arena *a;		/* of the unit */
	struct arena scratch;
	LLVMContextRef context;
	LLVMModuleRef module;
	LLVMTargetDataRef layout;
	struct debug debug;
	struct unit *unit;
	int room;			/* for slots */
	struct map notes;		/* function name -> notes */
	struct said said;
};

const char *bitcode_llvm_version(void)
{
	static char version[40];
	unsigned major, minor, patch;
	struct text t = {0};

	LLVMGetVersion(&major, &minor, &patch);
	text_printf(&t, "%u.%u.%u", major, minor, patch);
	memcpy(version, text_str(&t), t.len + 1);
	text_release(&t);
	return version;
}

/* --- reading --- */

static void quiet(LLVMDiagnosticInfoRef info, void *cookie)
{
	(void)info;
	(void)cookie;
}

static bool read_module(struct module *m, const char *path, struct text *error)
{
	LLVMMemoryBufferRef buffer;
	char *message = NULL;

	LLVMContextSetDiagnosticHandler(m->context, quiet, NULL);
	if (LLVMCreateMemoryBufferWithContentsOfFile(path, &buffer, &message)) {
		text_printf(error, "%s: %s", path, message);
		LLVMDisposeMessage(message);
		return false;
	}
	if (LLVMParseBitcodeInContext2(m->context, buffer, &m->module))
		text_printf(error, "%s: not bitcode that LLVM %s can read", path, bitcode_llvm_version());
	LLVMDisposeMemoryBuffer(buffer);
	return m->module;
}

/*
 * Questions to the optimiser are answered before the passes, so that these can fold what follows:
 * __builtin_constant_p() no, __builtin_object_size() unknown, likely() its operand.
 */
static LLVMValueRef answer(const char *name, LLVMValueRef call)
{
	if (!strncmp(name, "llvm.is.constant.", 17))
		return LLVMConstNull(LLVMTypeOf(call));
	if (!strncmp(name, "llvm.objectsize.", 16))
		return LLVMConstAllOnes(LLVMTypeOf(call));
	if (!strncmp(name, "llvm.expect.", 12))
		return LLVMGetOperand(call, 0);
	return NULL;
}

static void answer_questions(struct module *m)
{
	for (LLVMValueRef fn = LLVMGetFirstFunction(m->module); fn; fn = LLVMGetNextFunction(fn)) {
		size_t len;
		const char *name = LLVMGetValueName2(fn, &len);
		LLVMUseRef use;

		if (strncmp(name, "llvm.", 5))
			continue;
		while ((use = LLVMGetFirstUse(fn))) {
			LLVMValueRef call = LLVMGetUser(use);
			LLVMValueRef value = LLVMIsACallInst(call) ? answer(name, call) : NULL;

			if (!value)
				break;
			LLVMReplaceAllUsesWith(call, value);
			LLVMInstructionEraseFromParent(call);
		}
	}
}

static bool run_passes(struct module *m, const char *path, struct text *error)
{
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMErrorRef e = LLVMRunPasses(m->module, PASSES, NULL, options);

	LLVMDisposePassBuilderOptions(options);
	if (e) {
		char *message = LLVMGetErrorMessage(e);

		text_printf(error, "%s: %s", path, message);
		LLVMDisposeErrorMessage(message);
	}
#if LLVM_VERSION_MAJOR < 20
	/* There is no iterator over debug records yet: have them as calls. */
	LLVMSetIsNewDbgInfoFormat(m->module, 0);
#endif
	return !e;
}

/* --- notes --- */

/* The string a constant array holds. */
static const char *constant_string(LLVMValueRef v)
{
	LLVMValueRef init = LLVMIsAGlobalVariable(v) ? LLVMGetInitializer(v) : NULL;
	size_t len;
	const char *s;

	if (!init || !LLVMIsConstantString(init))
		return NULL;
	s = LLVMGetAsString(init, &len);
	return intern_n(s, strnlen(s, len));
}

static void add_note(struct module *m, LLVMValueRef fn, const char *note)
{
	struct lower l = {.scratch = &m->scratch};
	const char *name = lower_global_name(&l, fn), *old = map_get(&m->notes, name);

	if (old)
		note = intern(arena_printf(&m->scratch, "%s;%s", old, note));
	map_set(&m->notes, name, (void *)note);
}

/* llvm.global.annotations is an array of { function, string, file, line, arguments }. */
static void read_notes(struct module *m)
{
	LLVMValueRef global = LLVMGetNamedGlobal(m->module, "llvm.global.annotations");
	LLVMValueRef init = global ? LLVMGetInitializer(global) : NULL;
	unsigned n = init ? (unsigned)LLVMGetArrayLength2(LLVMTypeOf(init)) : 0;

	for (unsigned i = 0; i < n; i++) {
		LLVMValueRef entry = LLVMGetAggregateElement(init, i);
		LLVMValueRef fn = LLVMGetAggregateElement(entry, 0);
		const char *note = constant_string(LLVMGetAggregateElement(entry, 1));

		if (LLVMIsAFunction(fn) && note)
			add_note(m, fn, note);
	}
}

/* --- slots --- */

static void add_slot(struct module *m, struct slot slot)
{
	struct unit *u = m->unit;

	if (u->nslot == m->room) {
		struct slot *more;

		m->room = m->room ? m->room * 2 : 64;
		more = ARENA_ARRAY(m->a, struct slot, m->room);
		if (u->nslot)
			memcpy(more, u->slots, sizeof(*more) * (size_t)u->nslot);
		u->slots = more;
	}
	u->slots[u->nslot++] = slot;
}

/* Where the walk through an initialiser is, from the inside out. */
struct way {
	const struct way *up;
	const struct dtype *type;	/* the struct gone into */
	const char *member;		/* the member of it gone into; NULL for an anonymous one */
};

/* A slot for each named struct around it: (device_driver, "probe") and (foo_driver, "driver.probe"). */
static void add_slots(struct module *m, const struct way *way, struct slot slot)
{
	slot.field = NULL;
	for (; way; way = way->up) {
		if (way->member)
			slot.field = !slot.field ? way->member :
				     arena_printf(&m->scratch, "%s.%s", way->member, slot.field);
		slot.struct_name = way->type->name;
		if (!slot.struct_name || !slot.field)
			continue;
		slot.field = intern(slot.field);
		add_slot(m, slot);
	}
}

/* A function pointer at offset in an object of that type. */
static void find_slot(struct module *m, const struct dtype *t, uint64_t offset, const struct way *up,
		      const struct slot *slot)
{
	struct way way = {.up = up, .type = t};
	const struct dmember *member;

	while (t && t->kind == DTYPE_ARRAY) {
		t = debug_base(&m->debug, t);
		if (t && t->size)
			offset %= t->size;
	}
	way.type = t;
	member = debug_member_around(&m->debug, t, offset);
	if (!member) {
		add_slots(m, up, *slot);
		return;
	}
	way.member = member->name;
	find_slot(m, member->type, offset - member->offset, &way, slot);
}

/* The type of an LLVM struct, for objects without debug information. */
static const struct dtype *known_struct(struct module *m, LLVMTypeRef type)
{
	const char *name = lower_struct_name(type);

	return name ? debug_struct(&m->debug, name) : NULL;
}

static void walk_constant(struct module *m, LLVMValueRef v, const struct dtype *t, uint64_t offset,
			  const struct slot *slot)
{
	LLVMTypeRef type = LLVMTypeOf(v);
	LLVMValueKind kind = LLVMGetValueKind(v);

	if (!t)
		t = known_struct(m, type);
	if (kind == LLVMFunctionValueKind || kind == LLVMGlobalAliasValueKind) {
		struct lower l = {.scratch = &m->scratch};
		struct arg arg = lower_constant(&l, v);
		struct slot found = *slot;

		found.func = arg.name;
		if (t && arg.kind == ARG_FUNC)
			find_slot(m, t, offset, NULL, &found);
	} else if (kind == LLVMConstantStructValueKind) {
		for (unsigned i = 0; i < LLVMCountStructElementTypes(type); i++)
			walk_constant(m, LLVMGetOperand(v, i), t,
				      offset + LLVMOffsetOfElement(m->layout, type, i), slot);
	} else if (kind == LLVMConstantArrayValueKind) {
		uint64_t size = LLVMABISizeOfType(m->layout, LLVMGetElementType(type));

		for (unsigned i = 0; i < LLVMGetArrayLength2(type); i++)
			walk_constant(m, LLVMGetOperand(v, i), t, offset + i * size, slot);
	}
}

static void read_initialisers(struct module *m)
{
	for (LLVMValueRef g = LLVMGetFirstGlobal(m->module); g; g = LLVMGetNextGlobal(g)) {
		LLVMValueRef init = LLVMGetInitializer(g);
		LLVMMetadataRef variable;
		struct lower l = {.scratch = &m->scratch};
		struct slot slot = {0};

		if (!init || LLVMGetValueKind(init) == LLVMConstantDataArrayValueKind)
			continue;
		variable = debug_global_variable(g);
		slot.object = lower_global_name(&l, g);
		if (variable) {
			slot.at.file = debug_file(&m->debug, LLVMDIVariableGetFile(variable));
			slot.at.line = (int)LLVMDIVariableGetLine(variable);
		}
		walk_constant(m, init, variable ? debug_variable_type(&m->debug, variable) : NULL, 0, &slot);
	}
}

/* Functions that code stores into a field. */
static void read_stores(struct module *m)
{
	for (int i = 0; i < m->unit->nfunc; i++) {
		const struct func *fn = m->unit->funcs[i];

		for (int k = 0; k < fn->ninsn; k++) {
			const struct insn *in = &fn->insns[k];

			if (in->op != OP_STORE || in->args[1].kind != ARG_FUNC || !in->field)
				continue;
			add_slot(m, (struct slot){.struct_name = in->struct_name, .field = in->field,
						  .func = in->args[1].name, .at = in->at});
		}
	}
}

static int by_string(const char *x, const char *y)
{
	return x && y ? strcmp(x, y) : !!x - !!y;
}

static int by_slot(const void *x, const void *y)
{
	const struct slot *a = x, *b = y;
	int d = by_string(a->struct_name, b->struct_name);

	d = d ? d : by_string(a->field, b->field);
	d = d ? d : by_string(a->func, b->func);
	d = d ? d : by_string(a->object, b->object);
	d = d ? d : by_string(a->at.file, b->at.file);
	d = d ? d : a->at.line - b->at.line;
	return d ? d : a->at.col - b->at.col;
}

static void sort_slots(struct unit *u)
{
	int n = 0;

	if (u->nslot)
		qsort(u->slots, (size_t)u->nslot, sizeof(*u->slots), by_slot);
	for (int i = 0; i < u->nslot; i++)
		if (!i || by_slot(&u->slots[i], &u->slots[n - 1]))
			u->slots[n++] = u->slots[i];
	u->nslot = n;
}

/* --- functions --- */

static int by_name(const void *x, const void *y)
{
	const struct func *a = *(struct func *const *)x, *b = *(struct func *const *)y;
	int d = strcmp(a->name, b->name);

	return d ? d : strcmp(a->text ? a->text : "", b->text ? b->text : "");
}

/* Two notes, of which either may be none. */
static const char *both(struct module *m, const char *x, const char *y)
{
	return !x || !y ? (y ? intern(y) : x) : intern(arena_printf(&m->scratch, "%s;%s", x, y));
}

/* Of what stands in the unit's own file comments may say something as well. */
static const char *notes_of(struct module *m, const struct func *fn)
{
	const char *note = map_get(&m->notes, fn->name);

	if (!fn->file || strcmp(fn->file, m->unit->file) != 0)
		return note;
	note = both(m, note, said_note(&m->said, fn->line));
	note = both(m, note, said_guards(&m->said, fn));
	return both(m, note, said_free(&m->said, fn->line, fn->end_line));
}

static void lower_functions(struct module *m)
{
	struct unit *u = m->unit;
	int n = 0;

	for (LLVMValueRef fn = LLVMGetFirstFunction(m->module); fn; fn = LLVMGetNextFunction(fn))
		n += !LLVMIsDeclaration(fn);
	u->funcs = ARENA_ARRAY(m->a, struct func *, n);
	for (LLVMValueRef fn = LLVMGetFirstFunction(m->module); fn; fn = LLVMGetNextFunction(fn)) {
		struct func *lowered;

		if (LLVMIsDeclaration(fn))
			continue;
		lowered = lower_func(m->a, &m->debug, m->layout, fn);
		lowered->notes = notes_of(m, lowered);
		flow_seal_func(m->a, lowered);
		u->funcs[u->nfunc++] = lowered;
	}
	if (n)
		qsort(u->funcs, (size_t)n, sizeof(*u->funcs), by_name);
}

static void lower_module(struct module *m, const char *source_root)
{
	m->layout = LLVMGetModuleDataLayout(m->module);
	debug_init(&m->debug, &m->scratch, m->module, source_root);
	map_init(&m->notes);
	read_notes(m);
	lower_functions(m);
	read_initialisers(m);
	read_stores(m);
	sort_slots(m->unit);
	map_release(&m->notes);
	debug_release(&m->debug);
}

struct unit *bitcode_lower(struct arena *a, const char *path, const char *file, const struct view *view,
			   const char *source_root, struct text *error)
{
	struct module m = {.a = a, .context = LLVMContextCreate()};
	bool ok = read_module(&m, path, error);

	arena_init(&m.scratch);
	if (ok) {
		answer_questions(&m);
		first_keep(m.module);
		ok = run_passes(&m, path, error);
	}
	if (ok) {
		m.unit = ARENA_NEW(a, struct unit);
		m.unit->file = intern(file);
		said_read(&m.said, &m.scratch, view, path_absolute(&m.scratch, source_root, file));
		lower_module(&m, source_root);
	}
	if (m.module)
		LLVMDisposeModule(m.module);
	LLVMContextDispose(m.context);
	arena_release(&m.scratch);
	return ok ? m.unit : NULL;
}
