/* early.c -- sends a client's request as early data, by a ticket in a file; and ends the client. */
#include "early.h"

#include <stdio.h>
#include <string.h>

#include <leat/timer.h>
#include <leat/tls.h>

enum {
    WAITS = 20 /* for the next ticket, which may come behind the reply */
};

static const uint64_t wait_ns = 50000000;

static struct {
    struct leat_platform *platform;
    struct leat_http_client *client;
    struct leat_tls *tls; /* NULL: without --early */
    struct leat_tls_ticket ticket;
    struct leat_timer timer;
    bool had_ticket, asked;
    unsigned waits;
    int status;
    char line[120];
} early;

const char *early_open(struct leat_platform *platform, struct leat_http_client_config *config)
{
    const char *bytes;
    size_t len;

    early.platform = platform;
    if (!platform->early)
        return NULL;
    if (!config->tls)
        return "--early: there is no TLS";
    early.tls = config->tls;
    config->tls_info = leat_tls_get_info;
    if (!platform->read_file(platform, platform->early, &bytes, &len) && len > 0) {
        if (len != sizeof early.ticket)
            return "--early: that file has no ticket of this program's";
        memcpy(&early.ticket, bytes, len);
        early.had_ticket = early.ticket.identity_len > 0;
    }
    return platform->write_file(platform, platform->early, "", 0) /* a ticket is used once */
               ? "--early: can't write that file"
               : NULL;
}

const struct leat_http_request *early_ask(struct leat_http_request *request)
{
    if (early.tls && !early.asked) {
        early.asked = true; /* a redirect to another host needs another ticket, or none */
        request->ticket = &early.ticket;
        request->early = request->body_len == 0 && request->method == LEAT_HTTP_GET;
    }
    return request;
}

static const char *what_became(void)
{
    const struct leat_http_client_counts *counts = leat_http_client_counts(early.client);

    if (leat_tls_counts(early.tls)->connected == 0)
        return "reached no server";
    if (counts->too_early > 0)
        return "went early, and again behind the handshake (425)";
    if (counts->early > 0)
        return "went early";
    if (leat_tls_counts(early.tls)->early_refused > 0)
        return "went early, was refused, and went again behind the handshake";
    return early.had_ticket ? "did not go early: its ticket doesn't allow it"
                            : "did not go early: there was no ticket";
}

static void say_and_keep(void)
{
    struct leat_platform *platform = early.platform;

    snprintf(early.line, sizeof early.line, "%s: the request %s", example.name, what_became());
    platform->say(platform, early.line);
    if (early.ticket.identity_len > 0 &&
        platform->write_file(platform, platform->early, &early.ticket, sizeof early.ticket))
        platform->say(platform, "--early: can't write that file");
}

static bool ticket_may_come(void)
{
    return early.ticket.identity_len == 0 && leat_tls_counts(early.tls)->connected > 0 &&
           early.waits++ < WAITS;
}

static void look(struct leat_timer *timer, void *arg)
{
    (void)arg;
    if (early.tls && ticket_may_come()) {
        leat_timer_set(early.platform->stack, timer, leat_now_ns(early.platform->stack) + wait_ns);
        return;
    }
    if (early.tls)
        say_and_keep();
    /* without close_notify a server would keep its connection until a timeout */
    leat_http_client_close(early.client);
    early.platform->finish(early.platform, early.status);
}

void early_end(struct leat_http_client *client, int status)
{
    early.client = client;
    early.status = status;
    early.timer.on_time = look; /* no client is closed in a callback of its calls */
    leat_timer_set(early.platform->stack, &early.timer, 0);
}
