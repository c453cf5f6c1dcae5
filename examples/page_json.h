/* page_json.h -- parts of a page in JSON (RFC 8259).  @before is added as it is: the
 * text between the former value and this one. */
#ifndef PAGE_JSON_H
#define PAGE_JSON_H

#include "page.h"

void json_number(struct page *page, const char *before, uint64_t number);

/* A string: printable ASCII as it is, all other octets as "?". */
void json_text(struct page *page, const char *before, const char *text);

/* A time (RFC 3339); 0 is unknown, and null. */
void json_time(struct page *page, const char *before, uint64_t civil_s);

#endif
