/* domains.h -- domains whose names a name server of the examples asks elsewhere. */
#ifndef DOMAINS_H
#define DOMAINS_H

#include <stdbool.h>

#include <leat/forwarder.h>

#include "example.h"
#include "page.h"

/* Takes a word as dnsmasq writes it; docs/dns.md has the forms:
 *
 *      server=/lan/home.arpa/192.168.1.1,192.168.1.2#5353      these servers are asked
 *      server=/pub.lan/#                                       those of all other names are
 *      server=/lan/    local=/lan/                             no server is
 *      server=192.0.2.1,192.0.2.2                              these are, for all other names
 *
 * Sets *@wrong to NULL, or to the reason why the word is refused. False: it is another word. */
bool domains_word(const char *word, const char **wrong);

/* Sets the servers of all other names, if a word has them, in @config, which has that of --server.
 * Returns NULL, or why there is none. */
const char *domains_servers(struct leat_resolver_config *config);

/* Opens a resolver for each such word with addresses, and sets the domains in @config, which has
 * the resolver of all other names. Returns NULL, or one line with the reason of the failure. */
const char *domains_open(struct leat_platform *platform, struct leat_forwarder_config *config);

/* True if a server of the set is this program, which would ask itself without end. */
bool domains_ask_us(const struct leat *stack, const struct leat_resolver_config *set);

/* Adds a table with the counters of each domain, if there are any. */
void domains_add(struct page *page, const struct leat_forwarder *forwarder);

#endif
