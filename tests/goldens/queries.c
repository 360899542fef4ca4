// SPDX-License-Identifier: GPL-2.0-only
/* What devscope query is asked about: a small driver core, its users, and a table of ways to make a domain. */

#include "../fixtures/kernel.h"

struct domain {
	int type;
};

struct maker_ops {
	struct domain *(*make)(struct device *dev, int type);
};

struct port {
	struct platform_device *pdev;
	struct device *dma_dev;
	struct mutex lock;
	int number;
};

struct port_priv {
	int pages;
	struct port *port;
};

static int wide_tables;
static struct device *first_seen;
struct domain *new_domain(int type);

/* --- makers: what they give depends on different things --- */

static struct domain *makes_by_type(struct device *dev, int type)
{
	return new_domain(type);
}

static int pages_of(const struct device *dev)
{
	const struct port_priv *priv = dev->iommu->priv;

	return priv->pages;
}

static struct domain *makes_by_device(struct device *dev, int type)
{
	if (wide_tables && pages_of(dev) > 4)
		return new_domain(type + 1);
	return new_domain(type);
}

static const struct maker_ops by_type = { .make = makes_by_type };
static const struct maker_ops by_device = { .make = makes_by_device };

/* --- allocation, its callers, and the devices they have --- */

struct domain *domain_alloc(const struct bus_type *bus)
{
	return new_domain(bus == &platform_bus_type);
}

static struct domain *alloc_for_any(const struct maker_ops *ops, struct device *dev)
{
	return ops->make(dev, 1);
}

struct domain *takes_the_bus_of_a_device(struct port *port)
{
	port->number++;
	return domain_alloc(port->dma_dev->bus);
}

int has_a_platform_device(struct platform_device *pdev)
{
	pdev->dev.id = 7;
	return domain_alloc(&platform_bus_type) ? 0 : -ENODEV;
}

/* Only its callers have one. */
static struct domain *wraps(const struct bus_type *bus)
{
	return domain_alloc(bus);
}

static int set_up(struct port *port)
{
	mutex_lock(&port->lock);
	if (!wraps(&platform_bus_type)) {
		mutex_unlock(&port->lock);
		return -ENODEV;
	}
	mutex_unlock(&port->lock);
	return alloc_for_any(port->number ? &by_type : &by_device, port->dma_dev) ? 0 : -ENODEV;
}

static int port_probe(struct platform_device *pdev)
{
	struct port *port = dev_get_drvdata(&pdev->dev);

	return set_up(port);
}

static struct platform_driver port_driver = { .probe = port_probe };

int port_init(void)
{
	return port_driver.probe == NULL;
}

/* --- iterations --- */

static int takes_it(struct device *dev, void *data)
{
	*(struct device **)data = dev;
	return 1;
}

static int counts_it(struct device *dev, void *data)
{
	++*(int *)data;
	return 0;
}

static int holds_it(struct device *dev, void *data)
{
	*(struct device **)data = get_device(dev);
	return 1;
}

static int remembers_it(struct device *dev, void *data)
{
	struct port *port = data;

	port->dma_dev = dev;
	return 1;
}

int unknown_callback(struct device *dev, void *data);

int uses_it_later(const struct bus_type *bus)
{
	struct device *dev = NULL;

	bus_for_each_dev(bus, NULL, &dev, takes_it);
	return dev ? dev->id : 0;
}

int how_many(const struct bus_type *bus)
{
	int n = 0;

	bus_for_each_dev(bus, NULL, &n, counts_it);
	return n;
}

int puts_it_later(const struct bus_type *bus)
{
	struct device *dev = NULL;
	int id;

	bus_for_each_dev(bus, NULL, &dev, holds_it);
	id = dev ? dev->id : 0;
	put_device(dev);
	return id;
}

bool is_there(const struct bus_type *bus, const struct device *wanted)
{
	struct device *dev = NULL;

	bus_for_each_dev(bus, NULL, &dev, takes_it);
	return dev == wanted;
}

void fills_the_port(const struct bus_type *bus, struct port *port)
{
	bus_for_each_dev(bus, NULL, port, remembers_it);
}

static int for_each(const struct bus_type *bus, void *data, int (*fn)(struct device *dev, void *data))
{
	return bus_for_each_dev(bus, NULL, data, fn);
}

int gives_it_on(const struct bus_type *bus)
{
	int n = 0;

	for_each(bus, &n, counts_it);
	return for_each(bus, &n, unknown_callback);
}
