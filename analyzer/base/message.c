// SPDX-License-Identifier: GPL-2.0-only
/* die(), problem() and bug(): every message that is not a result goes through here, to stderr. */
#include "base/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void (*message_before)(void);

static void say(const char *head, const char *format, va_list ap)
{
	if (message_before)
		message_before();
	fflush(stdout);
	fputs(head, stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("devscope: error: ", format, ap);
	va_end(ap);
	exit(2);
}

void problem(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("devscope: ", format, ap);
	va_end(ap);
}

void bug_at(const char *file, int line, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "devscope: bug at %s:%d: ", file, line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
