/*
 * parse_code.c -- %{ assert tcpi_snd_cwnd == 10 }%: the part of packetdrill's Python that consists
 * of names, integers, arithmetic, comparisons, and/or/not, and assignments of numbers.
 *
 * From weak to strong: or, and, not, comparison (chained as in Python), |, &, + -, * / %, unary -.
 */
#include "parse.h"

#include <string.h>

static struct expr *parse_or(struct parser *parser);

static struct expr *make(struct parser *parser, enum expr_kind kind, struct expr *left,
                         struct expr *right)
{
    struct expr *expr = region_take(&parser->script->region, sizeof *expr);

    if (++parser->expression > EXPRESSION_MAX)
        parse_fail_at(parser, parser->now.at, "the expression is too long");
    expr->kind = kind;
    expr->at = left ? left->at : parser->now.at;
    expr->left = left;
    expr->right = right;
    return expr;
}

/* A token as a leaf. */
static struct expr *parse_leaf(struct parser *parser, enum expr_kind kind)
{
    struct expr *leaf = make(parser, kind, 0, 0);
    const struct token token = parse_step(parser);
    const size_t quotes = kind == EXPR_TEXT;

    leaf->integer = (int64_t)token.number;
    leaf->text = token.text + quotes;
    leaf->len = token.len - 2 * quotes;
    return leaf;
}

static struct expr *parse_primary(struct parser *parser)
{
    if (parser->now.kind == TOKEN_INT)
        return parse_leaf(parser, EXPR_INT);
    if (parser->now.kind == TOKEN_WORD)
        return parse_leaf(parser, EXPR_NAME);
    if (parse_accept(parser, '(')) {
        struct expr *inner = parse_or(parser);

        parse_demand(parser, ')');
        return inner;
    }
    parse_expected(parser, "a name or a number");
    return make(parser, EXPR_INT, 0, 0);
}

static struct expr *parse_unary(struct parser *parser)
{
    bool negative = false;
    struct expr *operand;

    while (parse_accept(parser, '-'))
        negative = !negative;
    operand = parse_primary(parser);
    return negative ? make(parser, EXPR_NEGATE, operand, 0) : operand;
}

static struct expr *parse_product(struct parser *parser)
{
    struct expr *left = parse_unary(parser);

    for (;;) {
        if (parse_accept(parser, '*'))
            left = make(parser, EXPR_MULTIPLY, left, parse_unary(parser));
        else if (parse_accept(parser, '/'))
            left = make(parser, EXPR_DIVIDE, left, parse_unary(parser));
        else if (parse_accept(parser, '%'))
            left = make(parser, EXPR_REMAINDER, left, parse_unary(parser));
        else
            return left;
    }
}

static struct expr *parse_sum(struct parser *parser)
{
    struct expr *left = parse_product(parser);

    for (;;) {
        if (parse_accept(parser, '+'))
            left = make(parser, EXPR_ADD, left, parse_product(parser));
        else if (parse_accept(parser, '-'))
            left = make(parser, EXPR_SUBTRACT, left, parse_product(parser));
        else
            return left;
    }
}

static struct expr *parse_bit_and(struct parser *parser)
{
    struct expr *left = parse_sum(parser);

    while (parse_accept(parser, '&'))
        left = make(parser, EXPR_BIT_AND, left, parse_sum(parser));
    return left;
}

static struct expr *parse_bit_or(struct parser *parser)
{
    struct expr *left = parse_bit_and(parser);

    while (parse_accept(parser, '|'))
        left = make(parser, EXPR_BIT_OR, left, parse_bit_and(parser));
    return left;
}

static bool accept_comparison(struct parser *parser, enum expr_kind *kind)
{
    static const struct {
        int punctuation;
        enum expr_kind kind;
    } comparisons[] = {
        {PUNCTUATION_EQUAL, EXPR_EQUAL},
        {PUNCTUATION_DIFFERENT, EXPR_DIFFERENT},
        {PUNCTUATION_AT_MOST, EXPR_AT_MOST},
        {PUNCTUATION_AT_LEAST, EXPR_AT_LEAST},
        {'<', EXPR_LESS},
        {'>', EXPR_GREATER},
    };

    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (parse_accept(parser, comparisons[i].punctuation)) {
            *kind = comparisons[i].kind;
            return true;
        }
    }
    return false;
}

/* a < b < c is a < b and b < c. */
static struct expr *parse_comparison(struct parser *parser)
{
    struct expr *left = parse_bit_or(parser), *all = 0;
    enum expr_kind kind;

    while (accept_comparison(parser, &kind)) {
        struct expr *right = parse_bit_or(parser);
        struct expr *one = make(parser, kind, left, right);

        all = all ? make(parser, EXPR_AND, all, one) : one;
        left = right;
    }
    return all ? all : left;
}

static struct expr *parse_not(struct parser *parser)
{
    bool negated = false;
    struct expr *operand;

    while (parse_accept_word(parser, "not"))
        negated = !negated;
    operand = parse_comparison(parser);
    return negated ? make(parser, EXPR_NOT, operand, 0) : operand;
}

static struct expr *parse_and(struct parser *parser)
{
    struct expr *left = parse_not(parser);

    while (parse_accept_word(parser, "and"))
        left = make(parser, EXPR_AND, left, parse_not(parser));
    return left;
}

static struct expr *parse_or(struct parser *parser)
{
    struct expr *left;

    if (!parse_enter(parser)) {
        parse_leave(parser);
        return make(parser, EXPR_INT, 0, 0);
    }
    left = parse_and(parser);
    while (parse_accept_word(parser, "or"))
        left = make(parser, EXPR_OR, left, parse_and(parser));
    parse_leave(parser);
    return left;
}

/* 'rtt %d' % tcpi_rtt, or 'rtt %d, rto %d' % (tcpi_rtt, tcpi_rto) */
static struct expr *parse_format(struct parser *parser)
{
    struct expr *text = parse_leaf(parser, EXPR_TEXT), **end = &text->right;

    if (!parse_accept(parser, '%'))
        return text;
    if (!parse_accept(parser, '(')) {
        text->right = make(parser, EXPR_LIST, parse_unary(parser), 0);
        return text;
    }
    do {
        *end = make(parser, EXPR_LIST, parse_or(parser), 0);
        end = &(*end)->right;
    } while (parse_accept(parser, ','));
    parse_demand(parser, ')');
    return text;
}

static struct expr *parse_message(struct parser *parser)
{
    return parser->now.kind == TOKEN_STRING ? parse_format(parser) : parse_or(parser);
}

/* The script's variable of this name; it may be new. */
static struct variable *variable_of(struct script *script, const struct token *name)
{
    struct variable **end = &script->variables;

    for (; *end; end = &(*end)->next)
        if ((*end)->len == name->len && memcmp((*end)->name, name->text, name->len) == 0)
            return *end;
    *end = region_take(&script->region, sizeof **end);
    **end = (struct variable){.name = name->text, .len = name->len};
    return *end;
}

/* cwnd = 58, or cwnd += 1 */
static void parse_assignment(struct parser *parser, struct statement *statement)
{
    const struct token name = parser->now;
    struct expr *before;
    bool adds;

    if (name.kind != TOKEN_WORD) {
        parse_expected(parser, "assert, print or a name");
        return;
    }
    before = parse_leaf(parser, EXPR_NAME);
    adds = parse_accept(parser, '+');
    parse_demand(parser, '=');
    statement->variable = variable_of(parser->script, &name);
    statement->condition = parse_or(parser);
    if (adds)
        statement->condition = make(parser, EXPR_ADD, before, statement->condition);
}

static struct statement *parse_statement(struct parser *parser)
{
    struct statement *statement = region_take(&parser->script->region, sizeof *statement);

    parser->expression = 0;
    statement->at = parser->now.at;
    statement->text = parser->now.text;
    if (parse_accept_word(parser, "print")) {
        parse_demand(parser, '(');
        statement->message = parse_message(parser);
        parse_demand(parser, ')');
    } else if (parse_accept_word(parser, "assert")) {
        statement->condition = parse_or(parser);
        if (parse_accept(parser, ','))
            statement->message = parse_message(parser);
    } else {
        parse_assignment(parser, statement);
    }
    statement->len = (size_t)(parser->scanner.p - statement->text);
    return statement;
}

/* Statements end with ';' or at the end of their line. */
static void parse_separator(struct parser *parser, const struct statement *before)
{
    if (parse_accept(parser, ';') || parser->now.kind == TOKEN_END)
        return;
    if (parser->now.at.line == before->at.line)
        parse_expected(parser, "';' or a new line");
}

struct statement *parse_code(struct parser *parser, const struct token *code)
{
    struct parser inner = {.script = parser->script, .diagnostic = parser->diagnostic};
    struct statement *first = 0, **end = &first;
    struct position at = code->at;

    at.column += 2;
    scan_init(&inner.scanner, code->text + 2, code->len - 4, at);
    parse_step(&inner);
    while (inner.now.kind != TOKEN_END) {
        struct statement *statement = parse_statement(&inner);

        /* without the current token */
        if (!inner.failed)
            statement->len = (size_t)(inner.now.text - statement->text);
        while (statement->len > 0 && strchr(" \t\r\n;", statement->text[statement->len - 1]))
            statement->len--;
        *end = statement;
        end = &statement->next;
        parse_separator(&inner, statement);
    }
    if (inner.failed) {
        parser->failed = true;
        parser->now.kind = TOKEN_END;
    }
    return first;
}
