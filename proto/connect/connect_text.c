/* connect_text.c -- formats the outcome of an attempt for people. */
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
    }
    if (connecting->try_count == 0) {
        put(&told, ": no address: ");
        put(&told, leat_err_text(err));
    }
    text[told.len] = '\0';
    return told.len;
}
