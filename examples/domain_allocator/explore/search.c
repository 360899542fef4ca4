// SPDX-License-Identifier: GPL-2.0-only
/*
 * All schedules, depth-first: an execution is a list of decisions, and the next one repeats
 * them up to the last that can be taken otherwise. To leave a thread that could go on is a
 * preemption, and of these there is a bound; where a thread waits or ends, all others are
 * tried. What is not decided otherwise goes on as it was.
 *
 * A schedule is printed as the decisions that differ: POINT:THREAD, with commas.
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explore.h"

#define DECISIONS 4096
#define MAX_KINDS 16

struct decision {
	int point;
	unsigned int untried;
	int chosen, usual;
};

/* Of a search. */
struct tally {
	long schedules, failures;
	int points;	/* in the longest */
};

struct run run;

static struct decision decisions[DECISIONS];
static int n_decisions, at_decision, preemptions, bound;
static const char *replayed;	/* a schedule, or NULL: search */
static bool misfit;	/* it does not fit */
static bool every_kind;
static const char *program;

static int lowest(unsigned int set)
{
	return __builtin_ctz(set);
}

/* What the schedule that is replayed says of this point. */
static int replay_choose(unsigned int enabled, int usual)
{
	const char *next = replayed;
	char *end;

	while (*next) {
		long point = strtol(next, &end, 10), thread;

		if (end == next || *end != ':') {
			misfit = true;
			return usual;
		}
		next = end + 1;
		thread = strtol(next, &end, 10);
		if (point == run.points && end != next) {
			misfit |= thread < 1 || thread >= EXPLORE_THREADS || !(enabled & 1U << thread);
			return misfit ? usual : (int)thread;
		}
		next = *end == ',' ? end + 1 : end;
		if (*end && *end != ',') {
			misfit = true;
			return usual;
		}
	}
	return usual;
}

int search_choose(unsigned int enabled, int current)
{
	bool can_stay = enabled & 1U << current;
	int usual = can_stay ? current : lowest(enabled);
	struct decision *decision;

	if (replayed)
		return replay_choose(enabled, usual);
	if (!(enabled & ~(1U << usual)) || (can_stay && preemptions == bound))
		return usual;
	if (at_decision == DECISIONS) {
		fprintf(stderr, "explore: too many decisions in one execution\n");
		exit(2);
	}
	decision = &decisions[at_decision++];
	if (at_decision > n_decisions) {
		n_decisions = at_decision;
		*decision = (struct decision){
			.point = run.points, .untried = enabled & ~(1U << usual),
			.chosen = usual, .usual = usual,
		};
	} else if (decision->point != run.points) {
		fprintf(stderr, "explore: an execution was not repeated as it was\n");
		exit(2);
	}
	if (can_stay && decision->chosen != current)
		preemptions++;
	return decision->chosen;
}

/* Take the last decision that can be taken otherwise; false: all was tried. */
static bool next_schedule(void)
{
	while (n_decisions) {
		struct decision *last = &decisions[n_decisions - 1];

		if (last->untried) {
			last->chosen = lowest(last->untried);
			last->untried &= last->untried - 1;
			return true;
		}
		n_decisions--;
	}
	return false;
}

/* Without failure, or with one in run.failure. */
static bool execute(void)
{
	run.failure[0] = 0;
	run.points = 0;
	run.allocations = 0;
	at_decision = 0;
	preemptions = 0;
	memory_reset();
	trace_reset();
	threads_run();
	if (!run.failure[0])
		memory_check_leaks();
	return !run.failure[0];
}

static void print_schedule(void)
{
	const char *comma = "";
	int i;

	for (i = 0; i < n_decisions; i++) {
		if (decisions[i].chosen == decisions[i].usual)
			continue;
		printf("%s%d:%d", comma, decisions[i].point, decisions[i].chosen);
		comma = ",";
	}
}

/* Failures of one kind are shown once. */
static bool is_new_kind(void)
{
	static char kinds[MAX_KINDS][sizeof(run.failure)];
	static int n_kinds;
	size_t length = strcspn(run.failure, ":") + 1;
	int i;

	for (i = 0; i < n_kinds; i++)
		if (!strncmp(kinds[i], run.failure, length))
			return false;
	if (n_kinds < MAX_KINDS)
		strcpy(kinds[n_kinds++], run.failure);
	return true;
}

static void print_failure(long schedules)
{
	printf("%s: %s\n", run.scenario->name, run.failure);
	printf("  with %d preemption%s, in schedule %ld; again by\n", preemptions,
	       preemptions == 1 ? "" : "s", schedules);
	printf("  %s --scenario %s --points %s", program, run.scenario->name,
	       run.every_access ? "all" : "locks");
	if (run.refuse)
		printf(" --refuse %d", run.refuse);
	printf(" --schedule '");
	print_schedule();
	printf("'\n");
	fflush(stdout);
}

/* All schedules of the scenario within the bound. False: a failure ends the search. */
static bool search(struct tally *tally)
{
	n_decisions = 0;
	do {
		tally->schedules++;
		if (!execute()) {
			tally->failures++;
			if (is_new_kind())
				print_failure(tally->schedules);
			if (!every_kind)
				return false;
		}
		if (tally->points < run.points)
			tally->points = run.points;
	} while (next_schedule());
	return true;
}

/* With all memory there, and perhaps with each allocation refused in turn as well. */
static bool search_refusals(struct tally *tally, bool refusals)
{
	int asked;

	run.refuse = 0;
	do {
		if (!search(tally))
			return false;
		asked = run.allocations;
		run.refuse++;
	} while (refusals && run.refuse <= asked);
	return true;
}

static void print_tally(const struct tally *tally, bool refusals)
{
	printf("%s: all %ld schedules with up to %d preemptions, of up to %d points%s: ", run.scenario->name,
	       tally->schedules, bound, tally->points, refusals ? ", each allocation refused once" : "");
	if (tally->failures)
		printf("%ld fail\n", tally->failures);
	else
		printf("no deadlock, no use of freed memory, no leak%s\n",
		       run.every_access ? "" : ", no data race");
	fflush(stdout);
}

/* Few preemptions first, so that what is found is as simple as it can be. */
static int search_all(const char *name, int most, bool refusals)
{
	bool failed = false;

	for (bound = 0; bound <= most; bound++) {
		for (run.scenario = scenarios; run.scenario->name; run.scenario++) {
			struct tally tally = { 0 };

			if (name && strcmp(name, run.scenario->name))
				continue;
			if (!search_refusals(&tally, refusals))
				return 1;
			failed |= tally.failures;
			if (bound == most)
				print_tally(&tally, refusals);
		}
	}
	return failed;
}

static int replay(void)
{
	run.traced = true;
	if (execute()) {
		printf("%s: nothing goes wrong\n", run.scenario->name);
		return misfit ? 2 : 0;
	}
	if (misfit) {
		fprintf(stderr, "explore: this is no schedule of %s\n", run.scenario->name);
		return 2;
	}
	trace_print();
	printf("%s: %s\n", run.scenario->name, run.failure);
	return 1;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: %s [--scenario NAME] [--points all|locks] [--preemptions N]\n"
		"               [--refusals] [--every-kind]\n"
		"       %s --scenario NAME [--points all|locks] [--refuse N] --schedule POINT:THREAD,...\n"
		"  --points locks    only locks and counts are points, and data races are failures\n"
		"  --preemptions N   up to so many (3)\n"
		"  --refusals        also with each allocation of memory refused in turn\n"
		"  --every-kind      go on after a failure, show the first of each kind\n", program, program);
	return 2;
}

static bool find_scenario(const char *name)
{
	for (run.scenario = scenarios; run.scenario->name; run.scenario++)
		if (!strcmp(name, run.scenario->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "scenario", required_argument, NULL, 's' }, { "preemptions", required_argument, NULL, 'p' },
		{ "points", required_argument, NULL, 'a' },   { "schedule", required_argument, NULL, 'r' },
		{ "refuse", required_argument, NULL, 'm' },   { "refusals", no_argument, NULL, 'f' },
		{ "every-kind", no_argument, NULL, 'k' },     { NULL, 0, NULL, 0 },
	};
	const char *name = NULL;
	bool refusals = false;
	int option, most = 3;

	program = argv[0];
	run.every_access = true;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's': name = optarg; break;
		case 'p': most = atoi(optarg); break;
		case 'a': run.every_access = !strcmp(optarg, "all"); break;
		case 'r': replayed = optarg; break;
		case 'm': run.refuse = atoi(optarg); break;
		case 'f': refusals = true; break;
		case 'k': every_kind = true; break;
		default: return usage();
		}
	}
	if (optind < argc || (name ? !find_scenario(name) : !!replayed))
		return usage();
	return replayed ? replay() : search_all(name, most, refusals);
}
