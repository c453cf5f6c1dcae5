/* dns_scan.c -- see dns_scan.h. */
#include "proto/dns/dns_scan.h"

enum {
    PARENS_MAX = 8
};

void dns_scan_start(struct dns_scan *scan, const char *text, size_t len)
{
    *scan = (struct dns_scan){.text = text, .len = len, .line = 1};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void next_line(struct dns_scan *scan)
{
    scan->line++;
    scan->line_at = scan->at;
}

static void bad(struct dns_token *token, const char *why)
{
    token->kind = DNS_TOKEN_BAD;
    token->text = why;
}

/* Skips white space, comments, and line ends inside parentheses. */
static void skip_blank(struct dns_scan *scan)
{
    for (; scan->at < scan->len; scan->at++) {
        char c = scan->text[scan->at];

        /* RFC 1035 5.1: a comment goes to the end of its line, which the next round sees */
        if (c == ';') {
            while (scan->at + 1 < scan->len && scan->text[scan->at + 1] != '\n')
                scan->at++;
        } else if (c == '\n' && scan->parens > 0) {
            scan->at++;
            next_line(scan);
            scan->at--;
        } else if (!is_blank(c)) {
            return;
        }
    }
}

static bool ends_word(char c)
{
    return is_blank(c) || c == '\n' || c == ';' || c == '(' || c == ')' || c == '"';
}

static void word(struct dns_scan *scan, struct dns_token *token)
{
    while (scan->at < scan->len && !ends_word(scan->text[scan->at])) {
        bool escape = scan->text[scan->at] == '\\' && scan->at + 1 < scan->len &&
                      scan->text[scan->at + 1] != '\n';

        /* an escaped character never ends a word; at the end of a line there is nothing to
         * escape */
        scan->at += escape ? 2 : 1;
    }
    token->kind = DNS_TOKEN_WORD;
    token->len = (size_t)(scan->text + scan->at - token->text);
}

static void quoted(struct dns_scan *scan, struct dns_token *token)
{
    token->text++;
    /* Not beyond the line: a forgotten quote would swallow the rest of the text, and the error be
     * reported at its end. */
    for (scan->at++; scan->at < scan->len && scan->text[scan->at] != '\n'; scan->at++) {
        if (scan->text[scan->at] == '"') {
            token->kind = DNS_TOKEN_QUOTED;
            token->len = (size_t)(scan->text + scan->at - token->text);
            scan->at++;
            return;
        }
        if (scan->text[scan->at] == '\\' && scan->at + 1 < scan->len &&
            scan->text[scan->at + 1] != '\n')
            scan->at++;
    }
    bad(token, "a quote is not closed on its line");
}

/* Handles a parenthesis; false: it is not balanced. */
static bool parenthesis(struct dns_scan *scan, struct dns_token *token)
{
    bool opens = scan->text[scan->at++] == '(';

    if (opens && scan->parens == PARENS_MAX)
        bad(token, "too many parentheses are open");
    else if (!opens && scan->parens == 0)
        bad(token, "a parenthesis is closed that was not opened");
    else
        scan->parens += opens ? 1u : ~0u;
    return token->kind != DNS_TOKEN_BAD;
}

static void begin(const struct dns_scan *scan, struct dns_token *token)
{
    token->kind = DNS_TOKEN_TEXT_END;
    token->text = scan->text + scan->at;
    token->len = 0;
    token->line = scan->line;
    token->column = (uint32_t)(scan->at - scan->line_at + 1);
}

void dns_scan_next(struct dns_scan *scan, struct dns_token *token)
{
    /* RFC 1035 5.1: a record that begins with a blank has the owner of the one before */
    token->indented =
        scan->at == scan->line_at && scan->at < scan->len && is_blank(scan->text[scan->at]);
    for (;;) {
        skip_blank(scan);
        begin(scan, token);
        if (scan->at == scan->len)
            break;
        if (scan->text[scan->at] != '(' && scan->text[scan->at] != ')')
            break;
        /* parentheses are no tokens: inside of them a line end is a blank */
        if (!parenthesis(scan, token))
            return;
    }
    if (scan->at == scan->len) {
        if (scan->parens > 0)
            bad(token, "a parenthesis is not closed");
    } else if (scan->text[scan->at] == '\n') {
        token->kind = DNS_TOKEN_LINE_END;
        scan->at++;
        next_line(scan);
    } else if (scan->text[scan->at] == '"') {
        quoted(scan, token);
    } else {
        word(scan, token);
    }
}
