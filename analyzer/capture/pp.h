/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_PP_H
#define CAPTURE_PP_H

/*
 * The preprocessor's directives, followed without making any text: which files a unit reads, in which order,
 * and what macros are defined at each point. Files are read once a run and kept as items: a directive, or
 * the names that stand between two directives. A walk over the headers of a unit takes milliseconds.
 *
 * What is not understood ends a walk as failed; nothing is guessed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

/* Spellings are numbers, from 1 on; 0 is none. */
typedef uint32_t pp_name;

enum pp_token_kind { PP_WORD, PP_NUMBER, PP_STRING, PP_SIGN };

struct pp_token {
	pp_name name;
	uint8_t kind;
	bool space;		/* white space before it */
};

struct pp_macro {
	pp_name name;
	int nparam;		/* -1: takes none, not even () */
	bool variadic;		/* the last parameter takes the rest */
	pp_name *params;
	struct pp_token *body;
	int nbody;
};

enum pp_kind {
	PP_TEXT, PP_DEFINE, PP_UNDEF, PP_INCLUDE, PP_INCLUDE_NEXT, PP_IF, PP_IFDEF, PP_IFNDEF, PP_ELIF,
	PP_ELSE, PP_ENDIF, PP_ONCE, PP_PRAGMA, PP_ERROR,
};

struct pp_file;

struct pp_item {
	enum pp_kind kind;
	int next;		/* of conditionals: the next branch of the same #if */
	pp_name name;		/* of #ifdef, #ifndef, #define, #undef */
	struct pp_macro *macro;	/* of #define */
	struct pp_token *tokens;	/* of #if, #elif, #include */
	int ntoken;
	pp_name *names;		/* of text: each once */
	int nname;
	bool open;		/* text that ends inside of a declaration */
	/* where an #include led when all that decides it are a set's folders */
	const void *memo_for;
	struct pp_file *memo;
	int memo_folder;
};

struct pp_file {
	const char *path;	/* absolute, plain */
	const char *folder;
	int index;		/* from 0 on */
	size_t size;		/* bytes */
	struct pp_item *items;
	int nitem;
	pp_name guard;		/* while it is defined, the file is empty; 0: none such */
	bool once;		/* #pragma once */
	bool broken;		/* conditionals that do not end, and the like */
};

/* All files and names of a run. */
struct pp {
	struct arena arena;
	struct map files;	/* path -> struct pp_file, or PP_ABSENT */
	struct pp_file **list;	/* by index */
	int nfile;
	const char **names;	/* by number */
	uint32_t nname, room;
	uint32_t *slots, nslot;
	uint32_t *seen;		/* by name: in which text it was met last */
	uint32_t serial;
	struct text content;
	struct map questions;	/* to the compiler, "__has_attribute(x)" -> its number, from 1 on */
	pp_name defined, va_args, has_include, has_include_next, line, counter;
};

void pp_init(struct pp *pp);
void pp_release(struct pp *pp);
pp_name pp_intern(struct pp *pp, const char *s, size_t n);
/* The file of that absolute, plain path, read and taken apart; NULL if there is none. */
struct pp_file *pp_open(struct pp *pp, const char *path);
/* The macro that is defined if question number n is answered with yes. */
pp_name pp_answer(struct pp *pp, size_t n);
/* Take apart text that is no file of the tree. */
struct pp_file *pp_scan(struct pp *pp, const char *path, const char *s, size_t n);
/* Is it the same definition? NULL is none. */
bool pp_same_macro(const struct pp_macro *a, const struct pp_macro *b);

/* Folders that #include looks into. */
struct pp_search {
	const char **quote, **angle;	/* absolute, plain */
	int nquote, nangle;
	int ncommon;			/* the first of angle are the same for all units of ... */
	const void *common;		/* ... this set; NULL: none */
};

struct pp_walk;

/* What a walk tells. Each may be NULL. A walk ends when one returns false. */
struct pp_hooks {
	/* A file begins, and ends. Not called for one whose guard is defined. */
	bool (*enter)(struct pp_walk *w, struct pp_file *f, int item);
	void (*leave)(struct pp_walk *w, struct pp_file *f);
	/* Item i of the file is reached and not skipped; the macros are those before it. */
	bool (*reach)(struct pp_walk *w, struct pp_file *f, int i);
	bool texts;	/* reach() for text, too */
};

struct pp_change {
	pp_name name;
	const struct pp_macro *before;
};

struct pp_walk {
	struct pp *pp;
	const struct pp_search *search;
	const struct pp_hooks *hooks;
	void *cookie;
	const struct pp_macro **macros;	/* by name */
	uint32_t nmacro;		/* room in it */
	struct pp_change *changes;	/* what pp_rewind() takes back */
	size_t nchange, room;
	size_t asked;			/* questions up to that number are answered: see pp_answer() */
	uint8_t *done;			/* by file: #pragma once was seen */
	int ndone;
	int depth;
	long steps;			/* items and tokens gone through */
	const char *failure;		/* why the walk ended; NULL: it did not */
};

void pp_walk_init(struct pp_walk *w, struct pp *pp);
void pp_walk_release(struct pp_walk *w);
/* What is defined as; NULL for no macro. */
const struct pp_macro *pp_macro(const struct pp_walk *w, pp_name name);
void pp_define(struct pp_walk *w, pp_name name, const struct pp_macro *macro);
/* Go through a file as #include would. False if it failed; w->failure says why. */
bool pp_walk_file(struct pp_walk *w, struct pp_file *f);
/* The file was read already, as far as #pragma once goes. */
void pp_mark_done(struct pp_walk *w, const struct pp_file *f);
/* Forget the changes since there were so many. Files seen once stay seen: see pp_forget_files(). */
void pp_rewind(struct pp_walk *w, size_t nchange);
void pp_forget_files(struct pp_walk *w);

/* The value of an #if: 0 or 1; -1 if it cannot be told (w->failure). */
int pp_condition(struct pp_walk *w, struct pp_file *f, const struct pp_token *tokens, int n);
/* The tokens after expansion, the arena's, and their number. file: they are an #if's in it; else NULL. */
struct pp_token *pp_expand(struct pp_walk *w, struct arena *a, struct pp_file *file,
			   const struct pp_token *tokens, int n, int *out);
/* The walk cannot go on; the first reason stands. Returns false. */
bool pp_fail(struct pp_walk *w, const char *why);
/*
 * Where an #include of f leads; NULL: nowhere. *folder is the one it was found in, -1 for beside f. after:
 * only folders behind that one are looked into (#include_next); -1: all.
 */
struct pp_file *pp_find(struct pp_walk *w, struct pp_file *f, const char *name, bool quoted, int after,
			int *folder);

#endif
