/*
 * parse.h -- parses a script into a struct script, or reports an error with its place.
 *
 *      parse.c         options, events, times, shell commands
 *      parse_packet.c  < and >
 *      parse_call.c    system calls and their results
 *      parse_code.c    %{ ... }%
 */
#ifndef SCRIPT_PARSE_H
#define SCRIPT_PARSE_H

#include "ast.h"

enum {
    DIAGNOSTIC_BYTES = 200,
    NESTING_MAX = 32,    /* of values and expressions */
    EXPRESSION_MAX = 500 /* operators and operands of a statement */
};

/* An error in a script, and its place. */
struct diagnostic {
    struct position at;
    char text[DIAGNOSTIC_BYTES];
};

/* False: see @diagnostic. @text and @definitions, which precede the script's own, must
 * outlive the script; call script_free() in either case. */
bool script_parse(struct script *script, const char *text, size_t len,
                  const struct definition *definitions, struct diagnostic *diagnostic);
void script_free(struct script *script);

/* ---- shared by the parser's files ---------------------------------------------------------- */

struct parser {
    struct script *script;
    struct scanner scanner;
    struct token now; /* the current token; TOKEN_END after an error */
    struct diagnostic *diagnostic;
    const struct definition *given; /* from the command line */
    struct definition *own;         /* from the script */
    bool failed;
    unsigned nesting;
    unsigned expression; /* operators and operands of the statement so far */
};

/* Advances to the next token, and returns the current one. */
struct token parse_step(struct parser *parser);

/* Reports an error; only the first counts, and afterwards all tokens are TOKEN_END. */
void parse_fail_at(struct parser *parser, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "... expected, not ..." for the current token. */
void parse_expected(struct parser *parser, const char *what);

bool parse_at(const struct parser *parser, int punctuation);
bool parse_at_word(const struct parser *parser, const char *word);
bool token_is(const struct token *token, const char *word);

/* Skips this token if it is the current one. */
bool parse_accept(struct parser *parser, int punctuation);
bool parse_accept_word(struct parser *parser, const char *word);

/* Skips this token, or fails. */
void parse_demand(struct parser *parser, int punctuation);

/* An integer of at most @max. */
uint64_t parse_number(struct parser *parser, uint64_t max, const char *what);

/* A NUL-terminated copy in the script's region. */
const char *parse_copy(struct parser *parser, const char *text, size_t len);

/* False, and an error, if the nesting is too deep; undone by parse_leave(). */
bool parse_enter(struct parser *parser);
void parse_leave(struct parser *parser);

void parse_packet(struct parser *parser, struct packet *packet);
void parse_call(struct parser *parser, struct call *call);
struct statement *parse_code(struct parser *parser, const struct token *code);

#endif
