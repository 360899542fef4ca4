-- SPDX-License-Identifier: GPL-2.0-only
--
-- What devscope remembers of a tree, in one SQLite file (.devscope.db). The file is a document: query it
-- freely, with any SQLite tool, also while devscope runs. There are two sorts of tables:
--
--   rebuilt   config, commands, unit, file, dep, func, unit_func, slot, summary, summary_rest, run, finding, step
--             made by devscope from the tree. A devscope with another schema version empties them; no content
--             is ever migrated, it is captured again.
--   written   triage
--             made by people. Never dropped, never emptied, the same in each schema version.
--
-- PRAGMA user_version is the schema version, PRAGMA application_id is 0x44655653 ("DeVS"). Hashes are
-- XXH3-128, 16 bytes, the most significant first. File names are relative to the top of the source tree
-- unless said otherwise.

-- One row for each compile database that was checked into this file: a kernel configuration. All that depends
-- on how the tree is configured hangs on a row here.
CREATE TABLE config (
	id	INTEGER PRIMARY KEY,
	-- its build folder, relative to the folder of this database: "." for the common case
	name	TEXT NOT NULL UNIQUE
) STRICT;

-- The compile database of a configuration as it was read last, so that its JSON need not be read again. Not for people.
CREATE TABLE commands (
	config	INTEGER PRIMARY KEY REFERENCES config ON DELETE CASCADE,
	hash	BLOB NOT NULL,		-- of the file, and of the folder it is in
	size	INTEGER NOT NULL,	-- bytes
	bytes	BLOB NOT NULL		-- of analyzer/capture/commands.c, compressed (one zstd frame)
) STRICT;

-- A version of a translation unit, as it was captured from certain contents of its files. The last three that could
-- be read are kept, the highest id being the newest; and the last three attempts that failed.
CREATE TABLE unit (
	id	INTEGER PRIMARY KEY,
	config	INTEGER NOT NULL REFERENCES config ON DELETE CASCADE,	-- where it belongs
	file	TEXT NOT NULL,		-- its source file: "drivers/iommu/iommu.c"
	-- hash of all it depends on besides files: compiler arguments, markers, devscope's version
	key	BLOB NOT NULL,
	ok	INTEGER NOT NULL,	-- 1: it was read and its functions are here; 0: it could not be read
	-- ok = 0: the first error of the compiler, or what happened ("killed after 300 s")
	error	TEXT,
	note	TEXT,			-- something a user should know ("read without markers"); mostly NULL
	cpu_ms	INTEGER NOT NULL,	-- milliseconds of CPU that capturing it took
	content	INTEGER NOT NULL	-- hash of its functions and slots, and of where they stand; 0 where ok = 0
) STRICT;
CREATE INDEX unit_file ON unit (config, file);

-- One content of a source file that units were made from. A file that changed between the captures of two
-- versions has two rows. size and time are a quick check: while they are the file's, its content is not hashed
-- again.
CREATE TABLE file (
	id	INTEGER PRIMARY KEY,
	config	INTEGER NOT NULL REFERENCES config ON DELETE CASCADE,	-- the tree it was seen in
	-- relative to the source tree, else to the build folder, else absolute
	path	TEXT NOT NULL,
	hash	BLOB NOT NULL,		-- of its content; of nothing where size is below 0
	-- bytes; -1: it is not known what was read, so that the unit is read again each time; -2: there was no such
	-- file, and the unit failed for that
	size	INTEGER NOT NULL,
	-- when it was changed, as last seen with this content: nanoseconds since 1970; 0 if not seen here
	mtime	INTEGER NOT NULL,
	UNIQUE (config, path, hash)
) STRICT;

-- Which files a unit was made from: itself, and each header it includes. Of one that failed: those that decided that,
-- with each place where a missing header was looked for. While they are the same, it is not tried again.
CREATE TABLE dep (
	unit	INTEGER NOT NULL REFERENCES unit ON DELETE CASCADE,
	file	INTEGER NOT NULL REFERENCES file,
	PRIMARY KEY (unit, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX dep_file ON dep (file);

-- A function's flow, by content. A header's inline function is here once, however many units have it and wherever it
-- stands in the header; if two configurations compile it differently, it is here twice. "devscope dump flow" prints it.
CREATE TABLE func (
	id	INTEGER PRIMARY KEY,
	hash	BLOB NOT NULL UNIQUE,	-- of the text
	name	TEXT NOT NULL,		-- "iommu_group_get"
	file	TEXT,			-- where it is defined (may be a header); NULL if unknown
	static	INTEGER NOT NULL,	-- 1: not known outside of its unit
	ninsn	INTEGER NOT NULL,	-- instructions in it
	size	INTEGER NOT NULL,	-- bytes of the text
	brief	BLOB NOT NULL,		-- all but its instructions, quick to read: analyzer/flow/flow_brief.c. Not for people
	text	BLOB NOT NULL		-- its flow as text, lines counted from its own, compressed (one zstd frame)
) STRICT;
CREATE INDEX func_name ON func (name);

-- Which functions a unit has, and where.
CREATE TABLE unit_func (
	unit	INTEGER NOT NULL REFERENCES unit ON DELETE CASCADE,
	func	INTEGER NOT NULL REFERENCES func,
	line	INTEGER NOT NULL,	-- of its name, in func.file; 0 if unknown
	PRIMARY KEY (unit, func)
) STRICT, WITHOUT ROWID;
CREATE INDEX unit_func_func ON unit_func (func);

-- A function pointer in an ops table: which functions may be called through (struct, field). From
-- initialisers of variables, and from stores by code.
CREATE TABLE slot (
	unit	INTEGER NOT NULL REFERENCES unit ON DELETE CASCADE,
	struct	TEXT NOT NULL,		-- "iommu_ops"
	field	TEXT NOT NULL,		-- "probe_device"
	func	TEXT NOT NULL,		-- name of the function
	object	TEXT,			-- the variable initialised; NULL for a store by code
	file	TEXT,			-- place of the initialiser or store; NULL if unknown
	line	INTEGER NOT NULL,	-- 0 if unknown
	col	INTEGER NOT NULL	-- 0 if unknown
) STRICT;
CREATE INDEX slot_unit ON slot (unit);
CREATE INDEX slot_struct ON slot (struct, field);

-- What the analysis learnt of a function, to be used again while the function's text, the models, the engine and what
-- it was told of the functions called are the same. For all configurations. Not for people.
CREATE TABLE summary (
	key	INTEGER PRIMARY KEY,	-- hash of the function's text, the models and the engine's sources
	used	INTEGER NOT NULL,	-- the newest run when it was made or used, give or take 30
	-- what must be the same for it to be used; counts, notes and what may be reported: analyzer/infer/cache.c
	head	BLOB NOT NULL
) STRICT;
CREATE INDEX summary_used ON summary (used);

-- What was learnt itself: the summary.
CREATE TABLE summary_rest (
	key	INTEGER PRIMARY KEY REFERENCES summary ON DELETE CASCADE,
	size	INTEGER NOT NULL,	-- bytes
	bytes	BLOB NOT NULL		-- compressed (one zstd frame)
) STRICT;

-- One "devscope check" that ran to its end. The newest 20 of each configuration are kept.
CREATE TABLE run (
	id	INTEGER PRIMARY KEY,
	config	INTEGER NOT NULL REFERENCES config ON DELETE CASCADE,
	at	TEXT NOT NULL,		-- when it ended, UTC: "2024-05-01 12:00:00"
	command	TEXT NOT NULL,		-- its arguments, for people
	status	INTEGER NOT NULL	-- its exit status: 0 clean, 1 findings, 3 incomplete
) STRICT;
CREATE INDEX run_config ON run (config);

-- What a run reported.
CREATE TABLE finding (
	id	INTEGER PRIMARY KEY,
	run	INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	rule	TEXT NOT NULL,		-- "iterator-escape"
	level	TEXT NOT NULL,		-- "error", "warning", "advice"
	file	TEXT,			-- where it goes wrong
	line	INTEGER NOT NULL,	-- 0 if unknown
	col	INTEGER NOT NULL,	-- 0 if unknown
	func	TEXT NOT NULL,		-- the function it is in
	object	TEXT,			-- what it is about, as the source names it: "group->mutex"
	class	TEXT NOT NULL,		-- lock class or kind of reference: "iommu_group.mutex", "device"
	message	TEXT NOT NULL,		-- one sentence: what goes wrong
	fix	TEXT,			-- one sentence: what would mend it
	fingerprint TEXT NOT NULL	-- 32 hex digits; the same in later versions of the tree, see triage
) STRICT;
CREATE INDEX finding_run ON finding (run);
CREATE INDEX finding_fingerprint ON finding (fingerprint);

-- The path that leads to a finding, step by step.
CREATE TABLE step (
	finding	INTEGER NOT NULL REFERENCES finding ON DELETE CASCADE,
	n	INTEGER NOT NULL,	-- from 0
	-- 0 in the finding's function, 1 more in each function called from there
	depth	INTEGER NOT NULL,
	file	TEXT,			-- where
	line	INTEGER NOT NULL,	-- 0 if unknown
	col	INTEGER NOT NULL,	-- 0 if unknown
	func	TEXT,			-- the function the step is in
	text	TEXT NOT NULL,		-- what happens
	locks	TEXT NOT NULL,		-- locks held after the step, in order of taking; "" for none
	borrows	TEXT NOT NULL,		-- what keeps the borrowed pointers then
	refs	TEXT NOT NULL,		-- counted references held then
	PRIMARY KEY (finding, n)
) STRICT, WITHOUT ROWID;

-- What people said of findings. Keyed by fingerprint, which holds no line number and no path, so that a
-- verdict outlives edits and renames. devscope never deletes a row.
CREATE TABLE IF NOT EXISTS triage (
	fingerprint TEXT PRIMARY KEY,	-- finding.fingerprint
	verdict	TEXT NOT NULL		-- what it is held to be
		CHECK (verdict IN ('bug', 'false', 'intended', 'later')),
	reason	TEXT NOT NULL,		-- why, for the next reader
	who	TEXT,			-- who said so
	at	TEXT NOT NULL DEFAULT (datetime('now'))	-- when, UTC
) STRICT;
