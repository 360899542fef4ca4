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
#define ASKED 256	/* addresses at once */

struct event {
	enum event_kind kind;
	int thread;
	const char *name;	/* of the lock */
	const void *pc;
};

struct place {
	char text[160];
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

/* Run addr2line for N addresses; its output, two lines for each: a function, and file:line. */
static FILE *ask_addr2line(const void *const *pcs, int n, pid_t *child)
{
	static char self[512], addresses[ASKED][24];
	char *argv[ASKED + 8] = { "addr2line", "-s", "-f", "-e", self };
	posix_spawn_file_actions_t actions;
	int ends[2], i;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0 || pipe(ends))
		return NULL;
	for (i = 0; i < n; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "%p", (const void *)((const char *)pcs[i] - 1));
		argv[5 + i] = addresses[i];
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (posix_spawnp(child, argv[0], &actions, NULL, argv, environ))
		*child = 0;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	return fdopen(ends[0], "r");
}

/* Where the code is, as "function() file:line"; "" where that is not known. */
static void find_places(const void *const *pcs, int n, struct place *places)
{
	pid_t child = 0;
	FILE *out = ask_addr2line(pcs, n, &child);
	char function[64], line[64];
	int i;

	memset(places, 0, (size_t)n * sizeof(*places));
	for (i = 0; i < n; i++) {
		if (!out || !fgets(function, sizeof(function), out) || !fgets(line, sizeof(line), out))
			break;
		if (!pcs[i])
			continue;
		function[strcspn(function, "\n")] = 0;
		line[strcspn(line, " \n")] = 0;
		snprintf(places[i].text, sizeof(places[i].text), "%s() %s", function, line);
	}
	if (out)
		fclose(out);
	if (child)
		waitpid(child, NULL, 0);
}

const char *trace_place(const void *pc)
{
	static struct place place;

	find_places(&pc, 1, &place);
	return place.text;
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

static void print_event(const struct event *event, const char *place)
{
	char what[64];

	snprintf(what, sizeof(what), "%s %s", words[event->kind], event->name);
	printf("  %-10s %-24s %s\n", threads_name(event->thread), what, place);
}

void trace_print(void)
{
	static struct place places[ASKED];
	const void *pcs[ASKED];
	int shown[ASKED], i, k, n = 0;

	for (i = 0; i <= n_events; i++) {
		if (i < n_events && is_shown(i)) {
			pcs[n] = events[i].pc;
			shown[n++] = i;
		}
		if (n < ASKED && i < n_events)
			continue;
		find_places(pcs, n, places);
		for (k = 0; k < n; k++) {
			int event = shown[k];

			if (event && events[event].thread != events[event - 1].thread)
				putchar('\n');
			print_event(&events[event], places[k].text);
		}
		n = 0;
	}
}
