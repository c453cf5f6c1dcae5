/* sieve_lists.c -- see sieve_lists.h. */
#include "sieve_lists.h"

#include <stdio.h>
#include <string.h>

enum {
#if __STDC_HOSTED__
    NAMES_MAX = 4000000, /* Linux provides the memory only when it is used */
#else
    NAMES_MAX = 1000000,
#endif
    SET_BYTES = NAMES_MAX / 10 * 107, /* leat_blocklist_memory_bytes(NAMES_MAX), a little more */
    SPARE = 1000,                     /* names */
    LINE_BYTES = 16,                  /* of a list, usually more */
    LINE_BYTES_MIN = 4,               /* "a.b" */
    TEXTS = 32
};

static struct {
    struct leat *stack;
    struct leat_blocklist *sets[2];
    unsigned serving; /* which of them */
    const char *token;
    bool uploading;
    unsigned text_count;
    struct {
        const char *bytes;
        size_t len;
        bool allow;
    } texts[TEXTS];
} lists;

static _Alignas(16) unsigned char set_memory[2][SET_BYTES];
static char line[400];

const char *lists_add_file(struct example_platform *platform, const char *name, bool allow)
{
    if (lists.text_count == TEXTS)
        return "too many lists";
    if (platform->read_file(platform, name, &lists.texts[lists.text_count].bytes,
                            &lists.texts[lists.text_count].len)) {
        snprintf(line, sizeof line, "can't read %.200s", name);
        return line;
    }
    lists.texts[lists.text_count++].allow = allow;
    return NULL;
}

static uint64_t text_bytes(void)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < lists.text_count; i++)
        bytes += lists.texts[i].len;
    return bytes;
}

/* Adds the files that are exceptions, or the others. */
static void read_texts(struct leat_blocklist *list, bool allow)
{
    for (unsigned i = 0; i < lists.text_count; i++) {
        leat_blocklist_begin(list, allow);
        if (lists.texts[i].allow == allow)
            leat_blocklist_read(list, lists.texts[i].bytes, lists.texts[i].len);
        leat_blocklist_end(list);
    }
    leat_blocklist_begin(list, false);
}

/* Empties the set that doesn't serve, but for the exceptions of the command line, with room for
 * @names: a smaller set is cleared faster, and more of it fits into the caches. */
static struct leat_blocklist *begin_set(uint64_t names)
{
    const uint32_t room = names < NAMES_MAX ? (uint32_t)names : NAMES_MAX;
    const unsigned other = !lists.serving;
    const uint64_t key[2] = {leat_random(lists.stack), leat_random(lists.stack)};

    if (leat_blocklist_open(&lists.sets[other], set_memory[other], SET_BYTES, room, key))
        return NULL;
    read_texts(lists.sets[other], true);
    return lists.sets[other];
}

/* Makes the new set serve; reports its content. */
static const char *serve_set(void)
{
    const struct leat_blocklist_counts *counts;

    lists.serving = !lists.serving;
    counts = leat_blocklist_counts(lists.sets[lists.serving]);
    snprintf(line, sizeof line,
             "%llu names, %llu repeated; %llu lines, %llu not understood (first: line %llu); %llu "
             "left out for want of room",
             (unsigned long long)counts->names, (unsigned long long)counts->again,
             (unsigned long long)counts->lines, (unsigned long long)counts->other,
             (unsigned long long)counts->other_line, (unsigned long long)counts->full);
    return line;
}

static void answer(struct leat_http_exchange *exchange, uint16_t status, const char *text)
{
    const struct leat_http_head head = {.status = status, .type = "text/plain"};

    leat_http_answer(exchange, &head, text, (uint32_t)strlen(text));
}

/* The same for text that will change. */
static void tell(struct leat_http_exchange *exchange, const char *text)
{
    const struct leat_http_head head = {
        .status = 200, .type = "text/plain", .len = strlen(text) + 1};

    leat_http_reply(exchange, &head);
    leat_http_write(exchange, text, strlen(text));
    leat_http_write(exchange, "\n", 1);
    leat_http_finish(exchange);
}

/* A token in the URL keeps out foreign web pages that are open in a browser of the home. */
static bool is_allowed(const struct leat_http_exchange *exchange)
{
    size_t len;
    const char *query = leat_http_request_query(exchange, &len);
    unsigned differ = 0;

    if (!lists.token || len == 0 || strlen(lists.token) != len) /* an empty one is none */
        return false;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned)(query[i] ^ lists.token[i]);
    return differ == 0;
}

/* The most names that these bytes, and the files of the command line, can have. */
static uint64_t names_within(uint64_t bytes)
{
    return SPARE + text_bytes() / LINE_BYTES_MIN + bytes / LINE_BYTES_MIN;
}

static void on_lists(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    if (!is_allowed(exchange))
        answer(exchange, 403, "That is not the token, or there is none.\n");
    else if (lists.uploading || !begin_set(names_within(leat_http_request_length(exchange))))
        answer(exchange, 503, "Other lists are just coming.\n");
    else
        lists.uploading = true;
}

static void on_lists_body(struct leat_http_exchange *exchange, void *arg)
{
    struct leat_blocklist *list = lists.sets[!lists.serving];
    struct leat_buf *text;

    (void)arg;
    while ((text = leat_http_receive(exchange, UINT32_MAX))) {
        const uint32_t len = leat_buf_total(text);

        for (const struct leat_buf *part = text; part; part = part->next)
            leat_blocklist_read(list, part->data, part->len);
        leat_buf_free(text);
        leat_http_consumed(exchange, len);
    }
    if (!leat_http_body_over(exchange))
        return;
    leat_blocklist_end(list);
    lists.uploading = false;
    tell(exchange, serve_set());
}

static void on_lists_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)exchange;
    (void)why;
    (void)arg;
    lists.uploading = false;
}

const struct leat_http_route lists_route = {.path = "/lists",
                                            .methods = LEAT_HTTP_PUT,
                                            .body_bytes_max = LEAT_HTTP_ANY,
                                            .on_request = on_lists,
                                            .on_body = on_lists_body,
                                            .on_failed = on_lists_failed};

void lists_start(struct example_platform *platform, const char *token)
{
    lists.stack = platform->stack;
    lists.token = token;
    read_texts(begin_set(SPARE + text_bytes() / LINE_BYTES), false);
    if (leat_blocklist_counts(lists.sets[!lists.serving])->full > 0) /* short lines */
        read_texts(begin_set(names_within(0)), false);
    platform->say(platform, serve_set());
}

const struct leat_blocklist *lists_serving(void)
{
    return lists.sets[lists.serving];
}
