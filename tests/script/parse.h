/*
 * parse.h -- a script's text becomes a struct script, or an error with its place.
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

/* What is wrong with a script, and where. */
struct diagnostic {
    struct position at;
    char text[DIAGNOSTIC_BYTES];
};

/* False: see @diagnostic.  @text and @definitions, which come before the script's own, must outlive
 * the script; script_free() either way. */
bool script_parse(struct script *script, const char *text, size_t len,
                  const struct definition *definitions, struct diagnostic *diagnostic);
void script_free(struct script *script);

/* ---- between the parser's files ----------------------------------------------------------- */

struct parser {
    struct script *script;
    struct scanner scanner;
    struct token now; /* the token to be looked at; TOKEN_END after an error */
    struct diagnostic *diagnostic;
    const struct definition *given; /* by the command line */
    struct definition *own;         /* by the script */
    bool failed;
    unsigned nesting;
    unsigned expression; /* operators and operands of the statement so far */
};

/* Goes to the next token and returns the one left behind. */
struct token parse_step(struct parser *parser);

/* The first error counts; afterwards all tokens are TOKEN_END. */
void parse_fail_at(struct parser *parser, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "... expected, not ..." about the token at hand. */
void parse_expected(struct parser *parser, const char *what);

bool parse_at(const struct parser *parser, int punctuation);
bool parse_at_word(const struct parser *parser, const char *word);
bool token_is(const struct token *token, const char *word);

/* Steps over it if it is there. */
bool parse_accept(struct parser *parser, int punctuation);
bool parse_accept_word(struct parser *parser, const char *word);

/* Steps over it, or fails. */
void parse_demand(struct parser *parser, int punctuation);

/* An integer of at most @max. */
uint64_t parse_number(struct parser *parser, uint64_t max, const char *what);

/* Terminated, in the script's region. */
const char *parse_copy(struct parser *parser, const char *text, size_t len);

/* False, and an error, when it gets too deep; undone by parse_leave(). */
bool parse_enter(struct parser *parser);
void parse_leave(struct parser *parser);

void parse_packet(struct parser *parser, struct packet *packet);
void parse_call(struct parser *parser, struct call *call);
struct statement *parse_code(struct parser *parser, const struct token *code);

#endif
