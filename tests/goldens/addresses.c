/* SPDX-License-Identifier: GPL-2.0-only */
/* How addresses read: offsets folded, members named, container_of(), arrays, unions, globals, atomics. */
typedef unsigned long size_t;
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

struct lock { int value; };
struct link { struct link *next, *prev; };
struct device { struct lock mutex; void *driver_data; struct link link; };
struct port { struct lock lock; int speed; };
struct board {
	long id;
	struct device dev;
	union {
		struct { int low, high; } parts;
		long whole;
	};
	struct port ports[4];
	struct port *port;
	unsigned int ready : 1, broken : 1;
};

void lock(struct lock *l);
void unlock(struct lock *l);

static struct board boards[2];
static struct lock first_lock;

/* A member of a member, by way of container_of(). */
void *board_data(struct device *dev)
{
	struct board *b = container_of(dev, struct board, dev);

	b->id++;
	return b->dev.driver_data;
}

/* The first member has an address of its own name, though it is the same. */
void device_take(struct device *dev, struct port *port)
{
	lock(&dev->mutex);
	lock(&port->lock);
	unlock(&port->lock);
	unlock(&dev->mutex);
}

/* An array of structs in a struct, by a variable and by a constant. */
void port_take(struct board *b, int n)
{
	lock(&b->ports[n].lock);
	b->ports[n].speed = b->ports[2].speed;
	unlock(&b->ports[n].lock);
}

long union_read(struct board *b)
{
	b->parts.high = 1;
	return b->whole + b->port->speed;
}

int bits(struct board *b)
{
	return b->ready && !b->broken;
}

void *globals(int n)
{
	lock(&first_lock);
	lock(&boards[1].dev.mutex);
	boards[1].ports[3].speed = 9;
	unlock(&boards[1].dev.mutex);
	return &boards[n].dev;
}

/* READ_ONCE(), WRITE_ONCE(), an exchange, a compare and exchange, a counter. */
struct device *atomics(struct board **where, struct board *b, int *count)
{
	struct board *old = *(struct board *volatile *)where, *expected = 0;

	*(long volatile *)&b->id = 7;
	__atomic_exchange_n(where, b, __ATOMIC_SEQ_CST);
	__atomic_compare_exchange_n(where, &expected, b, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	return &old->dev;
}

void copies(struct board *to, struct board *from)
{
	struct board zero = {0};

	*to = *from;
	*from = zero;
}
