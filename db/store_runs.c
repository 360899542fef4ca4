// SPDX-License-Identifier: GPL-2.0-only
/* Runs and their findings, for queries over time. The newest of each configuration are kept. */
#include "db/store.h"

#include "db/store_own.h"
#include "report/finding.h"
#include "rules/rule.h"

#define KEEP_RUNS "20"

static void put_step(struct store *s, int64_t finding, int n, const struct step *step)
{
	struct stmt *st = db_prepare(s->db, "INSERT INTO step (finding, n, depth, file, line, col, func, "
				     "text, locks, borrows, refs) "
				     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");

	db_bind_int(st, 1, finding);
	db_bind_int(st, 2, n);
	db_bind_int(st, 3, step->depth);
	db_bind_text(st, 4, step->at.file);
	db_bind_int(st, 5, step->at.line);
	db_bind_int(st, 6, step->at.col);
	db_bind_text(st, 7, step->func);
	db_bind_text(st, 8, step->text ? step->text : "");
	db_bind_text(st, 9, step->locks ? step->locks : "");
	db_bind_text(st, 10, step->borrows ? step->borrows : "");
	db_bind_text(st, 11, step->refs ? step->refs : "");
	db_run(st);
}

static void put_finding(struct store *s, int64_t run, const struct finding *f)
{
	struct stmt *st = db_prepare(s->db, "INSERT INTO finding (run, rule, level, file, line, col, func, "
				     "object, class, message, fix, fingerprint) "
				     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
	int64_t id;

	db_bind_int(st, 1, run);
	db_bind_text(st, 2, f->rule->id);
	db_bind_text(st, 3, level_name(f->level));
	db_bind_text(st, 4, f->fact->at.file);
	db_bind_int(st, 5, f->fact->at.line);
	db_bind_int(st, 6, f->fact->at.col);
	db_bind_text(st, 7, f->fact->fn ? f->fact->fn->name : "");
	db_bind_text(st, 8, f->fact->object);
	db_bind_text(st, 9, f->fact->class ? f->fact->class : "");
	db_bind_text(st, 10, f->message);
	db_bind_text(st, 11, f->fix);
	db_bind_text(st, 12, f->fingerprint);
	db_run(st);
	id = db_last_id(s->db);
	for (int i = 0; i < f->fact->nstep; i++)
		put_step(s, id, i, &f->fact->steps[i]);
}

void store_put_run(struct store *s, const struct finding_list *findings, const char *command_line,
		   int status)
{
	struct stmt *st;
	int64_t run;

	store_begin(s);
	st = db_prepare(s->db, "INSERT INTO run (config, at, command, status) "
			"VALUES (?1, datetime('now'), ?2, ?3)");
	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, command_line);
	db_bind_int(st, 3, status);
	db_run(st);
	run = db_last_id(s->db);
	for (size_t i = 0; i < findings->n; i++)
		put_finding(s, run, &findings->items[i]);
	st = db_prepare(s->db, "DELETE FROM run WHERE config = ?1 AND id NOT IN "
			"(SELECT id FROM run WHERE config = ?1 ORDER BY id DESC LIMIT " KEEP_RUNS ")");
	db_bind_int(st, 1, s->config);
	db_run(st);
	db_commit(s->db);
}
