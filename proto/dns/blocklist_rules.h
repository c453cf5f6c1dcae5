/*
 * blocklist_rules.h -- the entries of a blocklist that need more than a hash: names with
 * conditions, and regular expressions. They lie one behind the other in memory of the program.
 *
 * A name with rules has BLOCKLIST_HAS_RULES among its marks in the table of hashes, so questions
 * for other names never come here.
 *
 * An expression is tried only if the name contains a literal that each of its matches contains. The
 * literals are found by a hash of three of their bytes, or of two. An expression without a literal
 * is tried for each name.
 *
 *      blocklist_options.c  reads the options of a line
 *      blocklist_line.c     handles lines with options, or with an expression
 *      blocklist_wild.c     makes expressions of patterns with "*"
 *      blocklist_rules.c    keeps rules and expressions
 *      blocklist_ask.c      applies them to questions
 */
#ifndef DNS_BLOCKLIST_RULES_H
#define DNS_BLOCKLIST_RULES_H

#include <leat/blocklist.h>

#include "proto/dns/expression.h"

enum {
    BLOCKLIST_BUCKETS = 1024,
    BLOCKLIST_HAS_RULES = 128, /* a mark, beside those of enum leat_blocklist_mark */
    BLOCKLIST_NO_RULE = 0,
    BLOCKLIST_CLIENT_BYTES = 18, /* address, prefix, 1: all but it */
    BLOCKLIST_TYPE_BYTES = 3     /* number, 1: all but it */
};

/* A part of the options of a line. */
struct blocklist_span {
    const char *text;
    size_t len;
};

/* The options of a line in Adblock's syntax, and where the line is. */
struct blocklist_options {
    uint32_t text, line;
    bool important;
    bool bad;       /* $badfilter: cancels the same entry */
    bool unhandled; /* a rewriting that isn't supported: the line does nothing */
    bool has_rewrite;
    struct leat_ip rewrite;        /* to this address */
    struct blocklist_span except;  /* $denyallow; length 0: none */
    struct blocklist_span types;   /* $dnstype */
    struct blocklist_span clients; /* $client */
};

/* A rule, with its conditions behind it: clients, types, names. */
struct blocklist_rule {
    uint64_t hash;       /* of its name */
    uint64_t tried;      /* the turn in which its expression was tried last */
    uint32_t next;       /* the place of another one in the list, or BLOCKLIST_NO_RULE */
    uint32_t expression; /* the place of its struct expression, if it has one */
    uint32_t text, line; /* where it comes from */
    uint8_t marks;
    uint8_t cancelled; /* marks that it takes away from its name */
    uint8_t client_count, type_count, except_count;
    bool has_rewrite;
    struct leat_ip rewrite;
};

/* A literal of an expression. */
struct blocklist_literal {
    uint32_t next;
    uint32_t rule;
    uint8_t len;
    uint8_t before; /* bytes in front of the ones that are hashed */
    uint8_t text[EXPRESSION_LITERAL_BYTES];
};

struct blocklist_rules {
    uint8_t *bytes;
    size_t bytes_max, used;
    uint32_t names[BLOCKLIST_BUCKETS]; /* rules by hash */
    uint32_t grams[BLOCKLIST_BUCKETS]; /* literals by three bytes */
    uint32_t pairs[BLOCKLIST_BUCKETS]; /* and those of two */
    uint32_t always;                   /* rules whose expressions have no literal */
    uint32_t load;                     /* the work of all expressions */
    uint64_t turn;                     /* of the current question */
    bool has_expressions, has_pairs;
    size_t name_len;
    uint8_t name[LEAT_DNS_NAME_BYTES]; /* of the current question: text in lower case */
    struct expression_work work;
};

static inline struct blocklist_rule *blocklist_rule_at(const struct blocklist_rules *rules,
                                                       uint32_t place)
{
    return (struct blocklist_rule *)(void *)(rules->bytes + place);
}

static inline const struct expression *blocklist_expression_at(const struct blocklist_rules *rules,
                                                               uint32_t place)
{
    return (const struct expression *)(const void *)(rules->bytes + place);
}

/* The bucket of two or three bytes. */
static inline uint32_t blocklist_gram(const uint8_t *bytes, unsigned count)
{
    const uint32_t word =
        bytes[0] | (uint32_t)bytes[1] << 8 | (count > 2 ? (uint32_t)bytes[2] << 16 : 0);

    return (word * UINT32_C(0x9e3779b1)) >> 22;
}

_Static_assert(BLOCKLIST_BUCKETS == 1 << (32 - 22), "as many as a hash has values");

/* Begins a set of rules in @bytes of memory, which is aligned for uint64_t; NULL: too little. */
struct blocklist_rules *blocklist_rules_begin(void *memory, size_t bytes);

/* Reads the options of a line; false: one isn't known. */
bool blocklist_options_read(struct blocklist_options *options, const char *text, size_t len);

/* True if the entry needs a rule. */
static inline bool blocklist_options_need_rule(const struct blocklist_options *options)
{
    return options->bad || options->has_rewrite || options->except.len > 0 ||
           options->types.len > 0 || options->clients.len > 0;
}

/* Adds a rule for the name with @hash. EXPRESSION_SYNTAX: a condition is illegal. */
enum expression_why blocklist_rules_add(struct blocklist_rules *rules, uint64_t hash,
                                        unsigned marks, const struct blocklist_options *options);

/* Adds an expression. */
enum expression_why blocklist_rules_add_expression(struct blocklist_rules *rules, const char *text,
                                                   size_t len, unsigned marks,
                                                   const struct blocklist_options *options);

/* Changes the @marks of the name with @hash, which is the question's or one above it, by its rules.
 * The rules' rewritings are added to @answer. */
unsigned blocklist_rules_apply(const struct blocklist_rules *rules, uint64_t hash, unsigned marks,
                               bool is_name, const struct leat_blocklist_question *question,
                               struct leat_blocklist_answer *answer);

/* The marks of all expressions that match the question's name. */
unsigned blocklist_rules_match(struct blocklist_rules *rules,
                               const struct leat_blocklist_question *question,
                               struct leat_blocklist_answer *answer);

#endif
