// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug information, read through the C API, which knows few of its nodes: the others are read as plain
 * metadata operands, whose order is LLVM's (DebugInfoMetadata.h). What all types have grew between 19 and
 * 22, so the number of the first operand behind it is asked for.
 *
 * Structs are found by name, because that is what a GEP has. No index of them exists: the types are a
 * graph, walked breadth first from the compile unit, the functions and their variables, only as far as
 * the next name asked for needs.
 */
#include "capture/debuginfo.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* Operand numbers. Those of types are counted from d->own, behind what all types have. */
enum {
	OPERAND_VARIABLE_NAME = 1, OPERAND_VARIABLE_TYPE = 3,
	OPERAND_SUBPROGRAM_TYPE = 4, OPERAND_RETAINED_NODES = 7,
	OPERAND_UNIT_TYPES = 5, OPERAND_UNIT_GLOBALS = 6,
	OWN_BASE = 0,		/* of derived and composite types; the list of a subroutine type */
	OWN_ELEMENTS = 1,	/* of composite types */
};

struct ref_entry {
	const void *ref;
	void *value;
};

static size_t ref_slot(const struct ref_map *m, const void *ref)
{
	size_t h = (size_t)(((uintptr_t)ref >> 3) * 0x9e3779b97f4a7c15u >> 20) & (m->size - 1);

	while (m->entries[h].ref && m->entries[h].ref != ref)
		h = (h + 1) & (m->size - 1);
	return h;
}

void *ref_get(const struct ref_map *m, const void *ref)
{
	return m->size ? m->entries[ref_slot(m, ref)].value : NULL;
}

void ref_set(struct arena *a, struct ref_map *m, const void *ref, void *value)
{
	size_t h;

	if ((m->n + 1) * 2 > m->size) {
		struct ref_map more = {.size = m->size ? m->size * 2 : 64};

		more.entries = ARENA_ARRAY(a, struct ref_entry, more.size);
		for (size_t i = 0; i < m->size; i++)
			if (m->entries[i].ref)
				more.entries[ref_slot(&more, m->entries[i].ref)] = m->entries[i];
		more.n = m->n;
		*m = more;
	}
	h = ref_slot(m, ref);
	if (!m->entries[h].ref)
		m->n++;
	m->entries[h] = (struct ref_entry){ref, value};
}

/* The operands of a node in the arena; *n of them. */
static LLVMValueRef *operands(struct debug *d, LLVMMetadataRef node, unsigned *n)
{
	LLVMValueRef v = LLVMMetadataAsValue(d->context, node), *list;

	*n = (unsigned)LLVMGetMDNodeNumOperands(v);
	list = ARENA_ARRAY(d->a, LLVMValueRef, *n + 1);
	LLVMGetMDNodeOperands(v, list);
	return list;
}

static bool is_node(LLVMMetadataRef m)
{
	LLVMMetadataKind kind;

	if (!m)
		return false;
	kind = LLVMGetMetadataKind(m);
	return kind >= LLVMMDTupleMetadataKind && kind != LLVMDIArgListMetadataKind &&
	       kind != LLVMDIExpressionMetadataKind;
}

LLVMMetadataRef debug_operand(struct debug *d, LLVMMetadataRef node, unsigned i)
{
	LLVMValueRef *list;
	unsigned n;

	if (!is_node(node))
		return NULL;
	list = operands(d, node, &n);
	return i < n && list[i] ? LLVMValueAsMetadata(list[i]) : NULL;
}

static const char *operand_string(struct debug *d, LLVMMetadataRef node, unsigned i)
{
	LLVMValueRef *list;
	const char *s;
	unsigned n, len;

	if (!is_node(node))
		return NULL;
	list = operands(d, node, &n);
	s = i < n && list[i] ? LLVMGetMDString(list[i], &len) : NULL;
	return s && len ? intern_n(s, len) : NULL;
}

/* --- files and places --- */

/* dir/name without "//", "/./" and "/../". */
static char *absolute_path(struct arena *a, const char *dir, const char *name)
{
	char *path = *name == '/' ? arena_printf(a, "%s/", name) : arena_printf(a, "%s/%s/", dir, name);
	char *out = path, *top = path + (*path == '/');

	for (char *p = path; *p;) {
		size_t n = strcspn(p, "/") + 1;

		if (n == 3 && !strncmp(p, "../", 3) && out > top) {
			for (out--; out > top && out[-1] != '/'; out--)
				;
		} else if (!(n == 1 && out != path) && !(n == 2 && *p == '.')) {
			memmove(out, p, n);
			out += n;
		}
		p += n;
	}
	if (out > top && out[-1] == '/')
		out--;
	*out = 0;
	return path;
}

static const char *below(const char *path, const char *dir)
{
	size_t n = dir ? strlen(dir) : 0;

	return n && !strncmp(path, dir, n) && path[n] == '/' ? path + n + 1 : NULL;
}

/*
 * Sources are relative to the tree, generated files to the build folder, which may be inside the tree;
 * a compiler's own headers keep what is behind its folder.
 */
static const char *relative_path(struct debug *d, const char *path)
{
	const char *in_source = below(path, d->source_root), *in_build = below(path, d->build);

	if (in_build && (!in_source || (d->is_build_apart && in_build > in_source)))
		return in_build;
	if (in_source)
		return in_source;
	if (*path != '/')
		return path;
	in_source = strstr(path, "/include/");
	return in_source ? in_source + 1 : strrchr(path, '/') + 1;
}

const char *debug_file(struct debug *d, LLVMMetadataRef file)
{
	unsigned dir_len, len;
	const char *name, *dir, *known;

	if (!file)
		return NULL;
	known = ref_get(&d->files, file);
	if (known)
		return known;
	name = LLVMDIFileGetFilename(file, &len);
	dir = LLVMDIFileGetDirectory(file, &dir_len);
	if (!len)
		return NULL;
	known = relative_path(d, absolute_path(d->a, arena_strndup(d->a, dir, dir_len),
					       arena_strndup(d->a, name, len)));
	known = intern(known);
	ref_set(d->a, &d->files, file, (void *)known);
	return known;
}

struct place debug_place(struct debug *d, LLVMValueRef insn)
{
	LLVMMetadataRef at = LLVMInstructionGetDebugLoc(insn);
	struct place place = {0};

	if (!at || !LLVMDILocationGetLine(at))
		return place;
	place.line = (int)LLVMDILocationGetLine(at);
	place.col = (int)LLVMDILocationGetColumn(at);
	place.file = debug_file(d, LLVMDIScopeGetFile(LLVMDILocationGetScope(at)));
	return place;
}

/* --- types --- */

static bool is_array(struct debug *d, LLVMMetadataRef node)
{
	LLVMMetadataRef elements = debug_operand(d, node, d->own + OWN_ELEMENTS);
	LLVMMetadataRef first = debug_operand(d, elements, 0);
	LLVMMetadataKind kind = first ? LLVMGetMetadataKind(first) : LLVMMDStringMetadataKind;

	return kind == LLVMDISubrangeMetadataKind || kind == LLVMDIGenericSubrangeMetadataKind;
}

static const struct dtype *new_type(struct debug *d, LLVMMetadataRef node, enum dtype_kind kind,
				    const char *name)
{
	struct dtype *t = ref_get(&d->types, node);

	if (t)
		return t;
	t = ARENA_NEW(d->a, struct dtype);
	t->kind = kind;
	t->node = node;
	t->name = name;
	t->size = LLVMDITypeGetSizeInBits(node) / 8;
	ref_set(d->a, &d->types, node, t);
	return t;
}

static const char *type_name(LLVMMetadataRef node)
{
	size_t len;
	const char *s = LLVMDITypeGetName(node, &len);

	return len ? intern_n(s, len) : NULL;
}

static const struct dtype *composite_type(struct debug *d, LLVMMetadataRef node, const char *alias)
{
	struct dtype *known = ref_get(&d->types, node);
	const char *name;

	if (known && !known->name && known->kind == DTYPE_STRUCT)
		known->name = alias;
	if (known)
		return known;
	if (is_array(d, node))
		return new_type(d, node, DTYPE_ARRAY, NULL);
	name = type_name(node);
	return new_type(d, node, DTYPE_STRUCT, name ? name : alias);
}

const struct dtype *debug_type(struct debug *d, LLVMMetadataRef node)
{
	const char *alias = NULL;

	while (node) {
		const char *name;

		switch (LLVMGetMetadataKind(node)) {
		case LLVMDICompositeTypeMetadataKind:
			return composite_type(d, node, alias);
		case LLVMDIDerivedTypeMetadataKind:
			name = type_name(node);
			if (!name && LLVMDITypeGetSizeInBits(node))
				return new_type(d, node, DTYPE_POINTER, NULL);
			if (name)
				alias = name;
			node = debug_operand(d, node, d->own + OWN_BASE);
			break;
		case LLVMDIBasicTypeMetadataKind:
		case LLVMDISubroutineTypeMetadataKind:
			return new_type(d, node, DTYPE_OTHER, NULL);
		default:
			return NULL;
		}
	}
	return NULL;
}

const struct dtype *debug_base(struct debug *d, const struct dtype *t)
{
	struct dtype *mine = (struct dtype *)t;

	if (!t || (t->kind != DTYPE_ARRAY && t->kind != DTYPE_POINTER))
		return NULL;
	if (!mine->has_base) {
		mine->has_base = true;
		mine->base = debug_type(d, debug_operand(d, t->node, d->own + OWN_BASE));
	}
	return mine->base;
}

static void read_members(struct debug *d, struct dtype *t)
{
	LLVMMetadataRef elements;
	LLVMValueRef *list;
	unsigned n;

	t->has_members = true;
	elements = debug_operand(d, t->node, d->own + OWN_ELEMENTS);
	if (t->kind != DTYPE_STRUCT || !is_node(elements))
		return;
	list = operands(d, elements, &n);
	t->members = ARENA_ARRAY(d->a, struct dmember, n);
	for (unsigned i = 0; i < n; i++) {
		LLVMMetadataRef node = list[i] ? LLVMValueAsMetadata(list[i]) : NULL;
		struct dmember *m = &t->members[t->nmember];

		if (!node || LLVMGetMetadataKind(node) != LLVMDIDerivedTypeMetadataKind)
			continue;
		m->name = type_name(node);
		m->offset = LLVMDITypeGetOffsetInBits(node) / 8;
		m->size = LLVMDITypeGetSizeInBits(node) / 8;
		m->is_bits = LLVMDITypeGetFlags(node) & LLVMDIFlagBitField;
		m->type = debug_type(d, debug_operand(d, node, d->own + OWN_BASE));
		t->nmember++;
	}
}

static const struct dtype *with_members(struct debug *d, const struct dtype *t)
{
	if (!t->has_members)
		read_members(d, (struct dtype *)t);
	return t;
}

/* How well a member fits an access of that size: a value of it best, then a struct, then anything. */
static int rank(const struct dmember *m, uint64_t size)
{
	if (m->size != size)
		return m->size != 0;
	return m->type && (m->type->kind == DTYPE_STRUCT || m->type->kind == DTYPE_ARRAY) ? 2 : 3;
}

const struct dmember *debug_member(struct debug *d, const struct dtype *t, uint64_t offset, uint64_t size)
{
	const struct dmember *found = NULL;

	if (!t || t->kind != DTYPE_STRUCT)
		return NULL;
	with_members(d, t);
	for (int i = 0; i < t->nmember; i++) {
		const struct dmember *m = &t->members[i];

		if (m->offset != offset)
			continue;
		if (m->is_bits)
			return NULL;
		if (!size)
			return m;
		if (!found || rank(m, size) > rank(found, size))
			found = m;
	}
	return found;
}

const struct dmember *debug_member_around(struct debug *d, const struct dtype *t, uint64_t offset)
{
	if (!t || t->kind != DTYPE_STRUCT)
		return NULL;
	with_members(d, t);
	for (int i = 0; i < t->nmember; i++) {
		const struct dmember *m = &t->members[i];

		if (!m->is_bits && m->offset <= offset && offset < m->offset + m->size)
			return m;
	}
	return NULL;
}

const char *debug_variable_name(struct debug *d, LLVMMetadataRef variable)
{
	return operand_string(d, variable, OPERAND_VARIABLE_NAME);
}

LLVMMetadataRef debug_signature(struct debug *d, LLVMMetadataRef subprogram)
{
	return debug_operand(d, debug_operand(d, subprogram, OPERAND_SUBPROGRAM_TYPE), d->own + OWN_BASE);
}

const struct dtype *debug_variable_type(struct debug *d, LLVMMetadataRef variable)
{
	return debug_type(d, debug_operand(d, variable, OPERAND_VARIABLE_TYPE));
}

LLVMMetadataRef debug_global_variable(LLVMValueRef global)
{
	LLVMMetadataRef found = NULL;
	size_t n;
	LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(global, &n);

	for (unsigned i = 0; i < n && !found; i++) {
		LLVMMetadataRef node = LLVMValueMetadataEntriesGetMetadata(entries, i);

		if (LLVMGetMetadataKind(node) == LLVMDIGlobalVariableExpressionMetadataKind)
			found = LLVMDIGlobalVariableExpressionGetVariable(node);
	}
	LLVMDisposeValueMetadataEntries(entries);
	return found;
}

/* --- structs by name --- */

void debug_reach(struct debug *d, LLVMMetadataRef node)
{
	if (!is_node(node) || ref_get(&d->seen, node))
		return;
	ref_set(d->a, &d->seen, node, node);
	if (d->tail == d->room) {
		LLVMMetadataRef *more;

		d->room = d->room ? d->room * 2 : 1024;
		more = ARENA_ARRAY(d->a, LLVMMetadataRef, d->room);
		if (d->tail)
			memcpy(more, d->queue, sizeof(*more) * d->tail);
		d->queue = more;
	}
	d->queue[d->tail++] = node;
}

static void reach_all(struct debug *d, LLVMMetadataRef list)
{
	LLVMValueRef *items;
	unsigned n;

	if (!is_node(list))
		return;
	items = operands(d, list, &n);
	for (unsigned i = 0; i < n; i++)
		if (items[i])
			debug_reach(d, LLVMValueAsMetadata(items[i]));
}

static void know_struct(struct debug *d, const struct dtype *t)
{
	if (!t || t->kind != DTYPE_STRUCT || !t->name || (LLVMDITypeGetFlags(t->node) & LLVMDIFlagFwdDecl))
		return;
	if (!map_get(&d->structs, t->name))
		map_set(&d->structs, t->name, (void *)t);
}

/* Look at one node: enter the struct it is, queue what it leads to. */
static void visit(struct debug *d, LLVMMetadataRef node)
{
	switch (LLVMGetMetadataKind(node)) {
	case LLVMDICompositeTypeMetadataKind:
		know_struct(d, debug_type(d, node));
		debug_reach(d, debug_operand(d, node, d->own + OWN_BASE));
		reach_all(d, debug_operand(d, node, d->own + OWN_ELEMENTS));
		break;
	case LLVMDIDerivedTypeMetadataKind:
		if (type_name(node) && !LLVMDITypeGetSizeInBits(node))
			know_struct(d, debug_type(d, node));
		debug_reach(d, debug_operand(d, node, d->own + OWN_BASE));
		break;
	case LLVMDILocalVariableMetadataKind:
	case LLVMDIGlobalVariableMetadataKind:
		debug_reach(d, debug_operand(d, node, OPERAND_VARIABLE_TYPE));
		break;
	case LLVMDISubroutineTypeMetadataKind:
		reach_all(d, debug_operand(d, node, d->own + OWN_BASE));
		break;
	case LLVMDISubprogramMetadataKind:
		debug_reach(d, debug_operand(d, node, OPERAND_SUBPROGRAM_TYPE));
		reach_all(d, debug_operand(d, node, OPERAND_RETAINED_NODES));
		break;
	case LLVMDIGlobalVariableExpressionMetadataKind:
		debug_reach(d, LLVMDIGlobalVariableExpressionGetVariable(node));
		break;
	case LLVMDICompileUnitMetadataKind:
		reach_all(d, debug_operand(d, node, OPERAND_UNIT_TYPES));
		reach_all(d, debug_operand(d, node, OPERAND_UNIT_GLOBALS));
		break;
	}
}

const struct dtype *debug_struct(struct debug *d, const char *name)
{
	const struct dtype *t = map_get(&d->structs, name);

	while (!t && d->head < d->tail) {
		visit(d, d->queue[d->head++]);
		t = map_get(&d->structs, name);
	}
	return t;
}

static void init_unit(struct debug *d, LLVMMetadataRef unit)
{
	LLVMMetadataRef main_file = debug_operand(d, unit, 0);
	unsigned len;
	const char *dir, *path;

	debug_reach(d, unit);
	if (!main_file || d->build)
		return;
	dir = LLVMDIFileGetDirectory(main_file, &len);
	d->build = absolute_path(d->a, arena_strndup(d->a, dir, len), ".");
	path = LLVMDIFileGetFilename(main_file, &len);
	path = absolute_path(d->a, d->build, arena_strndup(d->a, path, len));
	d->is_build_apart = !below(path, d->build);
}

void debug_init(struct debug *d, struct arena *a, LLVMModuleRef module, const char *source_root)
{
	LLVMDIBuilderRef builder;
	LLVMMetadataRef any;
	unsigned n = LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu");
	LLVMValueRef *units;

	memset(d, 0, sizeof(*d));
	d->a = a;
	d->context = LLVMGetModuleContext(module);
	if (source_root)
		d->source_root = absolute_path(a, "/", source_root);
	map_init(&d->structs);
	units = ARENA_ARRAY(a, LLVMValueRef, n + 1);
	LLVMGetNamedMetadataOperands(module, "llvm.dbg.cu", units);
	for (unsigned i = 0; i < n; i++)
		init_unit(d, LLVMValueAsMetadata(units[i]));
	builder = LLVMCreateDIBuilderDisallowUnresolved(module);
	d->no_expression = LLVMDIBuilderCreateExpression(builder, NULL, 0);
	/* The last operand of a subroutine type is the only one of its own. */
	any = LLVMDIBuilderCreateSubroutineType(builder, NULL, NULL, 0, LLVMDIFlagZero);
	d->own = (unsigned)LLVMGetMDNodeNumOperands(LLVMMetadataAsValue(d->context, any)) - 1;
	LLVMDisposeDIBuilder(builder);
}

void debug_release(struct debug *d)
{
	map_release(&d->structs);
}
