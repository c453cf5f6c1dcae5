/*
 * metrics.c -- what a stack counts, as Prometheus's text.
 *
 * A family's samples must follow each other: so first each counter that is a family by itself, then
 * the reasons to drop, what holds the pool, and the server's counts.
 */
#include <leat/metrics.h>

#include <leat/stats.h>

#include "core/assert.h"
#include "http/http_client.h"
#include "stack.h"

enum {
    WANTED_BYTES = 1024 /* room that is worth a call */
};

struct writing {
    char *text;
    size_t len;
};

static void add(struct writing *writing, const char *text)
{
    while (*text && writing->len < LEAT_METRICS_ENTRY_BYTES - 1)
        writing->text[writing->len++] = *text++;
}

static void add_number(struct writing *writing, uint64_t number)
{
    char digits[21];
    size_t at = sizeof digits - 1;

    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    add(writing, digits + at);
}

/* What stands before the first sample of a family. */
static void add_family(struct writing *writing, const char *name, const char *suffix,
                       const char *what, const char *type)
{
    add(writing, "# HELP leat_");
    add(writing, name);
    add(writing, suffix);
    add(writing, " ");
    add(writing, what);
    add(writing, "\n# TYPE leat_");
    add(writing, name);
    add(writing, suffix);
    add(writing, " ");
    add(writing, type);
    add(writing, "\n");
}

static void add_value(struct writing *writing, uint64_t value)
{
    add(writing, " ");
    add_number(writing, value);
    add(writing, "\n");
}

static void add_counter(struct writing *writing, const char *name, const char *what, uint64_t value)
{
    add_family(writing, name, "_total", what, "counter");
    add(writing, "leat_");
    add(writing, name);
    add(writing, "_total");
    add_value(writing, value);
}

/* A sample of a family whose samples differ by one label. */
static void add_labelled(struct writing *writing, const char *name, const char *label,
                         uint64_t value)
{
    add(writing, name);
    add(writing, label);
    add(writing, "\"}");
    add_value(writing, value);
}

/* ---- Entries ------------------------------------------------------------------------------ */

/* The counter number *@index among those that are reasons to drop, or among the others; else takes
 * their number off *@index and returns LEAT_STAT_COUNT. */
static enum leat_stat find_stat(unsigned *index, bool drops)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        if ((leat_stat_group((enum leat_stat)i) == LEAT_STAT_DROP) != drops)
            continue;
        if (seen++ == *index)
            return (enum leat_stat)i;
    }
    *index -= seen;
    return LEAT_STAT_COUNT;
}

/* What is behind "drop_" and "held_". */
static const char *label_of(const char *name)
{
    return name + 5;
}

static const char *const held_names[] = {
#define HELD_NAME(name, text) #name,
    LEAT_HOLDINGS(HELD_NAME)
#undef HELD_NAME
};

enum {
    HELD_COUNT = sizeof held_names / sizeof *held_names
};

static void add_held(struct writing *writing, const struct leat *stack, unsigned index)
{
    struct leat_holdings holdings;
    uint32_t values[HELD_COUNT];
    unsigned at = 0;

    leat_holdings(stack, &holdings);
#define HELD_VALUE(name, text) values[at++] = holdings.name;
    LEAT_HOLDINGS(HELD_VALUE)
#undef HELD_VALUE
    if (index == 0)
        add_family(writing, "buffers", "", "buffers and descriptors, by what holds them", "gauge");
    add_labelled(writing, "leat_buffers{held=\"", label_of(held_names[index]), values[index]);
}

size_t leat_metrics_entry(const struct leat *stack, unsigned index,
                          char text[LEAT_METRICS_ENTRY_BYTES])
{
    const struct leat_stats *stats = leat_stats(stack);
    struct writing writing = {.text = text};
    enum leat_stat stat = find_stat(&index, false);

    if (stat < LEAT_STAT_COUNT) {
        add_counter(&writing, leat_stat_name(stat), leat_stat_text(stat),
                    leat_stat_value(stats, stat));
        return writing.len;
    }
    stat = find_stat(&index, true);
    if (stat < LEAT_STAT_COUNT) {
        if (index == 0)
            add_family(&writing, "drops", "_total", "packets that were dropped, by reason",
                       "counter");
        add_labelled(&writing, "leat_drops_total{reason=\"", label_of(leat_stat_name(stat)),
                     leat_stat_value(stats, stat));
    } else if (index < HELD_COUNT) {
        add_held(&writing, stack, index);
    }
    return writing.len;
}

/* The entries of the server, behind those of the stack: number @index of them. */
static size_t server_entry(const struct leat_http_server *server, unsigned index, char *text)
{
    const struct leat_http_server_counts *counts = &server->counts;
    const struct {
        const char *name;
        const char *what;
        uint64_t value;
    } rows[] = {
        {"http_requests", "heads that were whole, or refused", counts->requests},
        {"http_ok", "replies 2xx, and 3xx but for 304", counts->ok},
        {"http_not_modified", "replies 304", counts->not_modified},
        {"http_client_errors", "replies 4xx", counts->client_errors},
        {"http_server_errors", "replies 5xx", counts->server_errors},
        {"http_failed", "exchanges that were not answered whole", counts->failed},
        {"http_timeouts", "clients that stood still", counts->timeouts},
        {"http_displaced", "connections ended in favour of a new one", counts->displaced},
    };
    struct writing writing = {.text = text};

    if (index < sizeof rows / sizeof *rows)
        add_counter(&writing, rows[index].name, rows[index].what, rows[index].value);
    return writing.len;
}

/* ---- The route ---------------------------------------------------------------------------- */

/* Entries of the stack; the same at any time. */
static unsigned stack_entries(void)
{
    return LEAT_STAT_COUNT + HELD_COUNT;
}

/* Fills a buffer with whole entries from number *@next on, at most @room bytes. */
static void fill(const struct leat_http_server *server, struct leat_buf *text, uint32_t room,
                 unsigned *next)
{
    uint32_t limit = leat_buf_tailroom(text);

    leat_assert(limit >= LEAT_METRICS_ENTRY_BYTES); /* leat_config.buf_bytes */
    limit = limit < room ? limit : room;
    while (text->len + LEAT_METRICS_ENTRY_BYTES <= limit) {
        char *at = (char *)text->data + text->len;
        const size_t len = *next < stack_entries()
                               ? leat_metrics_entry(server->stack, *next, at)
                               : server_entry(server, *next - stack_entries(), at);

        if (len == 0)
            return;
        leat_buf_put(text, (uint32_t)len);
        ++*next;
    }
}

/* @arg is the number of the next entry. */
void leat_metrics_on_writable(struct leat_http_exchange *exchange, void *arg)
{
    const struct leat_http_server *server = exchange->client->server;
    unsigned next = (unsigned)(uintptr_t)arg;
    uint32_t room;

    while ((room = leat_http_send_room(exchange)) >= LEAT_METRICS_ENTRY_BYTES) {
        struct leat_buf *text = leat_buf_alloc(leat_pool(server->stack), LEAT_BUF_HEADROOM);

        if (!text)
            break;
        fill(server, text, room, &next);
        if (text->len == 0) {
            leat_buf_free(text);
            leat_http_finish(exchange);
            return;
        }
        if (leat_http_send(exchange, text))
            return; /* on_failed follows */
        leat_http_set_arg(exchange, (void *)(uintptr_t)next);
    }
    leat_http_want_room(exchange, WANTED_BYTES);
}

void leat_metrics_on_request(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {
        .status = 200, .type = "text/plain; version=0.0.4; charset=utf-8", .len = LEAT_HTTP_ANY};

    (void)arg;
    leat_http_set_arg(exchange, NULL);
    leat_http_reply(exchange, &head);
    leat_metrics_on_writable(exchange, NULL);
}
