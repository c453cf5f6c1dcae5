/*
 * connect.h -- private declarations of connecting by name.
 *
 *      connect.c       starts connection attempts, and reports the outcome
 *      order.c         chooses the next address
 *      targets.c       turns the program's host into names to look up
 *      hosts.c         reads a hosts file
 *      connect_text.c  formats the outcome for people
 */
#ifndef CONNECT_CONNECT_H
#define CONNECT_CONNECT_H

#include <leat/connect.h>

/* Adds an address; one that is known already, or finds no room, is left out. */
void connect_add(struct leat_connecting *connecting, struct leat_ip ip);

/* The next address to try; NULL: none waits. */
struct leat_connect_try *connect_next(struct leat_connecting *connecting);

/* Reads connecting->host. Adds the addresses that are known without a lookup, or sets the
 * names to look up. */
enum leat_err connect_names_begin(struct leat_connecting *connecting);

/* Sets connecting->name to the next name to look up, and counts it; false: no name is left. */
bool connect_names_next(struct leat_connecting *connecting);

/* Adds the addresses that config->hosts has for connecting->host; false: none. */
bool connect_hosts_find(struct leat_connecting *connecting);

/* The length of the word at @text, up to white space, '#' or the end. */
size_t connect_word(const char *text);

/* @c in lower case. */
static inline char connect_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}

#endif
