// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other programs, run for their output. Input, output and messages go through files without names, so that there
 * is nothing to wait for at both ends and nothing left behind, however this process ends.
 */
#include "base/process.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

extern char **environ;

enum { IN, OUT, ERR, NFILES };

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k ? -errno : -EIO;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

static void read_all(int fd, struct text *out)
{
	char buf[65536];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			text_add(out, buf, (size_t)n);
}

/* Three files and a child. Its wait status, or -errno. */
static int run(char *const *argv, const char *dir, const int fds[NFILES])
{
	posix_spawn_file_actions_t files;
	int err, status;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	if (dir)
		posix_spawn_file_actions_addchdir_np(&files, dir);
	for (int i = 0; i < NFILES; i++)
		posix_spawn_file_actions_adddup2(&files, fds[i], i);
	err = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

int process_run(char *const *argv, const char *dir, const struct text *input, struct text *out, struct text *err)
{
	int fds[NFILES], status = 0;

	for (int i = 0; i < NFILES; i++) {
		fds[i] = memfd_create("devscope", MFD_CLOEXEC);
		if (fds[i] < 0)
			status = -errno;
	}
	if (!status && input)
		status = write_all(fds[IN], text_str(input), input->len);
	if (!status) {
		lseek(fds[IN], 0, SEEK_SET);
		status = run(argv, dir, fds);
	}
	if (status >= 0) {
		read_all(fds[OUT], out);
		read_all(fds[ERR], err);
		status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	for (int i = 0; i < NFILES; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return status;
}

static bool begins_as_one(const char *variable, const char *const *names)
{
	for (; *names; names++)
		if (!strncmp(variable, *names, strlen(*names)))
			return true;
	return false;
}

char **process_environment(struct arena *a, const char *const *without, const char *const *with)
{
	size_t n = 0, more = 0, kept = 0;
	char **env;

	while (environ[n])
		n++;
	while (with[more])
		more++;
	env = ARENA_ARRAY(a, char *, n + more + 1);
	for (size_t i = 0; i < n; i++)
		if (!begins_as_one(environ[i], without))
			env[kept++] = environ[i];
	for (size_t i = 0; i < more; i++)
		env[kept++] = arena_strdup(a, with[i]);
	return env;
}

/* As many files at once as this machine lets us have: a change may be large. */
static void want_files(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int process_file(const void *content, unsigned long size, char name[32])
{
	int fd = memfd_create("devscope", 0), err;

	if (fd < 0 && errno == EMFILE) {
		want_files();
		fd = memfd_create("devscope", 0);
	}
	if (fd < 0)
		return -errno;
	err = write_all(fd, content, size);
	if (err) {
		close(fd);
		return err;
	}
	snprintf(name, 32, "/proc/self/fd/%d", fd);
	return 0;
}
