/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

struct arena;
struct text;

/*
 * Run a program (looked up on the PATH, no shell) to its end in the folder dir (NULL: this one). It reads input (NULL:
 * nothing); what it writes is appended to out, its messages to err. Its exit status; 128 and more for a signal;
 * -errno if it could not be run.
 */
int process_run(char *const *argv, const char *dir, const struct text *input, struct text *out, struct text *err);
/*
 * This process's environment for another program: without the variables that begin as one of "without" says, then "with".
 * Both lists are ended by NULL.
 */
char **process_environment(struct arena *a, const char *const *without, const char *const *with);
/*
 * A file without a name that holds these bytes, for this process and those it starts; it goes when they end. The
 * name to open it by ("/proc/self/fd/7"), written to name. 0, or -errno.
 */
int process_file(const void *content, unsigned long size, char name[32]);

#endif
