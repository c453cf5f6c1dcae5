/*
 * connect_text.c -- formats the outcome of an attempt for people.
 *
 * One line: the host, and for each address the result of its attempt with the reason behind it.
 * Without an address there is the error of the lookups, with the reply that was refused.
 */
#include <leat/connect.h>

struct told {
    char *text;
    size_t len;
};

/* Appends @text, and truncates it at the end of the buffer. */
static void put(struct told *told, const char *text)
{
    while (*text && told->len < LEAT_CONNECT_TEXT_BYTES - 1)
        told->text[told->len++] = *text++;
}

/* Appends the reason for the end of @try in brackets, if it is known. */
static void put_reason(struct told *told, const struct leat_connect_try *try)
{
    char why[LEAT_REFUSAL_TEXT_BYTES];

    if (try->state != LEAT_CONNECT_OVER || !try->err)
        return;
    if (try->report.at_ns > 0) {
        leat_unreachable_format(&try->report, why);
        put(told, " (");
        put(told, why);
        put(told, ")");
    } else if (try->err == LEAT_ERR_REFUSED) {
        put(told, " (RST)");
    } else if (try->no_address) {
        put(told, leat_ip_is_v4(try->remote.ip) ? " (we have no IPv4 address)"
                                                : " (we have no IPv6 address but link-local ones)");
    }
}

/* Appends the last reply of a name server that a lookup hasn't taken. False: there is none. */
static bool put_refusal(struct told *told, const struct leat_connect_lookup *lookup)
{
    char why[LEAT_REFUSAL_TEXT_BYTES];

    if (leat_refusal_format(&lookup->refusal, why) == 0)
        return false;
    put(told, " (");
    put(told, why);
    put(told, ")");
    return true;
}

static const char *said(const struct leat_connect_try *try)
{
    switch (try->state) {
    case LEAT_CONNECT_WAITS:
        return "not tried";
    case LEAT_CONNECT_UNDER_WAY:
        return "no answer yet";
    case LEAT_CONNECT_OVER:
    default:
        return leat_err_text(try->err);
    }
}

size_t leat_connect_format(const struct leat_connecting *connecting, enum leat_err err,
                           char text[LEAT_CONNECT_TEXT_BYTES])
{
    struct told told = {.text = text};
    char ip[LEAT_IP_TEXT_BYTES];

    put(&told, connecting->host);
    for (unsigned i = 0; i < connecting->try_count; i++) {
        const struct leat_connect_try *try = &connecting->tries[i];

        put(&told, i == 0 ? ": " : "; ");
        leat_ip_format(try->remote.ip, ip);
        put(&told, ip);
        put(&told, " ");
        put(&told, said(try));
        put_reason(&told, try);
    }
    if (connecting->try_count == 0) {
        put(&told, ": no address: ");
        put(&told, leat_err_text(err));
        if (!put_refusal(&told, &connecting->lookups[0]))
            put_refusal(&told, &connecting->lookups[1]);
    }
    text[told.len] = '\0';
    return told.len;
}
