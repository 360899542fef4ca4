/* SPDX-License-Identifier: GPL-2.0-only */
/* How control reads: guards, loops, switches, likely(), errors, assembly, what cannot be reached. */
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __cleanup(fn) __attribute__((__cleanup__(fn)))

struct mutex { int value; };
struct link { struct link *next, *prev; };
struct item { int key; struct link link; void *data; };
struct table { struct mutex mutex; struct link items; int n; };

void mutex_take(struct mutex *m);
void mutex_give(struct mutex *m);
void report(const char *what, int n);
_Noreturn void stop_here(void);

static inline struct mutex *guard_enter(struct mutex *m)
{
	mutex_take(m);
	return m;
}

static inline void guard_exit(struct mutex **m)
{
	if (*m)
		mutex_give(*m);
}

/* A guard stays in memory, because its address goes to the cleanup; early exits meet in a switch. */
int table_count(struct table *t, int key)
{
	struct mutex *scope __cleanup(guard_exit) = guard_enter(&t->mutex);
	struct link *pos;
	int n = 0;

	for (pos = t->items.next; pos != &t->items; pos = pos->next) {
		struct item *item = (struct item *)((char *)pos - __builtin_offsetof(struct item, link));

		if (unlikely(!item->data))
			return -1;
		if (item->key == key)
			n++;
	}
	return n;
}

static inline int is_error(const void *p)
{
	return unlikely((unsigned long)p >= (unsigned long)-4095);
}

void *checked(struct table *t, void *(*find)(struct table *t))
{
	void *p = find(t);

	if (is_error(p))
		return 0;
	if (__builtin_constant_p(t->n) || !p)
		stop_here();
	return p;
}

const char *name_of(int n, unsigned char small)
{
	switch (n) {
	case -1:
		return "lost";
	case 1:
	case 2:
		report("found", small);
		break;
	case 7:
		return 0;
	}
	return n > 9 && small < 3 ? "far" : "near";
}

/* Equal assembly without side effects has an equal name, other has another; BUG() does not go on. */
unsigned long assembly(unsigned long x)
{
	unsigned long a, b, c;

	__asm__("add $1, %0" : "=r"(a) : "0"(x));
	__asm__("add $1, %0" : "=r"(b) : "0"(x));
	__asm__("add $2, %0" : "=r"(c) : "0"(x));
	__asm__ volatile("12345: nop" : : "r"(x) : "memory");
	if (!x)
		__builtin_trap();
	return a + b + c;
}

static inline int is_enabled(const int *key)
{
	__asm__ goto("jmp %l[yes] # %0" : : "i"(key) : : yes);
	return 0;
yes:
	return 1;
}

static int trace_key;

int traced(int n)
{
	if (likely(!is_enabled(&trace_key)))
		return n;
	report("traced", n);
	return n + 1;
}

int report_of(int n);

/* A branch that is always taken: what comes from the other side is no value of the result. */
int always(int n)
{
	int on = 1, result = 5;

	if (on)
		result = report_of(n);
	return result;
}
