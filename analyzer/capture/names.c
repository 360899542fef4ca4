// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: of globals, without what differs from unit to unit, and of the members an address goes through.
 *
 * Paths follow the GEPs, which say how deep the source went: the struct is the one the last unbroken run of
 * them began with (container_of() breaks it), the path the members that debug information has at the
 * offsets gone through. Arrays leave no trace in a path.
 */
#include "capture/lower.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* --- globals --- */

const char *lower_struct_name(LLVMTypeRef type)
{
	const char *s = LLVMGetTypeKind(type) == LLVMStructTypeKind ? LLVMGetStructName(type) : NULL;
	size_t n;

	if (!s || (strncmp(s, "struct.", 7) && strncmp(s, "union.", 6)))
		return NULL;
	s = strchr(s, '.') + 1;
	n = strcspn(s, ".");
	if (n == 4 && !strncmp(s, "anon", 4))
		return NULL;
	return intern_n(s, n);
}

const char *lower_stable_name(const char *name, size_t len)
{
	const char *s = name;
	size_t n;

	if (!strncmp(s, "__compiletime_assert_", 21))
		return intern("__compiletime_assert");
	s = strstr(s, "__UNIQUE_ID_");
	if (!s)
		return intern_n(name, len);
	n = len;
	while (n && isdigit((unsigned char)name[n - 1]))
		n--;
	return intern_n(name, n);
}

/* "foo.key.12" -> 7: the length without a number that makes names of static locals differ. */
static size_t stem_length(const char *name, size_t len)
{
	size_t n = len;

	while (n && isdigit((unsigned char)name[n - 1]))
		n--;
	return n && n < len && name[n - 1] == '.' ? n - 1 : len;
}

static const char *numbered(struct lower *l, const char *stem)
{
	size_t used = (size_t)(uintptr_t)map_get(&l->stems, stem);
	struct text t = {0};
	const char *name;

	map_set(&l->stems, stem, (void *)(uintptr_t)(used + 1));
	if (!used)
		return stem;
	text_printf(&t, "%s.%zu", stem, used);
	name = intern(text_str(&t));
	text_release(&t);
	return name;
}

/* With the file that the variable is in, if there is one: it is not known outside of it. */
static const char *in_its_file(struct lower *l, LLVMValueRef global, const char *name)
{
	LLVMMetadataRef variable = debug_global_variable(global);
	const char *file = variable ? debug_file(l->debug, LLVMDIVariableGetFile(variable)) : NULL;

	return file ? intern(arena_printf(l->scratch, "%s:%s", name, file)) : name;
}

const char *lower_global_name(struct lower *l, LLVMValueRef global)
{
	size_t len, n;
	const char *name = LLVMGetValueName2(global, &len), *known;
	LLVMLinkage linkage = LLVMGetLinkage(global);
	bool is_local = linkage == LLVMInternalLinkage || linkage == LLVMPrivateLinkage;

	if (LLVMIsAFunction(global) || !is_local)
		return lower_stable_name(name, len);
	if (!strncmp(name, ".str", 4))
		return intern(".str");
	known = l->fn ? ref_get(&l->globals, global) : NULL;
	if (known)
		return known;
	n = stem_length(name, len);
	known = lower_stable_name(arena_strndup(l->scratch, name, n), n);
	if (!l->fn)
		return known;
	if (strchr(name, '.'))
		known = numbered(l, known);
	known = in_its_file(l, global, known);
	ref_set(l->scratch, &l->globals, global, (void *)known);
	return known;
}

/* --- paths --- */

void path_forget(struct value *v)
{
	v->struct_name = v->field = NULL;
	v->type = NULL;
}

static void path_append(struct lower *l, struct value *v, const char *name)
{
	if (v->field)
		name = arena_printf(l->scratch, "%s.%s", v->field, name);
	v->field = intern(name);
}

static bool is_union(const struct dtype *t)
{
	return t->nmember > 1 && !t->members[1].offset && t->members[0].size;
}

/* Step to the member at the start of a union that has the type; if that is NULL, to one with a member at off. */
static bool path_enter(struct lower *l, struct value *v, const struct dtype *want, uint64_t off)
{
	debug_member(l->debug, v->type, 0, 0);
	for (int i = 0; i < v->type->nmember; i++) {
		const struct dmember *m = &v->type->members[i];

		if (m->offset || !m->type || m->type->kind != DTYPE_STRUCT)
			continue;
		if (want ? m->type != want : !debug_member(l->debug, m->type, off, 0))
			continue;
		if (m->name)
			path_append(l, v, m->name);
		v->type = m->type;
		return true;
	}
	return false;
}

/* Make v->type the struct that LLVM goes into next. */
void path_into(struct lower *l, struct value *v, LLVMTypeRef type, uint64_t off)
{
	const char *name = lower_struct_name(type);
	const struct dtype *t = name ? debug_struct(l->debug, name) : NULL;

	if (v->type && v->type->kind != DTYPE_STRUCT)
		path_forget(v);
	if (v->type && t == v->type && v->struct_name)
		return;
	if (v->type && t && path_enter(l, v, t, 0))
		return;
	if (v->type && !name) {
		debug_member(l->debug, v->type, 0, 0);
		if (is_union(v->type))
			path_enter(l, v, NULL, off);
		return;
	}
	path_forget(v);
	v->struct_name = name;
	v->type = t;
}

void path_member(struct lower *l, struct value *v, uint64_t off, LLVMTypeRef member)
{
	const struct dmember *m = debug_member(l->debug, v->type, off, LLVMABISizeOfType(l->layout, member));

	if (!m) {
		path_forget(v);
		return;
	}
	if (m->name)
		path_append(l, v, m->name);
	v->type = m->type;
}

void path_element(struct lower *l, struct value *v)
{
	if (v->type && v->type->kind == DTYPE_ARRAY)
		v->type = debug_base(l->debug, v->type);
}

void path_finish(struct lower *l, struct value *v, uint64_t size)
{
	while (v->type && v->type->kind == DTYPE_STRUCT && !v->type->name && v->struct_name) {
		const struct dmember *m = debug_member(l->debug, v->type, 0, size);

		if (!m)
			break;
		if (m->name)
			path_append(l, v, m->name);
		v->type = m->type;
	}
}

/* The type of a variable: what debug information says where it is defined, elsewhere LLVM's. */
static const struct dtype *global_type(struct lower *l, LLVMValueRef global, int64_t *off)
{
	LLVMMetadataRef variable = debug_global_variable(global);
	LLVMTypeRef type = LLVMGlobalGetValueType(global);
	const char *name;

	if (variable)
		return debug_variable_type(l->debug, variable);
	while (LLVMGetTypeKind(type) == LLVMArrayTypeKind)
		type = LLVMGetElementType(type);
	name = lower_struct_name(type);
	if (name && LLVMTypeIsSized(type) && LLVMABISizeOfType(l->layout, type))
		*off %= (int64_t)LLVMABISizeOfType(l->layout, type);
	return name ? debug_struct(l->debug, name) : NULL;
}

void path_global(struct lower *l, struct value *v, LLVMValueRef global, int64_t off, uint64_t size)
{
	v->type = global_type(l, global, &off);
	while (v->type && off >= 0) {
		const struct dmember *m;

		if (v->type->kind == DTYPE_ARRAY) {
			v->type = debug_base(l->debug, v->type);
			if (v->type && v->type->size)
				off %= (int64_t)v->type->size;
			continue;
		}
		if (v->type->kind != DTYPE_STRUCT || (v->struct_name && !off && v->type->size == size))
			return;
		m = debug_member_around(l->debug, v->type, (uint64_t)off);
		if (!m)
			break;
		if (!v->struct_name)
			v->struct_name = v->type->name;
		if (m->name)
			path_append(l, v, m->name);
		off -= (int64_t)m->offset;
		v->type = m->type;
		if (!v->type || v->type->kind == DTYPE_POINTER || v->type->kind == DTYPE_OTHER)
			return;
	}
	path_forget(v);
}
