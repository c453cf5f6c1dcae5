/* parse.c -- options, events, times, shell commands. */
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const uint64_t second_ns = 1000000000;

enum {
    SECONDS_MAX = 1000000 /* of virtual time */
};

/* ---- tokens ------------------------------------------------------------------------------- */

static const char *defined(const struct definition *at, const struct token *word)
{
    while (at && !token_is(word, at->name))
        at = at->next;
    return at ? at->value : 0;
}

/* Replaces a word by its definition. */
static void replace(struct parser *parser)
{
    const char *value = defined(parser->given, &parser->now);
    struct scanner scanner;

    if (!value)
        value = defined(parser->own, &parser->now);
    if (!value)
        return;
    scan_init(&scanner, value, strlen(value), parser->now.at);
    parser->now = scan_next(&scanner);
    parser->now.at = scanner.at;
}

/* True if the word after #ifdef is defined, with any value. */
static bool condition_holds(const struct parser *parser, const struct token *line)
{
    static const size_t keyword = sizeof "#ifdef" - 1;
    struct scanner scanner;
    struct token word;

    scan_init(&scanner, line->text + keyword, line->len - keyword, line->at);
    word = scan_next(&scanner);
    return defined(parser->given, &word) || defined(parser->own, &word);
}

/* Skips to the #endif of an #ifdef whose condition is false. */
static void skip_condition(struct parser *parser)
{
    unsigned depth = 1;

    while (depth > 0 && parser->now.kind != TOKEN_END) {
        parser->now = scan_next(&parser->scanner);
        depth += parser->now.kind == TOKEN_IFDEF;
        depth -= parser->now.kind == TOKEN_ENDIF;
    }
}

struct token parse_step(struct parser *parser)
{
    const struct token left = parser->now;

    if (parser->failed)
        return left;
    parser->now = scan_next(&parser->scanner);
    while (parser->now.kind == TOKEN_IFDEF || parser->now.kind == TOKEN_ENDIF) {
        if (parser->now.kind == TOKEN_IFDEF && !condition_holds(parser, &parser->now))
            skip_condition(parser);
        parser->now = scan_next(&parser->scanner);
    }
    if (parser->now.kind == TOKEN_WORD)
        replace(parser);
    return left;
}

void parse_fail_at(struct parser *parser, struct position at, const char *format, ...)
{
    va_list args;

    if (parser->failed)
        return;
    va_start(args, format);
    vsnprintf(parser->diagnostic->text, DIAGNOSTIC_BYTES, format, args);
    va_end(args);
    parser->diagnostic->at = at;
    parser->failed = true;
    parser->now.kind = TOKEN_END;
    parser->now.punctuation = 0;
}

void parse_expected(struct parser *parser, const char *what)
{
    const struct token *now = &parser->now;
    const int shown = now->len < 30 ? (int)now->len : 30;

    if (now->kind == TOKEN_END)
        parse_fail_at(parser, now->at, "%s expected, not the end", what);
    else
        parse_fail_at(parser, now->at, "%s expected, not '%.*s'", what, shown, now->text);
}

bool parse_at(const struct parser *parser, int punctuation)
{
    return parser->now.kind == TOKEN_PUNCTUATION && parser->now.punctuation == punctuation;
}

bool token_is(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && token->len == strlen(word) &&
           memcmp(token->text, word, token->len) == 0;
}

bool parse_at_word(const struct parser *parser, const char *word)
{
    return token_is(&parser->now, word);
}

bool parse_accept(struct parser *parser, int punctuation)
{
    const bool there = parse_at(parser, punctuation);

    if (there)
        parse_step(parser);
    return there;
}

bool parse_accept_word(struct parser *parser, const char *word)
{
    const bool there = parse_at_word(parser, word);

    if (there)
        parse_step(parser);
    return there;
}

void parse_demand(struct parser *parser, int punctuation)
{
    const char what[] = {'\'', (char)punctuation, '\'', 0};

    if (!parse_accept(parser, punctuation))
        parse_expected(parser, punctuation == PUNCTUATION_ELLIPSIS ? "'...'" : what);
}

uint64_t parse_number(struct parser *parser, uint64_t max, const char *what)
{
    if (parser->now.kind != TOKEN_INT)
        parse_expected(parser, what);
    else if (parser->now.number > max)
        parse_fail_at(parser, parser->now.at, "%s: at most %llu", what, (unsigned long long)max);
    return parse_step(parser).number;
}

const char *parse_copy(struct parser *parser, const char *text, size_t len)
{
    char *copy = region_take(&parser->script->region, len + 1);

    memcpy(copy, text, len);
    return copy;
}

bool parse_enter(struct parser *parser)
{
    if (parser->nesting == NESTING_MAX)
        parse_fail_at(parser, parser->now.at, "nested too deeply");
    parser->nesting++;
    return !parser->failed;
}

void parse_leave(struct parser *parser)
{
    parser->nesting--;
}

/* ---- times -------------------------------------------------------------------------------- */

static uint64_t parse_seconds(struct parser *parser)
{
    const struct token token = parse_step(parser);
    const uint64_t scale = token.kind == TOKEN_TIME ? 1 : second_ns;

    if (token.kind != TOKEN_TIME && token.kind != TOKEN_INT)
        parse_fail_at(parser, token.at, "a time in seconds expected");
    else if (token.number / (second_ns / scale) > SECONDS_MAX)
        parse_fail_at(parser, token.at, "a time is at most %d s", SECONDS_MAX);
    else
        return token.number * scale;
    return 0;
}

/* After ~ or ...: relative in the same way as the beginning. */
static void parse_when_end(struct parser *parser, struct when *when)
{
    const struct position at = parser->now.at;
    const bool relative = parse_accept(parser, '+');

    /* packetdrill's users write +0...0.1 */
    if (relative != (when->kind == WHEN_RELATIVE) && (relative || !when->is_blocking))
        parse_fail_at(parser, at, "both ends of a span are relative, or none");
    when->end_ns = parse_seconds(parser);
    if (when->end_ns < when->ns)
        parse_fail_at(parser, at, "the span ends before it begins");
}

/* False: the event has no time. */
static bool parse_when(struct parser *parser, struct when *when)
{
    if (parse_accept(parser, '*')) {
        when->kind = WHEN_ANY;
        return true;
    }
    if (parse_accept(parser, '+'))
        when->kind = WHEN_RELATIVE;
    else if (parser->now.kind == TOKEN_INT || parser->now.kind == TOKEN_TIME)
        when->kind = WHEN_ABSOLUTE;
    else
        return false;
    when->ns = when->end_ns = parse_seconds(parser);
    if (parse_accept(parser, '~'))
        when->is_range = true;
    else if (parse_accept(parser, PUNCTUATION_ELLIPSIS))
        when->is_blocking = true;
    if (when->is_range || when->is_blocking)
        parse_when_end(parser, when);
    return true;
}

/* ---- events ------------------------------------------------------------------------------- */

static void parse_what(struct parser *parser, struct event *event)
{
    const struct token token = parser->now;

    if (parse_at(parser, '<') || parse_at(parser, '>')) {
        event->kind = EVENT_PACKET;
        parse_packet(parser, &event->packet);
    } else if (token.kind == TOKEN_SHELL) {
        parse_step(parser);
        event->kind = EVENT_SHELL;
        event->shell = token.text + 1;
        event->shell_len = token.len - 2;
    } else if (token.kind == TOKEN_CODE) {
        event->kind = EVENT_CODE;
        event->code = parse_code(parser, &token);
        parse_step(parser);
    } else if (token.kind == TOKEN_WORD) {
        event->kind = EVENT_CALL;
        parse_call(parser, &event->call);
    } else if (token.kind == TOKEN_BAD || parse_at(parser, '%')) {
        parse_fail_at(parser, token.at, "%.*s that does not end, or nothing at all",
                      (int)(token.len < 2 ? token.len : 2), token.text);
    } else {
        parse_expected(parser, "a packet, a system call, `...` or %{ ... }%");
    }
}

/* Checks that the kind of time is legal for the event. */
static void check_when(struct parser *parser, const struct event *event)
{
    const struct when *when = &event->when;
    const bool outbound = event->kind == EVENT_PACKET && !event->packet.inbound;

    if ((when->is_range || when->kind == WHEN_ANY) && !outbound)
        parse_fail_at(parser, event->at, "only a packet that is sent has an open time");
    if (when->is_blocking && event->kind != EVENT_CALL)
        parse_fail_at(parser, event->at, "only a system call lasts from ... to");
}

static struct event *parse_event(struct parser *parser)
{
    struct event *event = region_take(&parser->script->region, sizeof *event);

    event->at = parser->now.at;
    event->when.kind = WHEN_RELATIVE;
    if (!parse_when(parser, &event->when) && parser->now.kind != TOKEN_SHELL &&
        parser->now.kind != TOKEN_CODE)
        parse_expected(parser, "a time");
    parse_what(parser, event);
    check_when(parser, event);
    return event;
}

/* ---- options ------------------------------------------------------------------------------ */

static struct script_option *parse_option(struct parser *parser)
{
    struct script_option *option = region_take(&parser->script->region, sizeof *option);
    const struct token token = parse_step(parser);
    const char *name = token.text + 2;
    const size_t len = token.len - 2;
    const char *equal = memchr(name, '=', len);
    const size_t name_len = equal ? (size_t)(equal - name) : len;

    option->at = token.at;
    option->name = parse_copy(parser, name, name_len);
    option->value = equal ? parse_copy(parser, equal + 1, len - name_len - 1) : "";
    return option;
}

/* --define=CODE=host_unreachable */
static void define(struct parser *parser, const struct script_option *option)
{
    const char *equal = strchr(option->value, '=');
    struct definition *definition;

    if (strcmp(option->name, "define") != 0 || !equal)
        return;
    definition = region_take(&parser->script->region, sizeof *definition);
    definition->name = parse_copy(parser, option->value, (size_t)(equal - option->value));
    definition->value = equal + 1;
    definition->next = parser->own;
    parser->own = definition;
}

bool script_parse(struct script *script, const char *text, size_t len,
                  const struct definition *definitions, struct diagnostic *diagnostic)
{
    struct parser parser = {.script = script, .given = definitions, .diagnostic = diagnostic};
    struct script_option **option_end = &script->options;
    struct event **event_end = &script->events;

    *script = (struct script){0};
    scan_init(&parser.scanner, text, len, (struct position){1, 1});
    parse_step(&parser);
    while (parser.now.kind == TOKEN_OPTION) {
        *option_end = parse_option(&parser);
        define(&parser, *option_end);
        option_end = &(*option_end)->next;
    }
    while (!parser.failed && parser.now.kind != TOKEN_END) {
        *event_end = parse_event(&parser);
        event_end = &(*event_end)->next;
    }
    return !parser.failed;
}

void script_free(struct script *script)
{
    region_free(&script->region);
    *script = (struct script){0};
}
