// SPDX-License-Identifier: GPL-2.0-only
/*
 * One of each kind of obligation, right and wrong. A comment "open: KIND" stands where devscope verify must have an
 * open obligation of that kind, and there must be no other (tests/parts/verify.sh). What is promised of all this is in
 * contracts.yaml beside it.
 */
#include <stdbool.h>
#include <stddef.h>

struct mutex {
	long owner;
};

struct count {
	int value;
};

struct list {
	struct list *next, *prev;
};

struct shelf {
	struct mutex mutex;
	struct list books;
	struct book *lent;
	int visitors;
};

struct book {
	int pages;
	struct list node;
	struct shelf *shelf;
	struct count refs;
	struct book *sequel;
};

struct reader {
	int (*open)(struct reader *reader, struct book *book);
	struct mutex mutex;
	struct book *own;
};

void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
void __devscope_lockdep_assert_held(const void *mutex);
void count_get(struct count *count);
_Bool count_put(struct count *count);
void list_put(struct list *node, struct list *head);
void list_take(struct list *node);
void look_at(struct book *book);
void kfree(const void *object);

#define first_of(shelf) ((struct book *)((char *)(shelf)->books.next - offsetof(struct book, node)))

void book_get(struct book *book)
{
	count_get(&book->refs);
}

void book_put(struct book *book)
{
	if (count_put(&book->refs))
		kfree(book);
}

struct shelf *shelf_of(struct book *book)
{
	return book->shelf;
}

/* ---- borrow: the list may be empty; the lock is gone; nothing is known ---- */

int first_pages(struct shelf *shelf)
{
	int pages = 0;

	mutex_lock(&shelf->mutex);
	if (shelf->books.next != &shelf->books)
		pages = first_of(shelf)->pages;
	mutex_unlock(&shelf->mutex);
	return pages;
}

int first_pages_of_any(struct shelf *shelf)
{
	int pages;

	mutex_lock(&shelf->mutex);
	pages = first_of(shelf)->pages;			/* open: borrow */
	mutex_unlock(&shelf->mutex);
	return pages;
}

int lent_pages_later(struct shelf *shelf)
{
	struct book *book;

	mutex_lock(&shelf->mutex);
	book = shelf->lent;
	mutex_unlock(&shelf->mutex);
	return book ? book->pages : 0;		/* open: borrow */
}

int lent_pages(struct shelf *shelf)
{
	struct book *book;
	int pages;

	mutex_lock(&shelf->mutex);
	book = shelf->lent;
	if (book)
		book_get(book);
	mutex_unlock(&shelf->mutex);
	if (!book)
		return 0;
	pages = book->pages;
	book_put(book);
	return pages;
}

int sequel_pages(struct book *book)
{
	return book->sequel->pages;		/* open: borrow */
}

/* ---- release ---- */

void visit(struct shelf *shelf)
{
	mutex_lock(&shelf->mutex);
	shelf->visitors++;
	mutex_unlock(&shelf->mutex);
}

void visit_for_good(struct shelf *shelf)
{
	mutex_lock(&shelf->mutex);		/* open: release */
	shelf->visitors++;
}

void leave_open(struct shelf *shelf)
{
	mutex_unlock(&shelf->mutex);		/* open: release */
}

void close_shelf(struct shelf *shelf)		/* leaves it locked, by contract */
{
	mutex_lock(&shelf->mutex);
}

void closes_nothing(struct shelf *shelf)	/* the same */
{
}						/* open: release */

/* ---- reference ---- */

void lend(struct shelf *shelf, struct book *book)
{
	mutex_lock(&shelf->mutex);
	book_get(book);
	if (shelf->lent)
		book_put(shelf->lent);
	shelf->lent = book;
	mutex_unlock(&shelf->mutex);
}

void lend_and_forget(struct shelf *shelf, struct book *book)
{
	mutex_lock(&shelf->mutex);
	book_get(book);
	shelf->lent = book;			/* open: reference */
	mutex_unlock(&shelf->mutex);
}

void lend_without(struct shelf *shelf, struct book *book)
{
	mutex_lock(&shelf->mutex);
	if (!shelf->lent)
		shelf->lent = book;		/* open: reference */
	mutex_unlock(&shelf->mutex);
}

int give_back_at_times(struct book *book)
{
	book_get(book);				/* open: reference */
	if (!book->pages)
		return -1;
	book_put(book);
	return 0;
}

int promised(struct book *book)			/* gives a reference with 0 */
{
	if (!book->pages)
		return -1;
	book_get(book);
	return 0;
}

int promised_and_not_kept(struct book *book)	/* the same */
{
	return book->pages ? 0 : -1;		/* open: reference */
}

void shelve(struct shelf *shelf, struct book *book)	/* takes the caller's */
{
	mutex_lock(&shelf->mutex);
	list_put(&book->node, &shelf->books);
	mutex_unlock(&shelf->mutex);
}

/* ---- held ---- */

static void count_visitor(struct shelf *shelf)
{
	__devscope_lockdep_assert_held(&shelf->mutex);
	shelf->visitors++;
}

void visit_by_call(struct shelf *shelf)
{
	mutex_lock(&shelf->mutex);
	count_visitor(shelf);
	mutex_unlock(&shelf->mutex);
}

void visit_in_passing(struct shelf *shelf)
{
	count_visitor(shelf);			/* open: held */
}

int visitors(struct shelf *shelf)
{
	return shelf->visitors;			/* open: held */
}

int asserts_nothing(struct shelf *shelf)	/* needs it held, by contract. open: held */
{
	return shelf->visitors;
}

/* ---- order ---- */

void read_on_shelf(struct reader *reader, struct shelf *shelf)
{
	mutex_lock(&reader->mutex);
	mutex_lock(&shelf->mutex);		/* open: order */
	mutex_unlock(&shelf->mutex);
	mutex_unlock(&reader->mutex);
}

void shelf_to_read(struct reader *reader, struct shelf *shelf)
{
	mutex_lock(&shelf->mutex);
	mutex_lock(&reader->mutex);		/* open: order */
	mutex_unlock(&reader->mutex);
	mutex_unlock(&shelf->mutex);
}

/* ---- promise ---- */

void take_out(struct shelf *shelf, struct book *book)	/* needs it linked there, gives a reference */
{
	mutex_lock(&shelf->mutex);
	list_take(&book->node);
	mutex_unlock(&shelf->mutex);
}

void take_out_any(struct shelf *shelf, struct book *book)
{
	take_out(shelf, book);			/* open: promise */
	book_put(book);
}

/* ---- loop ---- */

void get_many(struct book *book, int n)
{
	while (n--)				/* open: loop */
		book_get(book);			/* open: reference */
}

/* ---- sure: calls of which nothing is known, and one that a contract knows ---- */

int show(struct reader *reader, struct book *book)
{
	return reader->open(reader, book);
}

void show_to_nobody(struct book *book)
{
	look_at(book);				/* open: sure */
}
