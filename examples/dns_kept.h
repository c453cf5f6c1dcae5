/* dns_kept.h -- the cache of a resolver, from one run to the next, in the store of --store. */
#ifndef DNS_KEPT_H
#define DNS_KEPT_H

#include <leat/resolver.h>

#include "example.h"

/* Takes the answers of the run before into the cache of @resolver, in the polls that follow.  None
 * is taken without a store, or if the machine doesn't know what time it is. */
void dns_kept_take(struct leat_platform *platform, struct leat_resolver *resolver);

/* For leat_app.end: writes the cache, as far as the store has room. */
void dns_kept_keep(struct leat_platform *platform);

#endif
