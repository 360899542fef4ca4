// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool of capturing children, and what a unit's flow is keyed by.
 *
 * capture_run() keeps opt->jobs children busy (child.c says what each does) and sleeps until a child ends, a
 * deadline passes or the user interrupts: all three come as signals that are blocked and waited for, so
 * that nothing runs behind the back of done(). Each child leads a process group with its clang in it, and
 * a late one is killed with its group. done() is called once a second, or when many are done: to save a unit for itself
 * costs several times as much. Results come back as files in a folder made for the run, which is
 * removed however the run ends: also by die() in done(), through atexit().
 *
 * Before the units come the jobs that make precompiled headers (pch.h), in the same pool.
 */
#include "capture/capture.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "capture/bitcode.h"
#include "capture/child.h"
#include "capture/deps.h"
#include "capture/flags.h"
#include "capture/overlay.h"
#include "capture/pch.h"

#ifndef DEVSCOPE_VERSION
#define DEVSCOPE_VERSION "0"
#endif

enum { BATCH = 64 };	/* units that done() gets at once, at most */
#define BATCH_NS 1000000000	/* how long the first of them waits */

/* A running child; pid is 0 for a free place. */
struct worker {
	pid_t pid;
	struct child child;
	size_t index;		/* into the command list; of a job: into the round */
	int64_t deadline_ns;	/* steady clock */
	int64_t began_ns;	/* clock time */
	bool late;		/* killed for its time */
};

struct pool {
	const struct command_list *list;
	struct capture_options opt;
	struct arena arena;	/* of the run */
	struct arena scratch;	/* of the results in the batch */
	struct captured batch[BATCH];	/* units that ended, and done() does not know yet */
	size_t nbatch;
	int64_t batch_ns;	/* steady clock: when the first of them came */
	void (*done)(void *cookie, const struct captured *units, size_t n);
	void *cookie;
	struct deps deps;
	struct worker *workers;
	struct pch_plan *pch;	/* NULL: none */
	bool jobs;		/* a round of its jobs is on, no units yet */
	int64_t planned_ns;	/* clock time at which it was made */
	const char *folder, *overlay;
	char **env;
	sigset_t waited, before;
	struct sigaction child_action;
	pid_t owner;
};

/* The pool that runs, for the end of the program; NULL for none. */
static struct pool *running;

static int64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The program as a path, as the shell would find it. */
static const char *find_program(struct arena *a, const char *name)
{
	const char *path = getenv("PATH");
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		die("the current folder is gone: %s", strerror(errno));
	if (strchr(name, '/')) {
		const char *file = path_absolute(a, cwd, name);

		if (access(file, X_OK))
			die("cannot run %s: %s", name, strerror(errno));
		return file;
	}
	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t n = strcspn(path, ":");
		const char *folder = path_absolute(a, cwd, arena_strndup(a, path, n));
		const char *file = path_absolute(a, folder, name);

		if (n && !access(file, X_OK) && path_is_file(file))
			return file;
		path += n;
	}
	die("cannot find %s: install it, or put it on the PATH", name);
}

/* clang's environment: ours, without what would make the result or its messages depend on the user. */
static char **make_env(struct arena *a, const char *folder)
{
	static const char *const without[] = {
		"CPATH=", "C_INCLUDE_PATH=", "CCC_OVERRIDE_OPTIONS=", "COMPILER_PATH=",
		"GCC_EXEC_PREFIX=", "DEPENDENCIES_OUTPUT=", "SUNPRO_DEPENDENCIES=",
		"CLANG_CONFIG_FILE", "CC_PRINT_", "CC_LOG_DIAGNOSTICS", "SOURCE_DATE_EPOCH=",
		"PWD=", "TMPDIR=", "LC_", "LANG", NULL,
	};
	const char *with[] = {
		"LC_ALL=C", "SOURCE_DATE_EPOCH=1" /* __DATE__ */, arena_printf(a, "TMPDIR=%s", folder), NULL,
	};

	return process_environment(a, without, with);
}

static void end_children(struct pool *p)
{
	for (int i = 0; i < p->opt.jobs; i++) {
		struct worker *s = &p->workers[i];

		if (!s->pid)
			continue;
		kill(-s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
		s->pid = 0;
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path), 0;
}

static void remove_folder(const struct pool *p)
{
	nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void at_end(void)
{
	if (!running || running->owner != getpid())
		return;
	end_children(running);
	remove_folder(running);
	running = NULL;
}

/* Block what is waited for. A signal that our parent made us ignore stays ignored. */
static void signals_begin(struct pool *p)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigemptyset(&p->waited);
	sigaddset(&p->waited, SIGCHLD);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction now;

		sigaction(ends[i], NULL, &now);
		if (now.sa_handler != SIG_IGN)
			sigaddset(&p->waited, ends[i]);
	}
	sigaction(SIGCHLD, &action, &p->child_action);
	sigprocmask(SIG_BLOCK, &p->waited, &p->before);
}

static void signals_end(const struct pool *p)
{
	sigaction(SIGCHLD, &p->child_action, NULL);
	sigprocmask(SIG_SETMASK, &p->before, NULL);
}

static void pool_begin(struct pool *p, const struct command_list *list, const struct capture_options *opt)
{
	static bool registered;
	const char *tmp = getenv("TMPDIR");
	char *folder;

	memset(p, 0, sizeof(*p));
	p->list = list;
	p->opt = *opt;
	p->opt.jobs = opt->jobs > 0 ? opt->jobs : 1;
	p->opt.timeout = opt->timeout > 0 ? opt->timeout : 24 * 3600;
	p->owner = getpid();
	p->opt.clang = find_program(&p->arena, opt->clang);
	if (opt->launcher)
		p->opt.launcher = find_program(&p->arena, opt->launcher);
	p->opt.marker_dir = realpath(opt->marker_dir, NULL);
	if (!p->opt.marker_dir || !path_is_file(arena_printf(&p->arena, "%s/markers.h", p->opt.marker_dir)))
		die("no markers.h in %s: is devscope installed whole?", opt->marker_dir);
	folder = arena_printf(&p->arena, "%s/devscope-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(folder))
		die("cannot make a folder for the run (%s): %s", folder, strerror(errno));
	p->folder = folder;
	p->overlay = overlay_write(&p->arena, folder, opt->view);
	p->env = make_env(&p->arena, folder);
	p->workers = ARENA_ARRAY(&p->arena, struct worker, p->opt.jobs);
	deps_init(&p->deps, p->opt.marker_dir, folder, opt->view);
	running = p;
	if (!registered)
		atexit(at_end);
	registered = true;
	signals_begin(p);
}

static void pool_end(struct pool *p)
{
	end_children(p);
	remove_folder(p);
	running = NULL;
	signals_end(p);
	pch_end(p->pch);
	deps_release(&p->deps);
	free((char *)p->opt.marker_dir);
	arena_release(&p->scratch);
	arena_release(&p->arena);
}

static void worker_start(struct pool *p, struct worker *s, size_t index)
{
	s->index = index;
	s->late = false;
	s->began_ns = now_ns(CLOCK_REALTIME);
	s->deadline_ns = now_ns(CLOCK_MONOTONIC) + (int64_t)p->opt.timeout * 1000000000;
	s->child = (struct child){ .list = p->list, .cmd = p->jobs ? NULL : &p->list->items[index],
				   .opt = &p->opt, .pch = p->pch, .folder = p->folder, .overlay = p->overlay,
				   .number = index, .env = p->env, .mask = p->before };
	fflush(NULL);	/* or the child prints it again */
	s->pid = fork();
	if (s->pid < 0)
		die("cannot start a child: %s (fewer -j may help)", strerror(errno));
	if (!s->pid) {
		setpgid(0, 0);
		child_run(&s->child);
	}
	setpgid(s->pid, s->pid);	/* in both: whoever comes first */
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Hand on what there is. */
static void end_batch(struct pool *p)
{
	if (p->nbatch)
		p->done(p->cookie, p->batch, p->nbatch);
	p->nbatch = 0;
	arena_clear(&p->scratch);
}

/* A child ended: read its result, remove its files. */
static void worker_end(struct pool *p, struct worker *s, int status, const struct rusage *used)
{
	struct captured unit = { .index = s->index,
				 .cpu = seconds(used->ru_utime) + seconds(used->ru_stime) };

	s->pid = 0;
	if (p->jobs) {
		pch_job_done(p->pch, s->index, !status);
		child_clean(&p->scratch, &s->child);
		return;
	}
	if (s->late)
		unit.error = arena_printf(&p->scratch, "killed after %d s", p->opt.timeout);
	else
		child_result(&p->scratch, &s->child, status, &unit);
	deps_read(&p->deps, &p->scratch, &s->child, p->pch ? p->planned_ns : s->began_ns, &unit);
	child_clean(&p->scratch, &s->child);
	if (!p->nbatch)
		p->batch_ns = now_ns(CLOCK_MONOTONIC);
	p->batch[p->nbatch++] = unit;
	if (p->nbatch == BATCH)
		end_batch(p);
}

/* Take in every child that ended. */
static void reap(struct pool *p)
{
	for (int i = 0; i < p->opt.jobs; i++) {
		struct worker *s = &p->workers[i];
		struct rusage used;
		int status;

		if (!s->pid || wait4(s->pid, &status, WNOHANG, &used) != s->pid)
			continue;
		kill(-s->pid, SIGKILL);	/* whatever it left behind */
		worker_end(p, s, status, &used);
	}
}

/* Kill who is over time, end a batch that waited. Nanoseconds until the next deadline. */
static int64_t check_deadlines(struct pool *p)
{
	int64_t now = now_ns(CLOCK_MONOTONIC), wait = 3600LL * 1000000000;

	if (p->nbatch && p->batch_ns + BATCH_NS <= now)
		end_batch(p);
	else if (p->nbatch)
		wait = p->batch_ns + BATCH_NS - now;
	for (int i = 0; i < p->opt.jobs; i++) {
		struct worker *s = &p->workers[i];

		if (!s->pid || s->late)
			continue;
		if (s->deadline_ns <= now) {
			s->late = true;
			kill(-s->pid, SIGKILL);
		} else if (s->deadline_ns - now < wait) {
			wait = s->deadline_ns - now;
		}
	}
	return wait;
}

/* Start what there is room for. How many children run then. */
static int fill(struct pool *p, const size_t *want, size_t nwant, size_t *next)
{
	int busy = 0;

	for (int i = 0; i < p->opt.jobs; i++) {
		if (!p->workers[i].pid && *next < nwant)
			worker_start(p, &p->workers[i], want[(*next)++]);
		busy += p->workers[i].pid != 0;
	}
	return busy;
}

/* Do all that is wanted. The signal that ended it early, or 0. */
static int work(struct pool *p, const size_t *want, size_t nwant)
{
	size_t next = 0;

	while (fill(p, want, nwant, &next)) {
		int64_t wait = check_deadlines(p);
		struct timespec t = { wait / 1000000000, wait % 1000000000 };
		int signal = sigtimedwait(&p->waited, NULL, &t);

		if (signal > 0 && signal != SIGCHLD)
			return signal;
		reap(p);
	}
	return 0;
}

/* Make the precompiled headers. The signal that ended it, or 0. */
static int prepare(struct pool *p, const size_t *want, size_t nwant)
{
	int ended_by = 0;
	size_t n;

	p->planned_ns = now_ns(CLOCK_REALTIME);
	p->pch = pch_begin(p->list, want, nwant, &p->opt, p->folder);
	p->jobs = true;
	while (p->pch && !ended_by && (n = pch_round(p->pch))) {
		size_t *all = ARENA_ARRAY(&p->arena, size_t, n);

		for (size_t i = 0; i < n; i++)
			all[i] = i;
		ended_by = work(p, all, n);
	}
	p->jobs = false;
	return ended_by;
}

bool capture_run(const struct command_list *list, const size_t *want, size_t nwant,
		 const struct capture_options *opt,
		 void (*done)(void *cookie, const struct captured *units, size_t n), void *cookie)
{
	struct pool p;
	int ended_by;

	if (!nwant)
		return false;
	pool_begin(&p, list, opt);
	p.done = done;
	p.cookie = cookie;
	ended_by = prepare(&p, want, nwant);
	if (!ended_by)
		ended_by = work(&p, want, nwant);
	end_batch(&p);
	pool_end(&p);
	if (ended_by && ended_by != SIGINT)
		raise(ended_by);
	return ended_by;
}

/* The folders of this machine, and what stands for them in the key. */
struct known_folder {
	const char *folder, *stands;
	size_t n;
};

/* The longest of the folders that the word goes on with: one may lie inside the other. NULL: none. */
static const struct known_folder *folder_at(const char *word, const struct known_folder *known, size_t n)
{
	const struct known_folder *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct known_folder *k = &known[i];

		if ((!best || k->n > best->n) && k->n > 1 && !strncmp(word, k->folder, k->n) &&
		    (!word[k->n] || word[k->n] == '/' || word[k->n] == '='))
			best = k;
	}
	return best;
}

/* The word with the folders replaced, into the hash. They are absolute, so that only a slash can begin one. */
static void hash_word(XXH3_state_t *state, const char *word, const struct known_folder *known, size_t n)
{
	const char *from = word;

	while ((word = strchr(word, '/'))) {
		const struct known_folder *k = folder_at(word, known, n);

		if (!k) {
			word++;
			continue;
		}
		XXH3_128bits_update(state, from, (size_t)(word - from));
		XXH3_128bits_update(state, k->stands, strlen(k->stands));
		from = word += k->n;
	}
	XXH3_128bits_update(state, from, strlen(from) + 1);
}

/* markers.h is the same for all units: read once for each folder. */
static const struct text *marker_text(const char *dir)
{
	static const char *last;
	static struct text content;
	struct arena a;

	if (last && !strcmp(last, dir))
		return &content;
	arena_init(&a);
	text_clear(&content);
	text_read_file(&content, arena_printf(&a, "%s/markers.h", dir));
	arena_release(&a);
	last = intern(dir);
	return &content;
}

void capture_key(const struct command_list *list, const struct command *cmd,
		 const struct capture_options *opt, uint64_t hash[2])
{
	const struct text *markers = marker_text(opt->marker_dir);
	static const char version[] = "devscope " DEVSCOPE_VERSION " capture 9 LLVM ";
	XXH3_state_t *state = XXH3_createState();
	const struct known_folder known[] = {
		{ list->source_root, "<source>", strlen(list->source_root) },
		{ cmd->directory, "<build>", strlen(cmd->directory) },
		{ list->build, "<build>", strlen(list->build) },
	};
	struct capture_options plain = *opt;
	XXH128_hash_t h;
	struct arena a;
	struct flags f;

	if (!state)
		die("out of memory");
	arena_init(&a);
	plain.clang = path_base(opt->clang);
	flags_make(&a, list, cmd, &plain, &f);
	flags_add(&a, &f, cmd->file);
	XXH3_128bits_reset(state);
	XXH3_128bits_update(state, version, sizeof(version));
	XXH3_128bits_update(state, bitcode_llvm_version(), strlen(bitcode_llvm_version()) + 1);
	XXH3_128bits_update(state, text_str(markers), markers->len);
	for (int i = 0; i < f.argc; i++)
		hash_word(state, f.argv[i], known, sizeof(known) / sizeof(known[0]));
	h = XXH3_128bits_digest(state);
	hash[0] = h.low64;
	hash[1] = h.high64;
	XXH3_freeState(state);
	arena_release(&a);
}
