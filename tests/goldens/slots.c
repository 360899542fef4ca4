/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions in tables, and callbacks: what a slot is, what a call through one looks like, notes. */
#define __note(text) __attribute__((annotate(text)))

struct device { void *driver_data; };
struct driver { int (*probe)(struct device *dev); void (*remove)(struct device *dev); };
struct bus_driver { const char *name; struct driver driver; int (*setup[2])(struct device *dev); };
struct handler { void (*work)(void *data); void *data; };

static int foo_probe(struct device *dev) { return dev->driver_data ? 0 : -19; }
static void foo_remove(struct device *dev) { dev->driver_data = 0; }
static int foo_setup(struct device *dev) { return foo_probe(dev); }
static void foo_work(void *data) { foo_remove(data); }

const struct driver plain_driver = { .probe = foo_probe, .remove = foo_remove };

static struct bus_driver foo_driver = {
	.name = "foo",
	.driver = { .probe = foo_probe },
	.setup = { [1] = foo_setup },
};

struct bus_driver *foo_find(void) { return &foo_driver; }

void handler_set(struct handler *h, struct device *dev)
{
	h->work = foo_work;
	h->data = dev;
}

void handler_run(struct handler *h)
{
	if (h->work)
		h->work(h->data);
}

int driver_probe(const struct bus_driver *drv, struct device *dev)
{
	return drv->driver.probe ? drv->driver.probe(dev) : drv->setup[1](dev);
}

int for_each_device(struct device **devs, int n, void *data, int (*fn)(struct device *dev, void *data))
{
	int err = 0;

	for (int i = 0; i < n && !err; i++)
		err = fn(devs[i], data);
	return err;
}

struct found { struct device *dev; int n; };

static int find_first(struct device *dev, void *data)
{
	struct found *found = data;

	found->dev = dev;
	return ++found->n;
}

struct device *first_device(struct device **devs, int n)
{
	struct found found = { .n = 0 };

	for_each_device(devs, n, &found, find_first);
	return found.dev;
}

__note("must_hold:dev->lock") __note("releases:x") __attribute__((section(".init.text")))
void annotated(struct device *dev, int count, ...)
{
	static int seen;

	seen += count;
	dev->driver_data = &seen;
}
