/*
 * dry.h -- a pool that fails at one call, the nth. The simulator makes a whole turn fail; this
 * makes a single call fail, so that each place that takes a buffer goes without once.
 *
 * A program is linked with dry_link_args (tests/meson.build), which puts this in front of the
 * pool's functions. Calls within the pool's own files are not affected.
 */
#ifndef DRY_H
#define DRY_H

#include <stdbool.h>

#include <leat/buf.h>

/* The @nth call from now on that takes a buffer of @pool fails; 1: the next one. */
void dry_at(const struct leat_pool *pool, unsigned nth);

/* No call fails from now on; true if one has failed. */
bool dry_ends(void);

#endif
