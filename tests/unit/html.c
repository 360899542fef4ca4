// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report as a page: nothing from the tree becomes markup, words of C are told apart, steps share excerpts
 * and say what changes, and the same input gives the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/view.h"
#include "infer/infer.h"
#include "report/finding.h"
#include "report/highlight.h"
#include "report/html.h"
#include "report/html_path.h"
#include "report/html_text.h"
#include "report/markdown.h"
#include "report/summary_report.h"
#include "rules/rule.h"

static void assert_escaped(const char *s, const char *want)
{
	struct text t;

	text_init(&t);
	html_add(&t, s);
	assert_string_equal(text_str(&t), want);
	text_release(&t);
}

static void test_escape(void **state)
{
	(void)state;
	assert_escaped("</script><img src=x onerror=\"a('b')\">&amp;",
		       "&lt;/script&gt;&lt;img src=x onerror=&quot;a('b')&quot;&gt;&amp;amp;");
	assert_escaped("a\tb\x01\x1b[2J\x7f\n", "a\tb\\x01\\x1b[2J\\x7f\\x0a");
	assert_escaped("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7");
	/* alone, cut short, too long, a surrogate, beyond the last */
	assert_escaped("\x80 \xff", "\\x80 \\xff");
	assert_escaped("\xe2\x82", "\\xe2\\x82");
	assert_escaped("\xc0\xbc \xe0\x80\xbc", "\\xc0\\xbc \\xe0\\x80\\xbc");
	assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");
	assert_escaped("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	/* controls above ASCII, the direction of writing, no width */
	assert_escaped("\xc2\x9b", "\\x9b");
	assert_escaped("a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xe2\x80\x8b", "a\\u202eb\\u2066c\\u200b");
	assert_escaped("", "");
	assert_escaped(NULL, "");
}

static enum highlight assert_line(enum highlight in, const char *line, int column, const char *want)
{
	struct text t;
	enum highlight next;

	text_init(&t);
	next = highlight_line(&t, line, in, &column, column > 0);
	assert_string_equal(text_str(&t), want);
	assert_int_equal(highlight_line(NULL, line, in, NULL, 0), next);
	text_release(&t);
	return next;
}

static void test_highlight(void **state)
{
	enum highlight in;

	(void)state;
	assert_line(HIGHLIGHT_CODE, "\tif (x->n < 0x1fUL) /* no */ return; // yes", 0,
		    "\t<b>if</b> (x-&gt;n &lt; <var>0x1fUL</var>) <i>/* no */</i> <b>return</b>; <i>// yes</i>");
	assert_line(HIGHLIGHT_CODE, "iffy = \"a\\\"/*\" '\\'' L'x' 1.5e-3;", 0,
		    "iffy = <u>&quot;a\\&quot;/*&quot;</u> <u>'\\''</u> L<u>'x'</u> <var>1.5e-3</var>;");
	assert_line(HIGHLIGHT_CODE, "a / b", 0, "a / b");
	assert_line(HIGHLIGHT_CODE, "\"open \\", 0, "<u>&quot;open \\</u>");
	assert_line(HIGHLIGHT_CODE, "\xff</b>", 0, "\\xff&lt;/b&gt;");
	in = assert_line(HIGHLIGHT_CODE, "a; /* if", 0, "a; <i>/* if</i>");
	assert_int_equal(in, HIGHLIGHT_COMMENT);
	in = assert_line(in, " * \"<b>", 0, "<i> * &quot;&lt;b&gt;</i>");
	in = assert_line(in, "*/ if", 0, "<i>*/</i> <b>if</b>");
	assert_int_equal(in, HIGHLIGHT_CODE);
	in = assert_line(in, "/*/ if", 0, "<i>/*/ if</i>");
	assert_int_equal(in, HIGHLIGHT_COMMENT);
	in = assert_line(HIGHLIGHT_CODE, "#define f(x) \"s\" /* c */ if \\", 0,
			 "<samp>#define f(x) </samp><u>&quot;s&quot;</u><samp> </samp><i>/* c */</i><samp> if \\</samp>");
	assert_int_equal(in, HIGHLIGHT_DIRECTIVE);
	in = assert_line(in, "\tif (x) /* c", 0, "<samp>\tif (x) </samp><i>/* c</i>");
	assert_int_equal(in, HIGHLIGHT_DIRECTIVE_COMMENT);
	in = assert_line(in, "*/ y", 0, "<i>*/</i><samp> y</samp>");
	assert_int_equal(in, HIGHLIGHT_CODE);
	assert_line(HIGHLIGHT_CODE, "", 0, "");
}

static void test_marks(void **state)
{
	(void)state;
	assert_line(HIGHLIGHT_CODE, "\tput(dev);", 2, "\t<mark>put</mark>(dev);");
	assert_line(HIGHLIGHT_CODE, "\tput(dev);", 7, "\tput(<mark>dev</mark>);");
	assert_line(HIGHLIGHT_CODE, "return a = b;", 10, "<b>return</b> a <mark>=</mark> b;");
	assert_line(HIGHLIGHT_CODE, "return;", 1, "<mark><b>return</b></mark>;");
	assert_line(HIGHLIGHT_CODE, "x", 99, "x");
}

static void test_markdown(void **state)
{
	struct text t;

	(void)state;
	text_init(&t);
	markdown_add_html(&t, "One `a<b` **two\nlines**.\n\n```c\nif (x)\n```\nLast `open");
	assert_string_equal(text_str(&t), "<p>One <code>a&lt;b</code> <strong>two\nlines</strong>.</p>\n"
			    "<pre class=code><b>if</b> (x)\n</pre>\n<p>Last <code>open</code></p>\n");
	text_release(&t);
}

/* --- a page ---------------------------------------------------------------------- */

#define NAME "d\"r/<b>&.c"

static const struct func fn = {.name = "probe<i>", .file = NAME, .line = 1};
static const struct step steps[] = {
	{.kind = STEP_LOCK, .at = {NAME, 3, 2, NULL}, .func = "probe<i>", .text = "takes <x>", .locks = "x->lock",
	 .borrows = "", .refs = ""},
	{.kind = STEP_CALL, .at = {NAME, 4, 2, NULL}, .func = "probe<i>", .text = "calls f()",
	 .locks = "x->lock, f(a, b)", .borrows = "", .refs = ""},
	{.kind = STEP_LOCK, .depth = 1, .at = {NAME, 9, 2, NULL}, .func = "f", .text = "locks", .locks = "x->lock, f(a, b)",
	 .borrows = "dev: by <it>", .refs = ""},
	{.kind = STEP_UNLOCK, .at = {NAME, 5, 2, NULL}, .func = "probe<i>", .text = "releases", .locks = "f(a, b)",
	 .borrows = "", .refs = "g (group), g (group)"},
	{.kind = STEP_FAULT, .depth = 2, .func = "nowhere", .text = "\xff"},
};
static const struct fact fact = {.fn = &fn, .at = {NAME, 5, 2, NULL}, .object = "x", .class = "x.lock", .nstep = 5, .steps = steps};

static void make_page(struct text *out, const char *root)
{
	struct unit_note failed[] = {{"<u>.c", "'<x.h>' file not found"}};
	struct run_info run = {.wanted = 3, .captured = 1, .cached = 1, .failed = failed, .nfailed = 1};
	struct infer_result infer = {.nfunc = 2};
	struct finding_list l;
	struct arena a;
	struct view view;

	infer.unsure[UNSURE_INDIRECT_CALL] = 3;
	run.infer = &infer;
	arena_init(&a);
	view_init(&view, root);
	finding_list_init(&l, &a);
	finding_list_add(&l, rules[0], LEVEL_ERROR, &fact, "x is <b>held</b>", "Unlock </article>.");
	finding_list_finish(&l, &view);
	html_report_print(out, &l, &run, &view);
	finding_list_release(&l);
	view_release(&view);
	arena_release(&a);
}

static void assert_in(const struct text *page, const char *want)
{
	if (!strstr(text_str(page), want))
		fail_msg("not in the page: %s", want);
}

static char *make_tree(char *dir)
{
	char path[128];
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/d\"r", dir);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/" NAME, dir);
	f = fopen(path, "w");
	fputs("int probe(void)\n{\n\tone(\"</script>\");\n\ttwo();\n\tthree();\n}\n\nvoid f(void)\n\tlock();\n}\n\nint other;\n", f);
	fclose(f);
	return dir;
}

static void remove_tree(const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/" NAME, dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/d\"r", dir);
	rmdir(path);
	rmdir(dir);
}

static void test_page(void **state)
{
	char dir[] = "/tmp/devscope-html-XXXXXX";
	struct text page, again;

	(void)state;
	text_init(&page);
	text_init(&again);
	make_page(&page, make_tree(dir));
	make_page(&again, dir);
	assert_string_equal(text_str(&page), text_str(&again));
	assert_null(strstr(text_str(&page), dir));
	assert_null(strstr(text_str(&page), "<b>held"));
	assert_null(strstr(text_str(&page), "<b>&.c"));
	assert_in(&page, "x is &lt;b&gt;held&lt;/b&gt;");
	assert_in(&page, "Unlock &lt;/article&gt;.");
	assert_in(&page, "<code>d&quot;r/&lt;b&gt;&amp;.c:5:2</code> in <code>probe&lt;i&gt;()</code>");
	assert_in(&page, "<code>&lt;u&gt;.c</code> '&lt;x.h&gt;' file not found");
	assert_in(&page, "2 units read, <span class=error>1 failed</span>");
	assert_in(&page, "3 times the analysis stayed quiet");
	remove_tree(dir);
	text_release(&page);
	text_release(&again);
}

static void test_path(void **state)
{
	char dir[] = "/tmp/devscope-html-XXXXXX";
	struct text path;
	struct code code;
	struct view view;

	(void)state;
	text_init(&path);
	view_init(&view, make_tree(dir));
	code_init(&code, &view);
	html_add_path(&path, &code, &fact);
	/* two steps in one excerpt, with the lines around them */
	assert_in(&path, "<ol class=code>\n<li value=1><b>int</b> probe(<b>void</b>)</li>\n<li>{</li>\n<li class=at>\t"
		  "<mark>one</mark>(<u>&quot;&lt;/script&gt;&quot;</u>);<div class=\"step\"><b>1</b><p>takes &lt;x&gt;"
		  "<div><p><b>locks</b> <ins>+x-&gt;lock</ins></div></div></li>\n");
	assert_in(&path, "<p><b>locks</b> x-&gt;lock, <ins>+f(a, b)</ins></div>");
	/* a callee's step is compared with what was held before the call; a function ends with its brace */
	assert_in(&path, "<div class=in>\n<h3>f()</h3>\n<ol class=code>\n<li value=8><b>void</b> f(<b>void</b>)</li>\n"
		  "<li class=at>\t<mark>lock</mark>();<div class=\"step\"><b>3</b><p>locks<div><p><b>locks</b> x-&gt;lock, "
		  "<ins>+f(a, b)</ins><p><b>keeps</b> <ins>+dev: by &lt;it&gt;</ins></div></div></li>\n<li>}</li>\n</ol>\n</div>\n");
	/* lines that were shown are not shown again, save the step's own */
	assert_in(&path, "<ol class=code>\n<li value=5 class=at>\t<mark>three</mark>();<div class=\"step\"><b>4</b>"
		  "<p>releases<div><p><b>locks</b> f(a, b), <del>-x-&gt;lock</del><p><b>refs</b> <ins>+g (group)</ins>, "
		  "<ins>+g (group)</ins></div></div></li>\n</ol>\n");
	/* a step without a place */
	assert_in(&path, "<div class=in>\n<div class=in>\n<h3>nowhere()</h3>\n<div class=\"step fault\"><b>5</b><p>\\xff");
	code_release(&code);
	view_release(&view);
	remove_tree(dir);
	text_release(&path);
}

/* Without a tree there is no code, but every step. */
static void test_no_source(void **state)
{
	struct text path;
	struct code code;

	(void)state;
	text_init(&path);
	code_init(&code, NULL);
	html_add_path(&path, &code, &fact);
	assert_in(&path, "<li value=3 class=at><div class=\"step\"><b>1</b><p>takes &lt;x&gt;");
	assert_in(&path, "<b>5</b>");
	code_release(&code);
	text_release(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_highlight),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_no_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
