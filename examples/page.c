/* page.c -- see page.h. */
#include "page.h"

#include <stdio.h>
#include <string.h>

enum {
    PAGES = 4, /* being sent at a time; one more aborts the oldest, whose reader is too slow */
    ROUTES = 4,
    BAR_MAX = 200 /* pixels */
};

/* A pointer to a function is none to an object. */
struct writer {
    page_write_fn *write;
    bool is_json;
};

static struct page pages[PAGES];

/* Pages contain names chosen by strangers: scripts are forbidden, in case one gets through. */
static const char fields[] =
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
    "X-Content-Type-Options: nosniff\r\n";

static const char begin[] =
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<style>body{font:1em sans-serif;margin:2em}td{padding:.1em 1em .1em 0}"
    "td+td{text-align:right}</style>";

void page_add(struct page *page, const char *html)
{
    const size_t len = strlen(html);

    if (len > sizeof page->text - page->len)
        return;
    memcpy(page->text + page->len, html, len);
    page->len += len;
}

size_t page_room(const struct page *page)
{
    return sizeof page->text - page->len;
}

void page_add_text(struct page *page, const char *text)
{
    for (; *text; text++) {
        const char one[] = {*text, '\0'};

        page_add(page, *text == '<'   ? "&lt;"
                       : *text == '>' ? "&gt;"
                       : *text == '&' ? "&amp;"
                       : *text == '"' ? "&quot;"
                                      : one);
    }
}

void page_add_row(struct page *page, const char *what, uint64_t count)
{
    char number[24];

    snprintf(number, sizeof number, "%llu", (unsigned long long)count);
    page_add(page, "<tr><td>");
    page_add_text(page, what);
    page_add(page, "<td>");
    page_add(page, number);
}

void page_add_bar(struct page *page, uint64_t count, uint64_t most)
{
    char bar[120];

    snprintf(bar, sizeof bar,
             "<td><svg width=%u height=10><rect width=%u height=10 fill=#0072b2></rect></svg>",
             BAR_MAX, (unsigned)(count * BAR_MAX / most));
    page_add(page, bar);
}

static void on_writable(struct leat_http_exchange *exchange, void *arg)
{
    struct page *page = arg;

    page->sent += leat_http_write(exchange, page->text + page->sent, page->len - page->sent);
    if (page->sent < page->len)
        return;
    page->exchange = NULL;
    leat_http_finish(exchange);
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)exchange;
    (void)why;
    ((struct page *)arg)->exchange = NULL;
}

/* A free page, or the oldest one: its reader is slow, as a page is otherwise sent at once. */
static struct page *take_page(void)
{
    static unsigned turn;
    struct page *page = &pages[0];

    for (struct page *other = pages; other < pages + PAGES; other++)
        if (!other->exchange || (page->exchange && other->turn - page->turn > UINT32_MAX / 2))
            page = other;
    if (page->exchange)
        leat_http_abort(page->exchange);
    page->turn = turn++;
    return page;
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    const struct writer *writer = arg;
    struct leat_http_head head = {.status = 200,
                                  .type = writer->is_json ? "application/json" : "text/html",
                                  .fields = fields};
    struct page *page = take_page();

    page->exchange = exchange;
    page->len = page->sent = 0;
    if (!writer->is_json)
        page_add(page, begin);
    writer->write(page);
    head.len = page->len;
    leat_http_set_arg(exchange, page);
    leat_http_reply(exchange, &head);
    on_writable(exchange, page);
}

static struct leat_http_route route_of(const char *path, page_write_fn *write, bool is_json)
{
    static struct writer writers[ROUTES];
    static unsigned count;
    struct writer *writer = &writers[count++ % ROUTES];

    writer->write = write;
    writer->is_json = is_json;
    return (struct leat_http_route){.path = path,
                                    .methods = LEAT_HTTP_GET,
                                    .on_request = on_request,
                                    .on_writable = on_writable,
                                    .on_failed = on_failed,
                                    .arg = writer};
}

struct leat_http_route page_route(const char *path, page_write_fn *write)
{
    return route_of(path, write, false);
}

struct leat_http_route page_route_json(const char *path, page_write_fn *write)
{
    return route_of(path, write, true);
}
