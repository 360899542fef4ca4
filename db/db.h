/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DB_DB_H
#define DB_DB_H

/*
 * The wrapper over SQLite: the only file that includes sqlite3.h is db.c. Every error
 * that is not the caller's to handle ends in one function that shows the SQL and dies.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct stmt;

/*
 * Open (and create) path. Of a file that cannot be written, or whose folder cannot, a copy is opened that goes when it is
 * closed. NULL with *error set (static or borrowed until db_close) if it is no
 * database or damaged.
 */
struct db *db_open(const char *path, const char **error);
void db_close(struct db *db);
/*
 * Attach another database file to read from: its tables are "part.NAME" then. NULL, or what is wrong with the file
 * (static or borrowed until db_close), which is not attached then. All of it is looked at. One at a time, and not within
 * a transaction.
 */
const char *db_attach(struct db *db, const char *path);
void db_detach(struct db *db);
/* Run statements that give no rows. */
void db_exec(struct db *db, const char *sql);
int64_t db_int(struct db *db, const char *sql);
/* How much of the file is kept in memory, from now on: for writing all over it much, for reading each row once little. */
void db_keep(struct db *db, bool much);
void db_begin(struct db *db);
void db_commit(struct db *db);

/* Prepare (cached by text, for the life of db), and start over with no bindings. Parameters are numbered from 1. */
struct stmt *db_prepare(struct db *db, const char *sql);
void db_bind_int(struct stmt *st, int i, int64_t v);
void db_bind_text(struct stmt *st, int i, const char *s);		/* NULL binds NULL */
void db_bind_blob(struct stmt *st, int i, const void *p, size_t n);
/* One row? Ends the statement when there is none. */
bool db_step(struct stmt *st);
/* Run to the end. */
void db_run(struct stmt *st);
int64_t db_col_int(struct stmt *st, int i);				/* columns from 0 */
const char *db_col_text(struct stmt *st, int i);			/* borrowed until the next step */
const void *db_col_blob(struct stmt *st, int i, size_t *n);
int64_t db_last_id(struct db *db);

#endif
