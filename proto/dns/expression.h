/*
 * expression.h -- regular expressions for names, without backtracking. Pure.
 *
 * An expression is turned into the automaton of Glushkov: each character or class of the text is a
 * position, and `follow` has the positions that may come behind each. A name is matched byte by
 * byte, with the set of positions that the bytes so far have led to. So the time is at most
 * proportional to the bytes of the name, the positions, and the words of such a set, whatever the
 * expression is. Loops are refused before they are built if they need too many positions.
 *
 *      expression_parse.c  text to tokens in postfix order
 *      expression_build.c  tokens to an automaton, and to literals that every match contains
 *      expression_match.c  a name
 *
 * The syntax is the part of Python's that remembers nothing of a match. ECMAScript and PCRE
 * have it, too: characters, escapes, ".", classes with ranges and POSIX names, groups, "|", "*",
 * "+", "?", "{m,n}", lazy ones of these, "^" and "$". A match may be anywhere in the name, and
 * letter case is ignored. Lookahead, lookbehind, references, possessive loops and word boundaries
 * are refused.
 */
#ifndef DNS_EXPRESSION_H
#define DNS_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXPRESSION_POSITIONS_MAX = 256,
    EXPRESSION_WORDS_MAX = EXPRESSION_POSITIONS_MAX / 64,
    EXPRESSION_TOKENS_MAX = 1024,
    EXPRESSION_CLASSES_MAX = 64,
    EXPRESSION_DEPTH_MAX = 24,   /* groups inside of each other */
    EXPRESSION_REPEAT_MAX = 255, /* "{m,n}" */
    EXPRESSION_LITERALS_MAX = 16,
    EXPRESSION_LITERAL_BYTES = 16 /* of a literal that are compared */
};

/* Why an expression is refused. */
enum expression_why {
    EXPRESSION_OK,
    EXPRESSION_SYNTAX,      /* illegal */
    EXPRESSION_UNSUPPORTED, /* legal elsewhere: lookahead, a reference, and others */
    EXPRESSION_TOO_LONG,    /* too many positions, classes or groups */
    EXPRESSION_EMPTY,       /* it matches every name */
    EXPRESSION_NO_ROOM,     /* the memory is full */
    EXPRESSION_OVER_LIMIT   /* the set has as many as it may have */
};

/* A set of bytes. */
struct expression_class {
    uint64_t bits[4];
};

/* A set of positions, of which an automaton uses as many words as it needs. */
struct expression_set {
    uint64_t words[EXPRESSION_WORDS_MAX];
};

/* A position is a byte, or one of these. */
enum {
    EXPRESSION_BEGIN = 0x100, /* "^" */
    EXPRESSION_END = 0x101,   /* "$" */
    EXPRESSION_CLASS = 0x200  /* and the index of the class */
};

/* Tokens that are no positions. */
enum {
    EXPRESSION_NOTHING = 0x8000, /* matches nothing at all, successfully */
    EXPRESSION_THEN,             /* two parts, one behind the other */
    EXPRESSION_OR,               /* one of two parts */
    EXPRESSION_STAR,
    EXPRESSION_PLUS,
    EXPRESSION_OPTION
};

/* A run of positions with one byte each, which every match contains as a string. */
struct expression_literal {
    uint16_t begin;
    uint16_t len;
};

/* A part of the expression, while it is built. */
struct expression_part {
    struct expression_set first, last;
    struct expression_literal tail; /* with which every match ends; length 0: unknown */
    struct expression_literal
        literals[EXPRESSION_LITERALS_MAX]; /* one of which is in every match */
    uint8_t literal_count;                 /* 0: none is known */
    bool nullable;
    bool exact; /* it is its tail and nothing else */
};

/* Room to build an expression in. */
struct expression_work {
    uint16_t tokens[EXPRESSION_TOKENS_MAX];
    unsigned token_count;
    struct expression_class classes[EXPRESSION_CLASSES_MAX];
    unsigned class_count;
    struct expression_part parts[3 * EXPRESSION_DEPTH_MAX + 4];
    unsigned part_count;
    struct {             /* of each group that is open */
        uint16_t begin;  /* where its tokens begin */
        bool has_or;     /* alternatives before the current one are complete */
        uint8_t behinds; /* parts of the current one that aren't joined yet: 0 to 2 */
        uint16_t last;   /* where the last part begins */
        bool may_repeat; /* the last part may have a quantifier */
    } groups[EXPRESSION_DEPTH_MAX];
    unsigned depth;
};

/* An automaton, in words of 64 bits behind it: sets, symbols, classes. */
struct expression {
    uint16_t positions;
    uint8_t words; /* of a set */
    uint8_t class_count;
    const struct expression_class *classes;
    const uint16_t *symbols;  /* of each position */
    const uint64_t *first;    /* where a match may begin */
    const uint64_t *last;     /* a match may end there */
    const uint64_t *started;  /* led to by the name's begin */
    const uint64_t *finished; /* a match may end there at the name's end */
    uint64_t *follow;         /* of each position */
};

/* Makes tokens of @len bytes of text. */
enum expression_why expression_parse(struct expression_work *work, const char *text, size_t len);

/* Makes an automaton of the tokens, in @memory of @*bytes, which is aligned for uint64_t. Sets
 * @*bytes to how many it takes. The literals are in work->parts[0]. */
enum expression_why expression_build(struct expression_work *work, struct expression *expression,
                                     void *memory, size_t *bytes);

/* True if the expression matches somewhere in @len bytes of @name, which is in lower case. */
bool expression_matches(const struct expression *expression, const uint8_t *name, size_t len);

static inline bool expression_set_has(const uint64_t *set, unsigned position)
{
    return set[position / 64] >> position % 64 & 1;
}

static inline bool expression_class_has(const struct expression_class *class, uint8_t byte)
{
    return class->bits[byte / 64] >> byte % 64 & 1;
}

#endif
