/* dns_scan.h -- a master file as a row of words (RFC 1035 5.1). */
#ifndef DNS_DNS_SCAN_H
#define DNS_DNS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dns_token_kind {
    DNS_TOKEN_WORD,
    DNS_TOKEN_QUOTED,   /* text between quotes, which are not part of it */
    DNS_TOKEN_LINE_END, /* not inside of parentheses */
    DNS_TOKEN_TEXT_END,
    DNS_TOKEN_BAD /* `text` says why */
};

struct dns_token {
    enum dns_token_kind kind;
    const char *text; /* escapes are still in it */
    size_t len;
    uint32_t line;
    uint32_t column;
    bool indented; /* first of its line, behind white space */
};

struct dns_scan {
    const char *text;
    size_t len;
    size_t at;
    size_t line_at; /* where the line began */
    uint32_t line;
    uint32_t parens; /* open */
};

void dns_scan_start(struct dns_scan *scan, const char *text, size_t len);
void dns_scan_next(struct dns_scan *scan, struct dns_token *token);

#endif
