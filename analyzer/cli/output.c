// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where findings go: stdout, and files. A regular file comes into being whole, under another name first, so
 * that a full disk or ^C leaves the old one; devices and pipes are written to as they are.
 */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "base/text.h"
#include "cli/options.h"
#include "report/finding.h"
#include "report/github.h"
#include "report/html.h"
#include "report/sarif.h"
#include "report/summary_report.h"
#include "report/text_report.h"

bool output_color(enum color_mode mode, int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return isatty(fd) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

static void to_stdout(const struct text *content)
{
	fwrite(text_str(content), 1, content->len, stdout);
	if (fflush(stdout) || ferror(stdout))
		die("the findings cannot be written to stdout: %s", strerror(errno));
}

/* --- files ----------------------------------------------------------------------- */

/* Where to write what shall be at path. */
static const char *place_to_write(struct arena *a, const char *path)
{
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return path;
	return arena_printf(a, "%s.%ld.tmp", path, (long)getpid());
}

/* It is written at "to" (or failed to be, for err): have it at path. */
static void put_in_place(const char *path, const char *to, int err)
{
	if (!err && to != path && rename(to, path))
		err = -errno;
	if (err && to != path)
		unlink(to);
	if (err)
		die("%s cannot be written: %s", path, strerror(-err));
}

void output_text(struct arena *a, const char *path, const struct text *content)
{
	const char *to;
	FILE *f;
	int err = 0;

	if (!strcmp(path, "-")) {
		to_stdout(content);
		return;
	}
	to = place_to_write(a, path);
	f = fopen(to, "wb");
	if (!f)
		die("%s cannot be written: %s", path, strerror(errno));
	errno = 0;
	if (fwrite(text_str(content), 1, content->len, f) != content->len || fflush(f))
		err = errno ? -errno : -EIO;
	if (fclose(f) && !err)
		err = errno ? -errno : -EIO;
	put_in_place(path, to, err);
}

static void write_sarif(struct arena *a, const char *path, struct json *log)
{
	const char *to;

	if (!strcmp(path, "-"))
		path = "/dev/stdout";
	to = place_to_write(a, path);
	fflush(stdout);
	put_in_place(path, to, json_write_file(log, to));
	json_free(log);
}

/* --- all of it ------------------------------------------------------------------- */

void output_findings(struct arena *a, const struct options *opt, const struct finding_list *l,
		     const struct run_info *run, const struct view *view)
{
	struct text out;

	text_init(&out);
	if (opt->text)
		text_report_print(&out, l, output_color(opt->color, STDOUT_FILENO));
	if (opt->github)
		github_report_print(&out, l, output_color(opt->color, STDOUT_FILENO));
	to_stdout(&out);
	if (opt->sarif)
		write_sarif(a, opt->sarif, sarif_make(l, run, view));
	if (opt->html) {
		text_clear(&out);
		html_report_print(&out, l, run, view);
		output_text(a, opt->html, &out);
	}
	text_release(&out);
}

void output_summary(const struct options *opt, const struct finding_list *l, const struct run_info *run)
{
	struct text out;

	if (opt->quiet)
		return;
	text_init(&out);
	summary_report_print(&out, run, l, opt->stats);
	fputs(text_str(&out), stderr);
	text_release(&out);
}
