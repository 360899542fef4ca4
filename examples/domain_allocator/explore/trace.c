// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened in an execution, in words. Events are remembered by the address of their
 * code, and addr2line makes lines of the source of those that are shown.
 */

#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "explore.h"

#define EVENTS 4096

struct event {
	enum event_kind kind;
	int thread;
	const char *name;	/* of the lock */
	const void *pc;
};

static struct event events[EVENTS];
static int n_events;

extern char **environ;

void trace_reset(void)
{
	n_events = 0;
}

void trace_event(enum event_kind kind, const char *name, const void *pc)
{
	if (run.traced && thread_now && n_events < EVENTS)
		events[n_events++] = (struct event){ kind, thread_now, name, pc };
}

/* The output of "addr2line -s -f": function, newline, file:line. */
static void ask_addr2line(const void *pc, char *function, char *line, int size)
{
	char address[32], *argv[] = { "addr2line", "-s", "-f", "-e", "/proc/self/exe", address, NULL };
	char self[512] = "";
	posix_spawn_file_actions_t actions;
	FILE *out;
	int ends[2];
	pid_t child;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0 || pipe(ends))
		return;
	argv[4] = self;
	snprintf(address, sizeof(address), "%p", (void *)((const char *)pc - 1));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (posix_spawnp(&child, argv[0], &actions, NULL, argv, environ))
		child = 0;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	out = fdopen(ends[0], "r");
	if (!fgets(function, size, out) || !fgets(line, size, out))
		strcpy(function, "?");
	fclose(out);
	if (child)
		waitpid(child, NULL, 0);
	function[strcspn(function, "\n")] = 0;
	line[strcspn(line, " \n")] = 0;
}

const char *trace_place(const void *pc)
{
	static char place[256];
	char function[128] = "?", line[120] = "?";

	if (!pc)
		return "";
	ask_addr2line(pc, function, line, sizeof(line));
	snprintf(place, sizeof(place), "%s() %s", function, line);
	return place;
}

static const char *words[] = {
	[EVENT_TAKE] = "takes", [EVENT_RELEASE] = "releases", [EVENT_GET] = "gets a reference",
	[EVENT_PUT] = "puts a reference", [EVENT_ALLOC] = "allocates", [EVENT_FREE] = "frees",
	[EVENT_READ] = "reads", [EVENT_WRITE] = "writes", [EVENT_WAIT] = "waits for", [EVENT_END] = "ends",
};

/* Of accesses, only those next to which another thread ran are worth a line. */
static bool is_shown(int i)
{
	const struct event *event = &events[i];

	if (event->kind != EVENT_READ && event->kind != EVENT_WRITE)
		return true;
	return i + 1 == n_events || events[i + 1].thread != event->thread ||
	       (i > 0 && events[i - 1].thread != event->thread);
}

void trace_print(void)
{
	int i, last = 0;

	for (i = 0; i < n_events; i++) {
		const struct event *event = &events[i];
		char what[64];

		if (!is_shown(i))
			continue;
		if (last && last != event->thread)
			putchar('\n');
		last = event->thread;
		snprintf(what, sizeof(what), "%s %s", words[event->kind], event->name);
		printf("  %-10s %-24s %s\n", threads_name(event->thread), what, trace_place(event->pc));
	}
}
