// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's own: find a device, take its group's reference, and with the walk over take
 * the group's mutex, see that there is a member, allocate, unlock, put.
 */

#include "proposal.h"

int proposed_alloc(struct bus *bus, enum domain_type type, struct domain **made)
{
	return domain_alloc_by_bus(bus, type, made);
}
