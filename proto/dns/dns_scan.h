/* dns_scan.h -- splits a master file into tokens (RFC 1035 5.1). */
#ifndef DNS_DNS_SCAN_H
#define DNS_DNS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dns_token_kind {
    DNS_TOKEN_WORD,
    DNS_TOKEN_QUOTED,   /* text between quotes, without the quotes */
    DNS_TOKEN_LINE_END, /* outside parentheses only */
    DNS_TOKEN_TEXT_END,
    DNS_TOKEN_BAD /* an error; `text` is the message */
};

struct dns_token {
    enum dns_token_kind kind;
    const char *text; /* with its escapes */
    size_t len;
    uint32_t line;
    uint32_t column;
    bool indented; /* first of its line, after white space */
};

struct dns_scan {
    const char *text;
    size_t len;
    size_t at;
    size_t line_at; /* start of the line */
    uint32_t line;
    uint32_t parens; /* open */
};

void dns_scan_start(struct dns_scan *scan, const char *text, size_t len);
void dns_scan_next(struct dns_scan *scan, struct dns_token *token);

#endif
