/*
 * connect.h -- the inside of connecting by name.
 *
 *      connect.c       when what is tried, and how it ends
 *      order.c         which address is next
 *      targets.c       from what the program calls a host to names that are looked up
 *      hosts.c         the text of a hosts file
 *      connect_text.c  what became of it, for people
 */
#ifndef CONNECT_CONNECT_H
#define CONNECT_CONNECT_H

#include <leat/connect.h>

/* Another address; one that is there already, or has no room, is left out. */
void connect_add(struct leat_connecting *connecting, struct leat_ip ip);

/* The address whose turn it is, or NULL: none waits. */
struct leat_connect_try *connect_next(struct leat_connecting *connecting);

/* Reads connecting->host; adds the addresses that are known without asking, or says that names are
 * to be looked up. */
enum leat_err connect_names_begin(struct leat_connecting *connecting);

/* Sets connecting->name to the next name to look up, and counts it; false: there is none. */
bool connect_names_next(struct leat_connecting *connecting);

/* Adds the addresses that config->hosts has for connecting->host; false: none. */
bool connect_hosts_find(struct leat_connecting *connecting);

/* The length of the word at @text, up to white space, '#' or the end. */
size_t connect_word(const char *text);

/* Letters without their case. */
static inline char connect_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}

#endif
