/* parse_call.c -- system calls: `accept(3, ..., ...) = 4`, `read(4, ..., 10) = -1 EAGAIN (...)`. */
#include "parse.h"

#include <string.h>

#include <leat/addr.h>

#include "names.h"

static const struct {
    const char *name;
    unsigned args_min, args_max;
} calls[CALL_COUNT] = {
    [CALL_SOCKET] = {"socket", 3, 3},
    [CALL_BIND] = {"bind", 3, 3},
    [CALL_LISTEN] = {"listen", 2, 2},
    [CALL_ACCEPT] = {"accept", 3, 3},
    [CALL_CONNECT] = {"connect", 3, 3},
    [CALL_READ] = {"read", 3, 3},
    [CALL_WRITE] = {"write", 3, 3},
    [CALL_SEND] = {"send", 4, 4},
    [CALL_RECV] = {"recv", 4, 4},
    [CALL_SENDTO] = {"sendto", 6, 6},
    [CALL_RECVFROM] = {"recvfrom", 6, 6},
    [CALL_SENDMSG] = {"sendmsg", 3, 3},
    [CALL_RECVMSG] = {"recvmsg", 3, 3},
    [CALL_SHUTDOWN] = {"shutdown", 2, 2},
    [CALL_CLOSE] = {"close", 1, 1},
    [CALL_SETSOCKOPT] = {"setsockopt", 5, 5},
    [CALL_GETSOCKOPT] = {"getsockopt", 5, 5},
    [CALL_FCNTL] = {"fcntl", 2, 3},
    [CALL_IOCTL] = {"ioctl", 3, 3},
    [CALL_POLL] = {"poll", 3, 3},
    [CALL_EPOLL_CREATE] = {"epoll_create", 1, 1},
    [CALL_EPOLL_CREATE1] = {"epoll_create1", 1, 1},
    [CALL_EPOLL_CTL] = {"epoll_ctl", 4, 4},
    [CALL_EPOLL_WAIT] = {"epoll_wait", 4, 4},
};

/* Calls of packetdrill without a counterpart in leat's sockets. */
static const char *const not_supported[] = {"writev", "readv",   "sendfile", "splice",   "pipe",
                                            "open",   "cap_set", "select",   "sendmmsg", "ppoll"};

/* ---- arguments ---------------------------------------------------------------------------- */

static struct value *parse_value(struct parser *parser);

/* The text of the string token that was just skipped. */
static void take_string(struct parser *parser, struct value *value)
{
    const struct token token = parse_step(parser);

    if (token.kind != TOKEN_STRING) {
        parse_fail_at(parser, token.at, "a string expected");
        return;
    }
    value->text = token.text + 1;
    value->len = token.len - 2;
}

/* htons(80), inet_addr("10.0.0.1") */
static void parse_function(struct parser *parser, struct value *value, const struct token *name)
{
    parse_demand(parser, '(');
    if (token_is(name, "htons")) {
        value->kind = VALUE_PORT;
        value->integer = (int64_t)parse_number(parser, UINT16_MAX, "a port");
    } else if (token_is(name, "inet_addr")) {
        struct leat_ip ip = LEAT_IP_ANY;

        value->kind = VALUE_ADDRESS;
        take_string(parser, value);
        if (!parser->failed &&
            !(leat_ip_parse(parse_copy(parser, value->text, value->len), &ip) && leat_ip_is_v4(ip)))
            parse_fail_at(parser, value->at, "not an IPv4 address");
        value->integer = leat_ip_v4_number(ip);
    } else {
        parse_fail_at(parser, name->at, "htons or inet_addr expected");
    }
    parse_demand(parser, ')');
}

static int64_t parse_constant(struct parser *parser)
{
    const struct token token = parser->now;
    int64_t value = 0;

    if (token.kind == TOKEN_INT)
        return (int64_t)parse_step(parser).number;
    if (token.kind != TOKEN_WORD)
        parse_expected(parser, "a number or a constant");
    else if (!name_constant(token.text, token.len, &value) &&
             (value = name_errno(token.text, token.len)) == 0)
        parse_fail_at(parser, token.at, "unknown constant '%.*s'",
                      token.len < 60 ? (int)token.len : 60, token.text);
    parse_step(parser);
    return value;
}

/* 10, -1, POLLIN|POLLOUT, htons(80) */
static void parse_scalar(struct parser *parser, struct value *value)
{
    const bool negative = parse_accept(parser, '-');
    const struct token token = parser->now;

    value->kind = VALUE_INT;
    if (!negative && (token_is(&token, "htons") || token_is(&token, "inet_addr"))) {
        parse_step(parser);
        parse_function(parser, value, &token);
        return;
    }
    value->integer = parse_constant(parser);
    while (parse_accept(parser, '|'))
        value->integer |= parse_constant(parser);
    if (negative)
        value->integer = -value->integer;
}

/* `(2)` or `(...)` after the name of a field: its length. */
static bool parse_count(struct parser *parser, uint64_t *count)
{
    bool is_given = false;

    if (!parse_accept(parser, '('))
        return false;
    if (!parse_accept(parser, PUNCTUATION_ELLIPSIS)) {
        *count = parse_number(parser, INT32_MAX, "a count");
        is_given = true;
    }
    parse_demand(parser, ')');
    return is_given;
}

/* `name=value` of a struct, `name(2)=[value, value]`, or a value alone: {..., 100} */
static struct value *parse_field(struct parser *parser)
{
    const struct token name = parser->now;
    struct value *value;
    uint64_t count = 0, members = 0;
    bool is_counted;

    if (name.kind == TOKEN_INT || parse_at(parser, PUNCTUATION_ELLIPSIS))
        return parse_value(parser);
    parse_step(parser);
    if (name.kind != TOKEN_WORD)
        parse_fail_at(parser, name.at, "the name of a field expected");
    is_counted = parse_count(parser, &count);
    parse_demand(parser, '=');
    value = parse_value(parser);
    value->name = name.text;
    value->name_len = name.len;
    for (const struct value *member = value->first; member; member = member->next)
        members++;
    if (is_counted && value->kind == VALUE_ARRAY && members != count)
        parse_fail_at(parser, name.at, "%u are announced, %u follow", (unsigned)count,
                      (unsigned)members);
    return value;
}

static void parse_members(struct parser *parser, struct value *value, int close)
{
    struct value **end = &value->first;

    parse_step(parser);
    if (parse_accept(parser, close))
        return;
    do {
        *end = value->kind == VALUE_STRUCT ? parse_field(parser) : parse_value(parser);
        end = &(*end)->next;
    } while (parse_accept(parser, ','));
    parse_demand(parser, close);
}

static struct value *parse_value(struct parser *parser)
{
    struct value *value = region_take(&parser->script->region, sizeof *value);

    value->at = parser->now.at;
    if (!parse_enter(parser)) {
        parse_leave(parser);
        return value;
    }
    if (parse_accept(parser, PUNCTUATION_ELLIPSIS)) {
        value->kind = VALUE_ELLIPSIS;
    } else if (parser->now.kind == TOKEN_STRING) {
        value->kind = VALUE_STRING;
        take_string(parser, value);
    } else if (parse_at(parser, '[')) {
        value->kind = VALUE_ARRAY;
        parse_members(parser, value, ']');
    } else if (parse_at(parser, '{')) {
        value->kind = VALUE_STRUCT;
        parse_members(parser, value, '}');
    } else {
        parse_scalar(parser, value);
    }
    parse_leave(parser);
    return value;
}

static void parse_args(struct parser *parser, struct call *call)
{
    struct value **end = &call->args;

    parse_demand(parser, '(');
    if (parse_accept(parser, ')'))
        return;
    do {
        *end = parse_value(parser);
        end = &(*end)->next;
        call->arg_count++;
    } while (parse_accept(parser, ','));
    parse_demand(parser, ')');
}

/* ---- results ------------------------------------------------------------------------------ */

/* A comment after a result, as packetdrill allows it: `(Connection refused)`, `(flags O_RDWR)`. */
static void skip_remark(struct parser *parser)
{
    if (!parse_accept(parser, '('))
        return;
    while (parser->now.kind == TOKEN_WORD || parser->now.kind == TOKEN_INT ||
           parse_at(parser, '|') || parse_at(parser, ',') || parse_at(parser, '/'))
        parse_step(parser);
    parse_demand(parser, ')');
}

static void parse_result(struct parser *parser, struct call *call)
{
    parse_demand(parser, '=');
    if (parse_accept(parser, '?')) {
        call->any_result = true;
    } else {
        const bool negative = parse_accept(parser, '-');

        call->result = (int64_t)parse_number(parser, INT32_MAX, "the call's result");
        if (negative)
            call->result = -call->result;
    }
    if (call->result < 0 && parser->now.kind == TOKEN_WORD) {
        const struct token name = parse_step(parser);

        call->error = name_errno(name.text, name.len);
        if (call->error == 0)
            parse_fail_at(parser, name.at, "unknown error '%.*s'",
                          name.len < 60 ? (int)name.len : 60, name.text);
        call->error_name = parse_copy(parser, name.text, name.len);
    }
    skip_remark(parser);
}

void parse_call(struct parser *parser, struct call *call)
{
    const struct token name = parse_step(parser);
    unsigned kind = 0;

    while (kind < CALL_COUNT && !token_is(&name, calls[kind].name))
        kind++;
    for (unsigned i = 0; i < sizeof not_supported / sizeof *not_supported; i++) {
        if (token_is(&name, not_supported[i])) {
            parse_fail_at(parser, name.at, "not supported: %s()", not_supported[i]);
            return;
        }
    }
    if (kind == CALL_COUNT) {
        parse_fail_at(parser, name.at, "unknown system call '%.*s'",
                      name.len < 60 ? (int)name.len : 60, name.text);
        return;
    }
    call->kind = (enum call_kind)kind;
    call->name = calls[kind].name;
    parse_args(parser, call);
    if (call->arg_count < calls[kind].args_min || call->arg_count > calls[kind].args_max)
        parse_fail_at(parser, name.at, "%s() has %u arguments, not %u", calls[kind].name,
                      calls[kind].args_max, call->arg_count);
    parse_result(parser, call);
}
