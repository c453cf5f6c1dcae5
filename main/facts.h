/*
 * facts.h -- what metadata say of a machine, as lines of a configuration file: "ip = 10.0.0.2/24".
 *
 * So metadata go through the same reader as a file, and the command line wins over them.
 */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FACTS_BYTES = 1024,
    FACTS_WHY_BYTES = 160
};

struct facts {
    char text[FACTS_BYTES];
    size_t len;
    char why[FACTS_WHY_BYTES];
};

/* Adds "@name = VALUE".  False: the value has other characters than letters, digits and .:/-_, or
 * there is no room; facts->why says which. */
bool facts_add(struct facts *facts, const char *name, const char *value, size_t len);

/* Adds an address: "ip", or for one with a colon "ip6".  @netmask is 255.255.255.0, 24, or empty if
 * the address ends with /24. */
bool facts_add_address(struct facts *facts, const char *address, const char *netmask);

/* Adds the host name of a file meta-data.  False: facts->why says what is wrong. */
bool facts_read_names(struct facts *facts, const char *text, size_t len);

/* Adds what a file network-config (version 1 or 2) says of the first interface: addresses, routers,
 * the first name server, the MTU.  False: facts->why says what is wrong. */
bool facts_read_network(struct facts *facts, const char *text, size_t len);

#endif
