// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command lines, through argp. The subcommands share most options, and all of them are given
 * a value: what was not said is looked up here (the build folder, the compiler, the data files).
 */
#include "cli/options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/git.h"

#ifndef DEVSCOPE_CLANG
#define DEVSCOPE_CLANG "clang-19"
#endif
#define TIMEOUT 300	/* seconds; the slowest unit of an x86 defconfig takes ten */

static const struct argp_option check_options[] = {
	{NULL, 0, NULL, 0, "What to read:", 1},
	{"build", 'p', "BUILD", 0, "Build folder or compile_commands.json (default: the nearest one from "
	 "the current folder upward). Repeat it for several configurations of one tree", 1},
	{"db", OPT_DB, "FILE", 0, "The database (default: .devscope.db beside the compile database)", 1},
	{"no-cache", OPT_NO_CACHE, NULL, 0, "Read every unit asked for again, whatever the database "
	 "knows", 1},
	{"flow", OPT_FLOW, NULL, 0, "Each PATH is a file of flow text (see devscope dump): no compiler, "
	 "no database", 1},
	{"models", OPT_MODELS, "FILE", 0, "Models of your own, on top of the built-in ones (repeat)", 1},
	{"model-dir", OPT_MODEL_DIR, "DIR", 0, "Models to use in place of the built-in ones", 1},
	{NULL, 0, NULL, 0, "How to read it:", 2},
	{"jobs", 'j', "N", 0, "Units to read at once (default: all processors)", 2},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0, "Give a unit up after that long (default: 300)", 2},
	{"clang", OPT_CLANG, "PROGRAM", 0, "The clang to read with (default: " DEVSCOPE_CLANG ", else the "
	 "newest found)", 2},
	{"extra-arg", OPT_EXTRA, "ARG", 0, "One more argument for clang, at the end (repeat)", 2},
	{"launcher", OPT_LAUNCHER, "PROGRAM", 0, "Have PROGRAM run clang: ccache, distcc, icecc. With it, each "
	 "unit is a command of its own, without precompiled headers; what is sent preprocessed has other columns "
	 "behind macros", 2},
	{"no-pch", OPT_NO_PCH, NULL, 0, "Make no precompiled headers: slower, and the same result", 2},
	{NULL, 0, NULL, 0, "What counts:", 3},
	{"baseline", OPT_BASELINE, "FILE", 0, "Only findings that are not in FILE", 3},
	{"update-baseline", OPT_UPDATE_BASELINE, NULL, 0, "Write the findings to the --baseline FILE: from now on "
	 "they are known", 3},
	{"staged", OPT_STAGED, NULL, 0, "Only what the changes staged in git bring; the work tree is neither "
	 "read for them nor touched", 3},
	{"diff", OPT_DIFF, "REV", 0, "Only what the changes since REV bring", 3},
	{NULL, 0, NULL, 0, "What to print:", 3},
	{"format", OPT_FORMAT, "FORMAT", 0, "Findings on stdout as text (default), github (annotations) or "
	 "sarif", 3},
	{"sarif", OPT_SARIF, "FILE", 0, "Write SARIF 2.1.0 to FILE as well", 3},
	{"html", OPT_HTML, "FILE", 0, "Write a page to browse the findings with to FILE as well", 3},
	{"color", OPT_COLOR, "WHEN", OPTION_ARG_OPTIONAL, "auto (default: on a terminal, unless NO_COLOR "
	 "is set), always, never", 3},
	{"quiet", 'q', NULL, 0, "No progress, no summary", 3},
	{"doubtful", OPT_DOUBTFUL, NULL, 0, "Report also what rests on a guess and is more often wrong than right", 3},
	{"stats", OPT_STATS, NULL, 0, "A complete summary: each note and function over budget", 3},
	{NULL, 0, NULL, 0, "Exit status:", 4},
	{"fail-on", OPT_FAIL_ON, "LEVEL", 0, "Lowest level that makes the status 1: error, warning "
	 "(default), advice, never", 4},
	{"allow-incomplete", OPT_ALLOW_INCOMPLETE, NULL, 0, "Status 0 though a unit could not be read", 4},
	{"strict", OPT_STRICT, NULL, 0, "Status 3 if a function is over budget or a call unresolved", 4},
	{0},
};

static const char check_doc[] =
	"Read the units of a kernel build, analyse them as one program and report device pointers that "
	"outlive what keeps them, and locking and reference mistakes.\v"
	"PATH is a file or folder, relative to the current folder or to the top of the source tree. It "
	"selects which units are read and where findings are reported. The program is all that the "
	"database holds for this build: what was read before still counts, and what did not change is not "
	"read again.\n"
	"\n"
	"Example, a kernel configured in /tmp/build:\n"
	"\n"
	"  devscope compdb -o /tmp/build/compile_commands.json /tmp/build drivers/iommu/\n"
	"  devscope check -p /tmp/build drivers/iommu\n"
	"  devscope explain iterator-escape\n"
	"\n"
	"Findings go to stdout, sorted; progress and a summary to stderr. Exit status: 0 clean, 1 "
	"findings at or above --fail-on, 2 wrong usage or an internal error, 3 no findings but a unit "
	"that was asked for could not be read, 130 interrupted (what was read is kept).";

static const struct argp_option capture_options[] = {
	{"build", 'p', "BUILD", 0, "Build folder or compile_commands.json (default: as for check)", 1},
	{"db", OPT_DB, "FILE", 0, "The database (default: .devscope.db beside the compile database)", 1},
	{"shard", OPT_SHARD, "I/N", 0, "Only the units of part I of N, from 1/N to N/N", 1},
	{"no-cache", OPT_NO_CACHE, NULL, 0, "Read every unit asked for again, whatever the database "
	 "knows", 1},
	{"jobs", 'j', "N", 0, "Units to read at once (default: all processors)", 2},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0, "Give a unit up after that long (default: 300)", 2},
	{"launcher", OPT_LAUNCHER, "PROGRAM", 0, "Have PROGRAM run clang (as for check)", 2},
	{"clang", OPT_CLANG, "PROGRAM", 0, "The clang to read with (default: as for check)", 2},
	{"extra-arg", OPT_EXTRA, "ARG", 0, "One more argument for clang, at the end (repeat); a check wants the same", 2},
	{"no-pch", OPT_NO_PCH, NULL, 0, "Make no precompiled headers: slower, and the same result", 2},
	{"quiet", 'q', NULL, 0, "No progress, no summary", 3},
	{"stats", OPT_STATS, NULL, 0, "A complete summary: each note", 3},
	{"allow-incomplete", OPT_ALLOW_INCOMPLETE, NULL, 0, "Status 0 though a unit could not be read", 3},
	{0},
};

static const char capture_doc[] =
	"Read the units of a kernel build into the database, as a check does first, and analyse nothing: to have it "
	"ready for checks, or in parts on several machines (devscope merge --help has an example).\v"
	"PATH is a file or folder, as for check: which units to read. With --shard they are dealt out by their "
	"names: machines with the same tree need not talk to each other, each unit is in one part, and stays there "
	"when others come or go. What did not change is not read again, so keep each part's database for the next "
	"time.\n"
	"\n"
	"Exit status: 0 all is read, 2 wrong usage or an internal error, 3 a unit could not be read, 130 "
	"interrupted (what was read is kept).";

static const struct argp_option merge_options[] = {
	{"build", 'p', "BUILD", 0, "Build folder or compile_commands.json (default: as for check)", 1},
	{"db", OPT_DB, "FILE", 0, "The database to merge into; made if there is none (default: .devscope.db beside "
	 "the compile database)", 1},
	{"quiet", 'q', NULL, 0, "Nothing on stderr but mistakes", 1},
	{0},
};

static const char merge_doc[] =
	"Take over into the database of BUILD what other databases have, which were captured elsewhere.\v"
	"Example, four machines and one that checks, all with the same tree and configuration:\n"
	"\n"
	"  devscope capture -p BUILD --shard 1/4 --db part-1.db   # ... 4/4, part-4.db\n"
	"  devscope merge -p BUILD part-1.db part-2.db part-3.db part-4.db\n"
	"  devscope check -p BUILD\n"
	"\n"
	"The order does not matter, and the check gives what it would give had it read all itself. Whatever is not as in "
	"the tree, or was read by another devscope or with other arguments, the check reads again.\n"
	"\n"
	"A PART is taken to be of BUILD, wherever it was made. If it holds several builds, the one that is called as "
	"BUILD is in the database is meant: its folder, relative to that of the database. Units that are there in the "
	"same version are not added again; others become the newest version, and the last three of each are kept. "
	"Verdicts of people are added where there is none. Runs stay where they are.\n"
	"\n"
	"All parts are looked at first. Then each goes in whole or, if something ends the merge, not at all: run it "
	"again, what is there already costs nothing. Exit status: 0 merged, 2 a mistake or a part that cannot be used.";

static const struct argp_option dump_options[] = {
	{"build", 'p', "BUILD", 0, "Build folder or compile_commands.json (default: as for check)", 1},
	{"db", OPT_DB, "FILE", 0, "The database (default: .devscope.db beside the compile database)", 1},
	{"models", OPT_MODELS, "FILE", 0, "Models of your own (repeat)", 1},
	{"model-dir", OPT_MODEL_DIR, "DIR", 0, "Models to use in place of the built-in ones", 1},
	{0},
};

static const char dump_doc[] =
	"Print what a stage made of a unit, as stable text.\v"
	"  flow     blocks, calls, memory accesses and branches of each function\n"
	"  summary  what each function does to locks, references and borrows\n"
	"  reach    which locks a call of each function may wait for, and whether it may sleep, through\n"
	"           calls by ops tables too, with a shortest chain of calls to each\n"
	"\n"
	"UNIT is a source file that was captured (devscope check), relative to the top of the source "
	"tree, or a file of flow text, whose name ends in .flow.\n"
	"\n"
	"Example:\n"
	"\n"
	"  devscope dump flow -p /tmp/build drivers/iommu/iommu.c\n"
	"  devscope dump summary unit.flow";

struct parse {
	struct arena *arena;
	struct options *opt;
};

static void add_string(struct arena *a, struct strings *s, const char *item)
{
	/* a handful: doubling would be no gain */
	const char **more = ARENA_ARRAY(a, const char *, s->n + 1);

	if (s->n)
		memcpy(more, s->items, s->n * sizeof(*more));
	more[s->n++] = item;
	s->items = more;
}

static int number(const char *option, const char *s, int least)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || end == s || *end || v < least || v > INT_MAX)
		die("--%s %s: a number from %d on is expected", option, s, least);
	return (int)v;
}

static void set_shard(struct options *opt, const char *s)
{
	char *end = NULL;
	long part, parts = 0;

	errno = 0;
	part = strtol(s, &end, 10);
	if (end != s && *end == '/')
		parts = strtol(s = end + 1, &end, 10);
	if (errno || end == s || *end || part < 1 || part > parts || parts > INT_MAX)
		die("--shard: part I of N is expected, as 1/4 to 4/4");
	opt->shard = (int)part;
	opt->shards = (int)parts;
}

static void set_fail_on(struct options *opt, const char *s)
{
	opt->fail_never = !strcmp(s, "never") || !strcmp(s, "none");
	if (opt->fail_never)
		return;
	for (opt->fail_on = LEVEL_ADVICE; opt->fail_on <= LEVEL_ERROR; opt->fail_on++)
		if (!strcmp(s, level_name(opt->fail_on)))
			return;
	die("--fail-on %s: there are error, warning, advice and never", s);
}

static void set_format(struct options *opt, const char *s)
{
	opt->text = !strcmp(s, "text");
	opt->github = !strcmp(s, "github");
	opt->json = !strcmp(s, "json");
	if (!strcmp(s, "sarif"))
		opt->sarif = "-";
	else if (!opt->text && !opt->github && !opt->json)
		die("--format %s: there are text, github and sarif", s);
}

static void set_color(struct options *opt, const char *s)
{
	if (!s || !strcmp(s, "always"))
		opt->color = COLOR_ALWAYS;
	else if (!strcmp(s, "never"))
		opt->color = COLOR_NEVER;
	else if (!strcmp(s, "auto"))
		opt->color = COLOR_AUTO;
	else
		die("--color=%s: there are auto, always and never", s);
}

static void add_build(struct parse *p, const char *s)
{
	if (!p->opt->build)
		p->opt->build = s;
	add_string(p->arena, &p->opt->builds, s);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *opt = p->opt;

	switch (key) {
	case 'p': add_build(p, arg); return 0;
	case 'j': opt->jobs = number("jobs", arg, 0); return 0;
	case 'q': opt->quiet = true; return 0;
	case OPT_DB: opt->db = arg; return 0;
	case OPT_SHARD: set_shard(opt, arg); return 0;
	case OPT_SARIF: opt->sarif = arg; return 0;
	case OPT_HTML: opt->html = arg; return 0;
	case OPT_BASELINE: opt->baseline = arg; return 0;
	case OPT_UPDATE_BASELINE: opt->update_baseline = true; return 0;
	case OPT_STAGED: opt->staged = true; return 0;
	case OPT_DIFF: opt->diff = arg; return 0;
	case OPT_FORMAT: set_format(opt, arg); return 0;
	case OPT_MODELS: add_string(p->arena, &opt->models, arg); return 0;
	case OPT_MODEL_DIR: opt->model_dir = arg; return 0;
	case OPT_FAIL_ON: set_fail_on(opt, arg); return 0;
	case OPT_TIMEOUT: opt->timeout = number("timeout", arg, 1); return 0;
	case OPT_CLANG: opt->clang = arg; return 0;
	case OPT_EXTRA: add_string(p->arena, &opt->extra, arg); return 0;
	case OPT_ALLOW_INCOMPLETE: opt->allow_incomplete = true; return 0;
	case OPT_STRICT: opt->strict = true; return 0;
	case OPT_DOUBTFUL: opt->doubtful = true; return 0;
	case OPT_COLOR: set_color(opt, arg); return 0;
	case OPT_STATS: opt->stats = true; return 0;
	case OPT_NO_CACHE: opt->no_cache = true; return 0;
	case OPT_LAUNCHER: opt->launcher = arg; return 0;
	case OPT_NO_PCH: opt->no_pch = true; return 0;
	case OPT_FLOW: opt->flow = true; return 0;
	case OPT_OPEN: opt->open_only = true; return 0;
	case ARGP_KEY_ARG: add_string(p->arena, &opt->paths, arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* The folder of a sort of data file: by the environment, the installed place, or the source tree. */
static const char *data_folder(struct arena *a, const char *installed, const char *in_source)
{
	const char *top = getenv("DEVSCOPE_DATA");
	char *dir;

	if (top && *top) {
		dir = arena_printf(a, "%s/%s", top, installed);
		if (!path_is_folder(dir))
			die("DEVSCOPE_DATA is set to %s, but there is no folder %s", top, dir);
		return dir;
	}
#ifdef DEVSCOPE_DATADIR
	dir = arena_printf(a, "%s/%s", DEVSCOPE_DATADIR, installed);
	if (path_is_folder(dir))
		return dir;
#endif
#ifdef DEVSCOPE_SOURCE_DIR
	dir = arena_printf(a, "%s/%s", DEVSCOPE_SOURCE_DIR, in_source);
	if (path_is_folder(dir))
		return dir;
#endif
	die("the data files of devscope are not found: install it, or set DEVSCOPE_DATA to the folder "
	    "that holds models/ and markers.h (%s)", in_source);
}

static bool in_path(struct arena *a, const char *program)
{
	const char *path = getenv("PATH");

	if (strchr(program, '/'))
		return !access(program, X_OK);
	while (path && *path) {
		size_t n = strcspn(path, ":");

		if (n && !access(arena_printf(a, "%.*s/%s", (int)n, path, program), X_OK))
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static const char *find_clang(struct arena *a)
{
	if (in_path(a, DEVSCOPE_CLANG))
		return DEVSCOPE_CLANG;
	for (int version = 40; version >= 19; version--) {
		const char *name = arena_printf(a, "clang-%d", version);

		if (in_path(a, name))
			return name;
	}
	if (in_path(a, "clang"))
		return "clang";
	die("no clang found: install " DEVSCOPE_CLANG " or name one with --clang");
}

static int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? (int)sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);
}

/* The nearest folder upward that holds a compile database; else the one that was chosen for hooks. */
static const char *find_build(struct arena *a)
{
	const char *set;
	char *cwd = getcwd(NULL, 0), *dir = cwd ? arena_strdup(a, cwd) : NULL;

	free(cwd);
	while (dir) {
		if (path_is_file(arena_printf(a, "%s/compile_commands.json", dir)))
			return dir;
		if (!strcmp(dir, "/"))
			break;
		dir = path_parent(a, dir);
	}
	set = git_setting(a, NULL, "devscope.build");
	if (set)
		return set;
	die("no compile_commands.json in this folder or above it: name the build folder with -p, or make "
	    "one with \"devscope compdb KERNEL_BUILD\"");
}

static const char *join_words(struct arena *a, int argc, char **argv)
{
	struct text t;
	const char *s;

	text_init(&t);
	for (int i = 0; i < argc; i++)
		text_printf(&t, "%s%s", i ? " " : "", argv[i]);
	s = arena_strdup(a, text_str(&t));
	text_release(&t);
	return s;
}

void options_defaults(struct arena *a, struct options *opt, bool with_build)
{
	if (with_build && !opt->build)
		opt->build = find_build(a);
	if (!opt->model_dir)
		opt->model_dir = data_folder(a, "models", "rules/models");
}

static void parse(struct arena *a, const struct argp *argp, int argc, char **argv, struct options *out)
{
	struct parse p = {a, out};

	memset(out, 0, sizeof(*out));
	out->timeout = TIMEOUT;
	out->fail_on = LEVEL_WARNING;
	out->text = true;
	out->command_line = join_words(a, argc, argv);
	argp_err_exit_status = 2;
	if (argp_parse(argp, argc, argv, 0, NULL, &p))
		exit(2);
	if (!out->jobs)
		out->jobs = processors();
	options_defaults(a, out, false);
}

/* Options that make no sense together, or one without the other. */
static void options_agree(const struct options *opt)
{
	if (opt->json)
		die("--format json: there are text, github and sarif");
	if (opt->update_baseline && !opt->baseline)
		die("--update-baseline: say which with --baseline FILE");
	if (opt->staged && opt->diff)
		die("--staged and --diff: one of them");
	if (opt->flow && (opt->staged || opt->diff))
		die("--flow: files of flow text are in no git; leave %s away", opt->diff ? "--diff" : "--staged");
	if (opt->update_baseline && (opt->staged || opt->diff))
		die("--update-baseline: a baseline is of the whole, not of a change");
}

static void find_tools(struct arena *a, struct options *out)
{
	if (!out->clang)
		out->clang = find_clang(a);
	else if (!in_path(a, out->clang))
		die("--clang %s: no such program", out->clang);
	out->marker_dir = data_folder(a, ".", "analyzer/capture");
}

void options_check(struct arena *a, int argc, char **argv, struct options *out)
{
	static const struct argp argp = {
		.options = check_options, .parser = parse_option, .args_doc = "[PATH...]", .doc = check_doc,
	};

	parse(a, &argp, argc, argv, out);
	options_agree(out);
	if (out->flow) {
		if (!out->paths.n)
			die("--flow: name the files of flow text");
		return;
	}
	if (!out->build)
		out->build = find_build(a);
	find_tools(a, out);
}

void options_verify(struct arena *a, int argc, char **argv, const struct argp_option *known, const char *doc,
		    struct options *out)
{
	const struct argp argp = {.options = known, .parser = parse_option, .args_doc = "[PATH...]", .doc = doc};

	parse(a, &argp, argc, argv, out);
	if (out->builds.n > 1)
		die("-p %s: one build at a time here; run it once for each", out->builds.items[1]);
	if (!out->text && !out->json)
		die("--format: there are text and json");
	for (size_t i = 0; i < out->paths.n && !out->flow; i++) {
		const char *dir = out->paths.items[i], *contracts = arena_printf(a, "%s/contracts.yaml", dir);

		if (path_is_file(contracts))
			add_string(a, &out->models, contracts);
		if (!out->build && path_is_file(arena_printf(a, "%s/compile_commands.json", dir)))
			out->build = dir;
	}
	if (out->flow)
		return;
	if (!out->build)
		out->build = find_build(a);
	find_tools(a, out);
}

/* The commands for one build. */
static void parse_single(struct arena *a, const struct argp *argp, int argc, char **argv, struct options *out)
{
	parse(a, argp, argc, argv, out);
	if (out->builds.n > 1)
		die("-p %s: one build at a time here; run it once for each", out->builds.items[1]);
	if (!out->build)
		out->build = find_build(a);
}

void options_capture(struct arena *a, int argc, char **argv, struct options *out)
{
	static const struct argp argp = {
		.options = capture_options, .parser = parse_option, .args_doc = "[PATH...]", .doc = capture_doc,
	};

	parse_single(a, &argp, argc, argv, out);
	find_tools(a, out);
}

void options_merge(struct arena *a, int argc, char **argv, struct options *out)
{
	static const struct argp argp = {
		.options = merge_options, .parser = parse_option, .args_doc = "PART...", .doc = merge_doc,
	};

	parse_single(a, &argp, argc, argv, out);
	if (!out->paths.n)
		die("merge: name the databases to merge (devscope merge --help)");
}

static const struct argp_option cc_options[] = {
	{"fail-on", OPT_FAIL_ON, "LEVEL", 0, "Lowest level that makes the status 1, which stops make: error, warning, "
	 "advice, never (default)", 1},
	{"baseline", OPT_BASELINE, "FILE", 0, "Only findings that are not in FILE", 1},
	{"db", OPT_DB, "FILE", 0, "The database (default: .devscope.db in the build folder)", 1},
	{"models", OPT_MODELS, "FILE", 0, "Models of your own (repeat)", 1},
	{"model-dir", OPT_MODEL_DIR, "DIR", 0, "Models to use in place of the built-in ones", 1},
	{"clang", OPT_CLANG, "PROGRAM", 0, "The clang to read with", 1},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0, "Give a unit up after that long (default: 300)", 1},
	{"color", OPT_COLOR, "WHEN", OPTION_ARG_OPTIONAL, "auto (default), always, never", 1},
	{0},
};

static const char cc_doc[] =
	"The checker for kbuild: it is given each unit that make compiles (C=1) or could compile (C=2), and "
	"prints what is wrong in it on stderr. The status is 0 unless --fail-on says otherwise.\v"
	"Example:\n"
	"\n"
	"  make LLVM=-19 O=../build C=2 CHECK=\"devscope cc\" drivers/iommu/\n"
	"  make LLVM=-19 O=../build C=1 CHECK=\"devscope cc --fail-on=error\"\n"
	"\n"
	"A unit is judged with what the database in the build folder holds of all the others. In a new build "
	"folder the first units know little of those that come later: \"devscope check\" sees all of them at "
	"once, and uses the same database.";

/* Is it an option of ours? What others call theirs has other names. */
static bool is_cc_option(const char *word)
{
	size_t n = strcspn(word, "=");

	if (!strcmp(word, "--help") || !strcmp(word, "--usage"))
		return true;
	for (int i = 0; !strncmp(word, "--", 2) && cc_options[i].name; i++)
		if (strlen(cc_options[i].name) == n - 2 && !strncmp(word + 2, cc_options[i].name, n - 2))
			return true;
	return false;
}

int options_cc(struct arena *a, int argc, char **argv, struct options *out)
{
	static const struct argp argp = {
		.options = cc_options, .parser = parse_option, .args_doc = "KBUILD'S WORDS", .doc = cc_doc,
	};
	char **ours = ARENA_ARRAY(a, char *, argc + 1);
	bool fails = false;
	int n = 0, i = 1;

	ours[n++] = argv[0];
	for (; i < argc && strncmp(argv[i], "-Wp,-M", 6); i++) {
		if (!is_cc_option(argv[i]))
			continue;
		fails |= !strncmp(argv[i], "--fail-on", 9);
		ours[n++] = argv[i];
	}
	parse(a, &argp, n, ours, out);
	if (i == argc)
		die("make is to run this: make C=1 CHECK=\"devscope cc\" (devscope cc --help)");
	out->fail_never |= !fails;
	out->quiet = true;
	find_tools(a, out);
	return i;
}

void options_dump(struct arena *a, int argc, char **argv, struct options *out)
{
	static const struct argp argp = {
		.options = dump_options, .parser = parse_option, .args_doc = "flow|summary|reach UNIT",
		.doc = dump_doc,
	};

	parse(a, &argp, argc, argv, out);
	if (out->paths.n != 2)
		die("dump: say what and of which unit (devscope dump --help)");
	out->flow = path_ends(out->paths.items[1], ".flow");
	if (!out->flow && !out->build)
		out->build = find_build(a);
}
