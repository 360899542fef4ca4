// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the compile command of a unit to the arguments of the clang that reads it.
 *
 * What is kept is what decides which code the preprocessor and the parser see: include paths, macros, the
 * language, the machine, and -f and -m flags that are not known to be about something else. The rest
 * (warnings, outputs, dependency files, passes, linking) is left out, so that a tree made for gcc or for
 * another clang reads as well as one made for this clang. The table says which; the first line that fits
 * a word decides. Flags that make a compiler load or run code are dropped with a note.
 *
 * No list of another compiler's flags is ever complete: flags_strip_refused() takes out what clang names
 * in its refusal, and the caller tries again.
 */
#include "capture/flags.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "capture/capture.h"

enum form {
	WORD,	/* the word itself */
	HEAD,	/* a word that starts so */
	PAIR,	/* the word itself, and the next one is its argument */
	EITHER,	/* PAIR, or a word that starts so */
};

enum act {
	KEEP,
	DROP,
	CODE,	/* drop with a note: it loads or runs code, or reads arguments from elsewhere */
};

struct option {
	const char *name;
	enum form form;
	enum act act;
};

static const struct option options[] = {
	/* code, and arguments that are elsewhere */
	{ "-fplugin-arg-", HEAD, DROP }, { "-fplugin=", HEAD, CODE }, { "-fpass-plugin=", HEAD, CODE },
	{ "-load", PAIR, CODE }, { "-plugin", PAIR, CODE }, { "-fuse-ld", HEAD, CODE },
	{ "--ld-path", HEAD, CODE }, { "-B", EITHER, CODE }, { "--prefix", EITHER, CODE },
	{ "@", HEAD, CODE }, { "--config=", HEAD, CODE }, { "--config-", HEAD, DROP },
	{ "--config", PAIR, CODE }, { "-specs=", HEAD, CODE }, { "--specs=", HEAD, CODE },
	{ "-specs", PAIR, CODE }, { "-wrapper", PAIR, CODE }, { "--gcc-toolchain", HEAD, DROP },
	{ "--driver-mode", HEAD, CODE }, { "-cc1", HEAD, CODE },
	/* the text that is read */
	{ "-include", PAIR, KEEP }, { "-imacros", PAIR, KEEP }, { "-include-pch", PAIR, DROP },
	{ "-isystem", EITHER, KEEP }, { "-iquote", EITHER, KEEP }, { "-idirafter", EITHER, KEEP },
	{ "-isysroot", EITHER, KEEP }, { "--sysroot=", HEAD, KEEP }, { "--sysroot", PAIR, KEEP },
	{ "-I", EITHER, KEEP }, { "-D", EITHER, KEEP }, { "-U", EITHER, KEEP }, { "-undef", WORD, KEEP },
	{ "-nostdinc", WORD, KEEP }, { "-nostdlibinc", WORD, KEEP }, { "-nobuiltininc", WORD, KEEP },
	{ "-std=", HEAD, KEEP }, { "--std=", HEAD, KEEP }, { "-ansi", WORD, KEEP },
	{ "-trigraphs", WORD, KEEP }, { "-O", HEAD, KEEP }, { "-pthread", WORD, KEEP },
	{ "-target", PAIR, KEEP }, { "--target=", HEAD, KEEP },
	/* machine flags of gcc, and those that only change the instructions */
	{ "-meabi", PAIR, DROP }, { "-mllvm", PAIR, DROP }, { "-mthread-model", PAIR, DROP },
	{ "-mpreferred-stack-boundary=", HEAD, DROP }, { "-mindirect-branch", HEAD, DROP },
	{ "-mfunction-return", HEAD, DROP }, { "-mharden-sls", HEAD, DROP },
	{ "-mrecord-mcount", WORD, DROP }, { "-mnop-mcount", WORD, DROP }, { "-mfentry", WORD, DROP },
	{ "-mno-fp-ret-in-387", WORD, DROP }, { "-mskip-rax-setup", WORD, DROP },
	{ "-mretpoline", HEAD, DROP }, { "-mstack-protector-guard", HEAD, DROP },
	{ "-maccumulate-outgoing-args", WORD, DROP }, { "-mno-fdpic", WORD, DROP },
	/* gcc's passes, sections, profiles, sanitizers, and what writes files */
	{ "-falign-", HEAD, DROP }, { "-fallow-store-data-races", WORD, DROP },
	{ "-fno-allow-store-data-races", WORD, DROP }, { "-fauto-profile", HEAD, DROP },
	{ "-fbasic-block", HEAD, DROP }, { "-fbuild-session", HEAD, DROP },
	{ "-fcallgraph-info", HEAD, DROP }, { "-fcolor", HEAD, DROP }, { "-fno-color", HEAD, DROP },
	{ "-fconserve-stack", WORD, DROP }, { "-fcoverage", HEAD, DROP }, { "-fcrash", HEAD, DROP },
	{ "-fcs-profile", HEAD, DROP }, { "-fdebug", HEAD, DROP }, { "-fdiagnostics", HEAD, DROP },
	{ "-fno-diagnostics", HEAD, DROP }, { "-fdump", HEAD, DROP }, { "-fdwarf", HEAD, DROP },
	{ "-fno-dwarf2-cfi-asm", WORD, DROP }, { "-fembed", HEAD, DROP }, { "-femit", HEAD, DROP },
	{ "-ffile-prefix-map", HEAD, DROP }, { "-fmacro-prefix-map", HEAD, DROP },
	{ "-fgcse", HEAD, DROP }, { "-fno-gcse", HEAD, DROP }, { "-fimplicit-module", HEAD, DROP },
	{ "-fipa", HEAD, DROP }, { "-fno-ipa", HEAD, DROP }, { "-flto", HEAD, DROP },
	{ "-fno-lto", WORD, DROP }, { "-fmerge", HEAD, DROP }, { "-fno-merge", HEAD, DROP },
	{ "-fmessage-length", HEAD, DROP }, { "-fmin-function-alignment=", HEAD, DROP },
	{ "-fmodule", HEAD, DROP }, { "-foptimization-record", HEAD, DROP },
	{ "-fpatchable-function-entry", HEAD, DROP }, { "-fpch", HEAD, DROP },
	{ "-fprebuilt", HEAD, DROP }, { "-fpreprocessed", WORD, DROP },
	{ "-fproc-stat-report", HEAD, DROP }, { "-fprofile", HEAD, DROP }, { "-fno-profile", HEAD, DROP },
	{ "-frandom-seed", HEAD, DROP }, { "-frecord", HEAD, DROP }, { "-freorder", HEAD, DROP },
	{ "-fno-reorder", HEAD, DROP }, { "-fsanitize", HEAD, DROP }, { "-fno-sanitize", HEAD, DROP },
	{ "-fsave", HEAD, DROP }, { "-fsched", HEAD, DROP }, { "-fno-sched", HEAD, DROP },
	{ "-fsplit", HEAD, DROP }, { "-fstack-check", WORD, DROP }, { "-fno-stack-check", WORD, DROP },
	{ "-fstack-clash-protection", WORD, DROP }, { "-fno-stack-clash-protection", WORD, DROP },
	{ "-fstack-protector", HEAD, DROP }, { "-fno-stack-protector", HEAD, DROP },
	{ "-fstack-usage", WORD, DROP }, { "-fsyntax-only", WORD, DROP },
	{ "-ftest-coverage", WORD, DROP }, { "-fthinlto", HEAD, DROP }, { "-ftime", HEAD, DROP },
	{ "-ftree", HEAD, DROP }, { "-fno-tree", HEAD, DROP },
	{ "-ftrivial-auto-var-init", HEAD, DROP },	/* would make "not set" look like "set to 0" */
	{ "-fvar-tracking", HEAD, DROP }, { "-fno-var-tracking", HEAD, DROP },
	{ "-fverbose-asm", WORD, DROP }, { "-fwhole-program", HEAD, DROP },
	{ "-fworking-directory", WORD, DROP }, { "-fxray", HEAD, DROP },
	{ "-fzero-call-used-regs", HEAD, DROP }, { "-fintegrated", HEAD, DROP },
	{ "-fno-integrated", HEAD, DROP }, { "-f", HEAD, KEEP }, { "-m", HEAD, KEEP },
	/* of those left only the form matters: which take the next word along */
	{ "-o", EITHER, DROP }, { "-x", EITHER, DROP }, { "-MF", EITHER, DROP }, { "-MT", EITHER, DROP },
	{ "-MQ", EITHER, DROP }, { "-MJ", EITHER, DROP }, { "-T", EITHER, DROP }, { "-L", EITHER, DROP },
	{ "-l", EITHER, DROP }, { "-u", PAIR, DROP }, { "-z", PAIR, DROP }, { "-e", PAIR, DROP },
	{ "-F", EITHER, DROP }, { "-iframework", EITHER, DROP }, { "-aux-info", PAIR, DROP },
	{ "--param", PAIR, DROP }, { "-A", EITHER, DROP }, { "-arch", PAIR, DROP },
	{ "-dumpdir", PAIR, DROP }, { "-dumpbase", PAIR, DROP }, { "-dumpbase-ext", PAIR, DROP },
	{ "-Xclang", PAIR, DROP }, { "-Xassembler", PAIR, DROP }, { "-Xlinker", PAIR, DROP },
	{ "-Xanalyzer", PAIR, DROP }, { "-Xpreprocessor", PAIR, DROP }, { "-ivfsoverlay", PAIR, DROP },
	{ "-resource-dir", PAIR, DROP }, { "-working-directory", PAIR, DROP },
	{ "-serialize-diagnostics", PAIR, DROP }, { "--serialize-diagnostics", PAIR, DROP },
	{ "-index-store-path", PAIR, DROP }, { "-iprefix", PAIR, DROP }, { "-iwithprefix", PAIR, DROP },
	{ "-iwithprefixbefore", PAIR, DROP },
};

static bool starts(const char *s, const char *head)
{
	return !strncmp(s, head, strlen(head));
}

static const struct option *option_search(const char *word)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct option *o = &options[i];

		if (o->name[0] != word[0] || (o->name[1] && o->name[1] != word[1]))	/* most are told apart by that */
			continue;
		if (!strcmp(word, o->name))
			return o;
		if ((o->form == HEAD || o->form == EITHER) && starts(word, o->name))
			return o;
	}
	return NULL;
}

/* All words of all commands are looked up each time devscope runs, and most commands have the same ones. */
static const struct option *option_find(const char *word)
{
	static struct looked_up {
		uint64_t hash;
		const struct option *option;
	} recent[4096];
	uint64_t hash = map_hash(word, strlen(word));
	struct looked_up *at = &recent[hash % (sizeof(recent) / sizeof(recent[0]))];

	if (at->hash != hash)
		*at = (struct looked_up){ hash, option_search(word) };
	return at->option;
}

static bool is_launcher(const char *word)
{
	static const char *const names[] = { "ccache", "distcc", "sccache", "icecc", "icerun", "env" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(path_base(word), names[i]))
			return true;
	return false;
}

/* NAME=value, as env(1) and ccache take it in front of a command. */
static bool is_assignment(const char *word)
{
	size_t n = 0;

	while (isalnum((unsigned char)word[n]) || word[n] == '_')
		n++;
	return n && word[n] == '=';
}

int flags_compiler(char *const *argv, int argc)
{
	int i = 0;

	while (i < argc && (is_launcher(argv[i]) || is_assignment(argv[i])))
		i++;
	return i < argc && argv[i][0] != '-' ? i : argc;
}

bool flags_has(char *const *argv, int argc, const char *word)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], word))
			return true;
	return false;
}

void flags_add(struct arena *a, struct flags *f, const char *word)
{
	/* A power of two of words fits what is there: grow when it is full. */
	if (f->argc < 8 ? !f->argc : !(f->argc & (f->argc - 1))) {
		char **more = ARENA_ARRAY(a, char *, f->argc < 8 ? 9 : 2 * f->argc + 1);

		if (f->argc)
			memcpy(more, f->argv, sizeof(*more) * (size_t)f->argc);
		f->argv = more;
	}
	f->argv[f->argc++] = arena_strdup(a, word);
	f->argv[f->argc] = NULL;
}

/* Add the name of a dropped flag to the note, once. The value may hold a path of this machine: left out. */
static void note_add(struct arena *a, struct flags *f, const char *head, const char *word)
{
	size_t n = word[0] == '@' ? 1 : strcspn(word, "=");
	const char *name = arena_strndup(a, word, n);

	if (!f->note)
		f->note = arena_printf(a, "%s %s", head, name);
	else if (!strstr(f->note, head))
		f->note = arena_printf(a, "%s; %s %s", f->note, head, name);
	else if (!strstr(f->note, arena_printf(a, " %s", name)))
		f->note = arena_printf(a, "%s, %s", f->note, name);
}

static void note_code(struct arena *a, struct flags *f, const char *word)
{
	note_add(a, f, "left out flags that load or run code:", starts(word, "-B") ? "-B" : word);
}

/* -Xclang X: dropped whatever X is; told where X is about plugins. */
static bool is_plugin_word(const char *word)
{
	return starts(word, "-load") || starts(word, "-plugin") || starts(word, "-add-plugin") ||
	       starts(word, "-fplugin") || starts(word, "-fpass-plugin");
}

/* The header folder of a compiler: gcc's own <stdarg.h> and the like do not suit clang. */
static bool is_compiler_folder(const char *path)
{
	return strstr(path, "/lib/gcc") || strstr(path, "/lib64/gcc") || strstr(path, "/lib/clang/") ||
	       strstr(path, "/lib64/clang/");
}

static bool is_compiler_include(char *const *argv, int i)
{
	if (!starts(argv[i], "-isystem"))
		return false;
	return is_compiler_folder(argv[i][8] || !argv[i + 1] ? argv[i] + 8 : argv[i + 1]);
}

/* What is kept of one word and the one it takes along. Returns how many words that were. */
static int take_word(struct arena *a, struct flags *f, char *const *argv, int argc, int i)
{
	const struct option *o = option_find(argv[i]);
	bool pair = o && (o->form == PAIR || o->form == EITHER) && !strcmp(argv[i], o->name);
	int n = pair && i + 1 < argc ? 2 : 1;

	if (starts(argv[i], "-Wp,-D") || starts(argv[i], "-Wp,-U")) {
		flags_add(a, f, argv[i] + 4);
		return 1;
	}
	if (!o)
		return 1;
	if (o->act == CODE || (!strcmp(argv[i], "-Xclang") && n == 2 && is_plugin_word(argv[i + 1])))
		note_code(a, f, n == 2 && o->act != CODE ? argv[i + 1] : argv[i]);
	if (o->act != KEEP || (pair && n == 1))
		return n;
	for (int k = i; k < i + n; k++)
		flags_add(a, f, argv[k]);
	return n;
}

static void take_words(struct arena *a, struct flags *f, char *const *argv, int argc, int first)
{
	bool own_headers = false;

	for (int i = first; i < argc; i++)
		own_headers |= is_compiler_include(argv, i);
	for (int i = first; i < argc;) {
		if (is_compiler_include(argv, i))
			i += argv[i][8] ? 1 : 2;
		else if (own_headers && !strcmp(argv[i], "-nostdinc"))
			/* -nostdinc with the compiler's own headers given back: clang's word for that */
			flags_add(a, f, "-nostdlibinc"), i++;
		else
			i += take_word(a, f, argv, argc, i);
	}
}

/* The triple in a cross compiler's name: "aarch64-linux-gnu-gcc-12" gives "aarch64-linux-gnu". */
static const char *triple_of_compiler(struct arena *a, const char *compiler)
{
	static const char *const names[] = { "-gcc", "-cc", "-clang" };
	const char *base = path_base(compiler);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = strstr(base, names[i]);
		const char *rest = at ? at + strlen(names[i]) : NULL;

		if (at && memchr(base, '-', (size_t)(at - base)) && (!*rest || *rest == '-'))
			return arena_strndup(a, base, (size_t)(at - base));
	}
	return NULL;
}

/* The triple kbuild gives clang for the architecture whose headers are included (scripts/Makefile.clang). */
static const char *triple_of_headers(const struct flags *f)
{
	static const struct { const char *folder, *triple; } known[] = {
		{ "arch/x86/include", "x86_64-linux-gnu" }, { "arch/arm64/include", "aarch64-linux-gnu" },
		{ "arch/arm/include", "arm-linux-gnueabi" }, { "arch/riscv/include", "riscv64-linux-gnu" },
		{ "arch/powerpc/include", "powerpc64le-linux-gnu" },
		{ "arch/s390/include", "s390x-linux-gnu" }, { "arch/mips/include", "mipsel-linux-gnu" },
		{ "arch/loongarch/include", "loongarch64-linux-gnusf" },
	};

	for (int i = 0; i < f->argc; i++)
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (starts(f->argv[i], "-I") && path_ends(f->argv[i], known[k].folder))
				return known[k].triple;
	return NULL;
}

static bool has_target(const struct flags *f)
{
	for (int i = 0; i < f->argc; i++)
		if (starts(f->argv[i], "--target=") || !strcmp(f->argv[i], "-target"))
			return true;
	return false;
}

static void add_target(struct arena *a, struct flags *f, const char *compiler)
{
	const char *triple = triple_of_compiler(a, compiler);

	if (has_target(f))
		return;
	if (!triple)
		triple = triple_of_headers(f);
	if (triple)
		flags_add(a, f, arena_printf(a, "--target=%s", triple));
}

/* What devscope wants of clang: bitcode before any pass, places and names, errors only, in plain text. */
static void add_ours(struct arena *a, struct flags *f, const struct command_list *list,
		     const struct command *cmd)
{
	static const char *const ours[] = {
		"-c", "-emit-llvm", "-g", "-Xclang", "-disable-llvm-passes", "-Xclang", "-disable-O0-optnone",
		"-fno-discard-value-names", "-w",
		"-Qunused-arguments", "-fno-color-diagnostics", "-fno-caret-diagnostics",
		"-fno-crash-diagnostics",
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		flags_add(a, f, ours[i]);
	/* __FILE__ and generated code must not name folders of this machine. The last map that fits wins. */
	flags_add(a, f, arena_printf(a, "-fmacro-prefix-map=%s/=", cmd->directory));
	flags_add(a, f, arena_printf(a, "-fmacro-prefix-map=%s/=", list->source_root));
	if (strcmp(cmd->directory, list->source_root) && !path_inside(list->source_root, cmd->directory)) {
		/* With a slash: "linux" is also how "linux-6.12" begins. */
		flags_add(a, f, arena_printf(a, "-fdebug-prefix-map=%s/=%s/", cmd->directory, list->source_root));
		flags_add(a, f, arena_printf(a, "-fdebug-compilation-dir=%s", list->source_root));
	}
}

void flags_make(struct arena *a, const struct command_list *list, const struct command *cmd,
		const struct capture_options *opt, struct flags *out)
{
	int compiler = flags_compiler(cmd->argv, cmd->argc);

	memset(out, 0, sizeof(*out));
	flags_add(a, out, opt->clang);
	flags_add(a, out, "--no-default-config");
	take_words(a, out, cmd->argv, cmd->argc, compiler + 1);
	if (compiler < cmd->argc)
		add_target(a, out, cmd->argv[compiler]);
	add_ours(a, out, list, cmd);
	for (size_t i = 0; i < opt->extra_n; i++)
		flags_add(a, out, opt->extra_args[i]);
}

/* Did clang mean this word when it named name? "-fx" names "-fx", "-fx=" names "-fx=1", "1" names "-fx=1". */
static bool is_named(const char *word, const char *name, size_t n)
{
	size_t len = strlen(word);

	if (word[0] != '-' || !n)
		return false;
	if (len == n && !strncmp(word, name, n))
		return true;
	if (name[0] == '-')
		return name[n - 1] == '=' && len > n && !strncmp(word, name, n);
	return len > n && word[len - n - 1] == '=' && !strncmp(word + len - n, name, n);
}

/* Remove the words one refusal names. Only -f and -m flags: without the others the unit is another. */
static int strip_named(struct arena *a, struct flags *f, const char *name, size_t n)
{
	int kept = 1, before = f->argc;

	for (int i = 1; i < before; i++) {
		if ((starts(f->argv[i], "-f") || starts(f->argv[i], "-m")) && is_named(f->argv[i], name, n))
			note_add(a, f, "left out flags that clang does not know:", f->argv[i]);
		else
			f->argv[kept++] = f->argv[i];
	}
	f->argc = kept;
	f->argv[kept] = NULL;
	return before - kept;
}

/* Is the line about the arguments, not about a source file? "clang-19: error: unknown argument: '-fx'" */
static bool is_refusal(const char *line, size_t n)
{
	static const char *const words[] = { "unknown argument", "unsupported", "invalid value",
					     "invalid argument", "unknown target", "not supported",
					     "not allowed with" };
	const char *error = memmem(line, n, "error: ", 7);

	if (!error || memchr(line, '/', (size_t)(error - line)) || memmem(line, n, ".c:", 3))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(error, n - (size_t)(error - line), words[i], strlen(words[i])))
			return true;
	return false;
}

int flags_strip_refused(struct arena *a, struct flags *f, const char *messages)
{
	int stripped = 0;

	for (const char *line = messages; *line;) {
		size_t n = strcspn(line, "\n");
		const char *hint = memmem(line, n, "did you mean", 12);
		const char *next = line[n] ? line + n + 1 : line + n;
		const char *end = hint ? hint : line + n;
		const char *p = is_refusal(line, n) ? memchr(line, '\'', (size_t)(end - line)) : NULL;

		while (p) {
			const char *close = memchr(p + 1, '\'', (size_t)(end - p - 1));

			if (!close)
				break;
			stripped += strip_named(a, f, p + 1, (size_t)(close - p - 1));
			p = memchr(close + 1, '\'', (size_t)(end - close - 1));
		}
		line = next;
	}
	return stripped;
}
