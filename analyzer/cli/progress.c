// SPDX-License-Identifier: GPL-2.0-only
/* The progress line. At most ten drawings a second, so that it costs nothing. */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "base/text.h"
#include "report/text_report.h"

static struct {
	const char *stage;	/* NULL: nothing is going on */
	size_t total;
	bool quiet, terminal;
	bool drawn;		/* a line is on the terminal now */
	double last;		/* when something was printed */
} line;

double progress_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void take_away(void)
{
	if (!line.drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	line.drawn = false;
}

void progress_start(const char *stage, size_t total, bool quiet)
{
	line.stage = stage;
	line.total = total;
	line.quiet = quiet;
	line.terminal = isatty(STDERR_FILENO);
	line.last = line.terminal ? 0 : progress_now();
	message_before = take_away;
}

static size_t terminal_width(void)
{
	struct winsize w;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &w) && w.ws_col > 20 ? w.ws_col : 80;
}

static void draw(size_t done, const char *name)
{
	struct text t;
	size_t width = terminal_width() - 1;

	text_init(&t);
	text_printf(&t, "%s [%zu/%zu] ", line.stage, done, line.total);
	text_report_add_safe(&t, name);
	fprintf(stderr, "\r\033[K%.*s", (int)(t.len < width ? t.len : width), text_str(&t));
	fflush(stderr);
	text_release(&t);
	line.drawn = true;
}

void progress_at(size_t done, size_t total, const char *name)
{
	double now = progress_now();

	line.total = total;
	if (line.quiet || !line.stage || now - line.last < (line.terminal ? 0.1 : 10))
		return;
	line.last = now;
	if (line.terminal)
		draw(done, name);
	else
		fprintf(stderr, "devscope: %s: %zu of %zu\n", line.stage, done, line.total);
}

void progress_end(void)
{
	take_away();
	line.stage = NULL;
}
