/*
 * hosts.c -- reads a hosts file (hosts(5)), which has an address and its names in each line.
 *
 * The file is one string in the program's memory. Its names go before the name servers, as with
 * other systems, so an administrator can override a name.
 */
#include <string.h>

#include "proto/connect/connect.h"

size_t connect_word(const char *text)
{
    size_t len = 0;

    while (text[len] && text[len] != ' ' && text[len] != '\t' && text[len] != '\r' &&
           text[len] != '\n' && text[len] != '#')
        len++;
    return len;
}

/* True if the word of @len bytes is the host. A final dot of the host is ignored. */
static bool is_host(const char *word, size_t len, const char *host)
{
    for (size_t i = 0; i < len; i++) {
        if (!host[i] || connect_lower(word[i]) != connect_lower(host[i]))
            return false;
    }
    return !host[len] || (host[len] == '.' && !host[len + 1]);
}

/* Reads one line, whose words are separated by white space; returns where it ends. */
static const char *read_line(struct leat_connecting *connecting, const char *line, bool *found)
{
    char text[LEAT_IP_TEXT_BYTES] = "";
    struct leat_ip ip;
    bool is_address = true, known = false;

    while (*line && *line != '\n' && *line != '#') {
        const size_t len = connect_word(line);

        if (len == 0) {
            line++;
            continue;
        }
        /* The first word is the address. A line whose address can't be read names nothing. */
        if (is_address && len < sizeof text) {
            memcpy(text, line, len);
            known = leat_ip_parse(text, &ip);
        } else if (!is_address && known && is_host(line, len, connecting->host)) {
            connect_add(connecting, ip);
            *found = true;
        }
        is_address = false;
        line += len;
    }
    while (*line && *line != '\n')
        line++;
    return *line ? line + 1 : line;
}

/* All lines are read, because a host may have an address of each family, in a line of its own. */
bool connect_hosts_find(struct leat_connecting *connecting)
{
    const char *line = connecting->config->hosts;
    bool found = false;

    while (line && *line)
        line = read_line(connecting, line, &found);
    return found;
}
