/*
 * dry.h -- a pool that has no buffer at one call, the nth: what the simulator does to a whole turn,
 * here to a single call, so that each place that takes a buffer goes without once.
 *
 * A program is linked with dry_link_args (tests/meson.build), which puts this before the pool's
 * functions.  Calls of the pool's own files among themselves are not seen.
 */
#ifndef DRY_H
#define DRY_H

#include <stdbool.h>

#include <leat/buf.h>

/* The @nth call from now on that takes a buffer of @pool gets none; 1: the next one. */
void dry_at(const struct leat_pool *pool, unsigned nth);

/* No call fails any more; true if one has. */
bool dry_ends(void);

#endif
