/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_MESSAGE_H
#define BASE_MESSAGE_H

/*
 * The three kinds of trouble.
 *
 * die():     the user or the machine is wrong (bad option, missing file, full disk): exit 2.
 * problem(): one unit or function could not be handled: noted, counted, the run goes on.
 * bug():     an invariant of ours broke: abort with our file and line.
 */

/* Print "devscope: error: ..." and exit with status 2. The text says what to do. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Print "devscope: ..." on stderr, under the progress line if there is one. */
void problem(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An invariant broke: print where and abort. */
_Noreturn void bug_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)

/*
 * Called by die() and problem() before they print, so that a progress line on the
 * terminal can be taken away first. NULL for none.
 */
extern void (*message_before)(void);

#endif
