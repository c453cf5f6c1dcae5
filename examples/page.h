/* page.h -- a page of numbers, which an example serves by HTTP beside its service. */
#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>
#include <stdint.h>

#include <leat/http_server.h>

enum {
    PAGE_BYTES = 32768,
    PAGE_ROW_BYTES = 2200 /* at most, of a name in which each byte is escaped */
};

/* A page that is being written.  Text that doesn't fit is left out. */
struct page {
    struct leat_http_exchange *exchange; /* NULL: free */
    unsigned turn;                       /* pages that were begun before */
    size_t len, sent;
    char text[PAGE_BYTES];
};

typedef void page_write_fn(struct page *page);

/* HTML as it is. */
void page_add(struct page *page, const char *html);

/* Text from strangers: characters with a meaning in HTML are escaped. */
void page_add_text(struct page *page, const char *text);

/* A row of a table: a label and a count. */
void page_add_row(struct page *page, const char *what, uint64_t count);

/* Another cell of that row: a bar, as long as @count is beside @most, which isn't 0. */
void page_add_bar(struct page *page, uint64_t count, uint64_t most);

/* Bytes that the page still has room for. */
size_t page_room(const struct page *page);

/* A route whose answer is the page that @write writes. */
struct leat_http_route page_route(const char *path, page_write_fn *write);

/* The same for JSON, which @write writes as a whole, with page_add(). */
struct leat_http_route page_route_json(const char *path, page_write_fn *write);

#endif
