/* info.c -- the names available in %{ }%. */
#include "info.h"

#include <string.h>

/* ---- leat's names ------------------------------------------------------------------------- */

static const struct field {
    const char *name;
    size_t at, bytes;
} fields[] = {
#define FIELD(type, field)                                                                         \
    {#field, offsetof(struct type, field), sizeof(((struct type *)0)->field)},
#define ENUM_FIELD(type, field, tag) FIELD(type, field)
#define CONSTANT(tag, name)
#include "info_fields.inc"
#undef FIELD
#undef ENUM_FIELD
#undef CONSTANT
};

static bool is_name(const char *known, const char *name, size_t len)
{
    return strlen(known) == len && memcmp(known, name, len) == 0;
}

static bool leat_field(const struct leat_tcp_info *info, const char *name, size_t len,
                       uint64_t *value)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const unsigned char *at = (const unsigned char *)info + fields[i].at;
        uint8_t value8;
        uint16_t value16;
        uint32_t value32;

        if (!is_name(fields[i].name, name, len))
            continue;
        memcpy(&value8, at, 1);
        *value = value8;
        if (fields[i].bytes == 2) {
            memcpy(&value16, at, 2);
            *value = value16;
        } else if (fields[i].bytes == 4) {
            memcpy(&value32, at, 4);
            *value = value32;
        } else if (fields[i].bytes == 8) {
            memcpy(value, at, 8);
        }
        return true;
    }
    return false;
}

static bool counter(const struct snapshot *snapshot, const char *name, size_t len, int64_t *value)
{
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat stat = (enum leat_stat)i;

        if (is_name(leat_stat_name(stat), name, len)) {
            *value = (int64_t)(leat_stat_value(&snapshot->now, stat) -
                               leat_stat_value(&snapshot->before, stat));
            return true;
        }
    }
    return false;
}

/* ---- Linux's names ------------------------------------------------------------------------ */

enum unit {
    PLAIN,
    MICROSECONDS, /* of nanoseconds */
    SEGMENTS,     /* in bytes; the last segment may be partial */
    WINDOW,       /* in bytes; full segments */
    STATE,        /* of enum leat_tcp_state */
    REPAIR        /* of enum leat_tcp_repair */
};

/* The first of these fields that the stack has. */
static const struct linux_name {
    const char *name;
    const char *fields[2];
    enum unit unit;
} linux_names[] = {
    {"tcpi_state", {"state"}, STATE},
    {"tcpi_ca_state", {"repair"}, REPAIR},
    {"tcpi_snd_wscale", {"snd_wind_shift"}, PLAIN},
    {"tcpi_rcv_wscale", {"rcv_wind_shift"}, PLAIN},
    {"tcpi_rto", {"rto_ns"}, MICROSECONDS},
    {"tcpi_snd_mss", {"mss_bytes"}, PLAIN},
    {"tcpi_sacked", {"sacked_bytes"}, SEGMENTS},
    {"tcpi_lost", {"lost_bytes"}, SEGMENTS},
    {"tcpi_rtt", {"srtt_ns"}, MICROSECONDS},
    {"tcpi_rttvar", {"rttvar_ns"}, MICROSECONDS},
    {"tcpi_min_rtt", {"min_rtt_ns"}, MICROSECONDS},
    {"tcpi_snd_ssthresh", {"ssthresh_bytes"}, WINDOW},
    {"tcpi_snd_cwnd", {"cwnd_bytes"}, WINDOW},
    {"tcpi_cwnd", {"cwnd_bytes"}, WINDOW},
    {"tcpi_ssthresh", {"ssthresh_bytes"}, WINDOW},
    {"tcpi_total_retrans", {"retransmits"}, PLAIN},
    {"tcpi_rcv_space", {"rcv_wnd_bytes"}, PLAIN},
    {"tcpi_snd_wnd", {"snd_wnd_bytes"}, PLAIN},
    {"tcpi_rcv_wnd", {"rcv_wnd_bytes"}, PLAIN},
    {"tcpi_pmtu", {"path_mtu_bytes"}, PLAIN},
};

/* Of tcpi_options. */
enum {
    OPT_TIMESTAMPS = 1,
    OPT_SACK = 2,
    OPT_WSCALE = 4,
    OPT_ECN = 8,
    OPT_SYN_DATA = 32
};

/* Values of Linux's tcp_states.h and tcp.h. */
static const struct {
    const char *name;
    int64_t value;
} constants[] = {
    {"TCP_ESTABLISHED", 1},
    {"TCP_SYN_SENT", 2},
    {"TCP_SYN_RECV", 3},
    {"TCP_FIN_WAIT1", 4},
    {"TCP_FIN_WAIT2", 5},
    {"TCP_TIME_WAIT", 6},
    {"TCP_CLOSE", 7},
    {"TCP_CLOSE_WAIT", 8},
    {"TCP_LAST_ACK", 9},
    {"TCP_LISTEN", 10},
    {"TCP_CLOSING", 11},
    {"TCPI_ESTABLISHED", 1}, /* FreeBSD's names */
    {"TCPI_SYN_SENT", 2},
    {"TCPI_SYN_RECEIVED", 3},
    {"TCPI_FIN_WAIT_1", 4},
    {"TCPI_FIN_WAIT_2", 5},
    {"TCPI_TIME_WAIT", 6},
    {"TCPI_CLOSED", 7},
    {"TCPI_CLOSE_WAIT", 8},
    {"TCPI_LAST_ACK", 9},
    {"TCPI_LISTEN", 10},
    {"TCPI_CLOSING", 11},
    {"TCP_CA_Open", 0},
    {"TCP_CA_Disorder", 1},
    {"TCP_CA_CWR", 2},
    {"TCP_CA_Recovery", 3},
    {"TCP_CA_Loss", 4},
    {"TCPI_OPT_TIMESTAMPS", OPT_TIMESTAMPS},
    {"TCPI_OPT_SACK", OPT_SACK},
    {"TCPI_OPT_WSCALE", OPT_WSCALE},
    {"TCPI_OPT_ECN", OPT_ECN},
    {"TCPI_OPT_SYN_DATA", OPT_SYN_DATA},
    {"True", 1},
    {"False", 0},
    {"TCP_INFINITE_SSTHRESH", 0x7fffffff},
};

static int64_t linux_state(enum leat_tcp_state state)
{
    static const uint8_t states[] = {
        [LEAT_TCP_CLOSED] = 7,       [LEAT_TCP_LISTEN] = 10,     [LEAT_TCP_SYN_SENT] = 2,
        [LEAT_TCP_SYN_RECEIVED] = 3, [LEAT_TCP_ESTABLISHED] = 1, [LEAT_TCP_FIN_WAIT_1] = 4,
        [LEAT_TCP_FIN_WAIT_2] = 5,   [LEAT_TCP_CLOSE_WAIT] = 8,  [LEAT_TCP_CLOSING] = 11,
        [LEAT_TCP_LAST_ACK] = 9,     [LEAT_TCP_TIME_WAIT] = 6,
    };

    return states[state];
}

/* Open, Disorder, CWR, Recovery, Loss */
static int64_t linux_ca_state(enum leat_tcp_repair repair, uint32_t sacked_bytes)
{
    switch (repair) {
    case LEAT_TCP_REPAIR_REDUCED:
        return 2;
    case LEAT_TCP_REPAIR_FAST:
        return 3;
    case LEAT_TCP_REPAIR_LOSS:
        return 4;
    case LEAT_TCP_REPAIR_NONE:
        break;
    }
    return sacked_bytes > 0;
}

static int64_t linux_options(const struct snapshot *snapshot)
{
    const struct leat_tcp_info *info = &snapshot->tcp;

    return (info->timestamps ? OPT_TIMESTAMPS : 0) | (info->sack ? OPT_SACK : 0) |
           (info->snd_wind_shift > 0 || info->rcv_wind_shift > 0 ? OPT_WSCALE : 0) |
           (info->ecn ? OPT_ECN : 0) | (snapshot->syn_data ? OPT_SYN_DATA : 0);
}

static int64_t in_unit(const struct leat_tcp_info *info, enum unit unit, uint64_t value)
{
    const uint32_t mss = info->mss_bytes ? info->mss_bytes : 1;

    if (unit == MICROSECONDS)
        return (int64_t)(value / 1000);
    if (unit == STATE)
        return linux_state((enum leat_tcp_state)value);
    if (unit == REPAIR)
        return linux_ca_state((enum leat_tcp_repair)value, info->sacked_bytes);
    if (unit == SEGMENTS)
        return (int64_t)((value + mss - 1) / mss);
    if (unit == WINDOW && value < 0x7fffffff) /* above that the threshold means "none" */
        return (int64_t)(value / mss);
    return (int64_t)value;
}

static bool constant(const char *name, size_t len, int64_t *value)
{
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (is_name(constants[i].name, name, len)) {
            *value = constants[i].value;
            return true;
        }
    }
    return false;
}

static bool linux_value(const struct snapshot *snapshot, const char *name, size_t len,
                        int64_t *value)
{
    const struct leat_tcp_info *info = &snapshot->tcp;
    uint64_t number;

    if (is_name("tcpi_unacked", name, len)) {
        *value = in_unit(info, SEGMENTS, info->snd_nxt - info->snd_una);
        return true;
    }
    if (is_name("tcpi_options", name, len)) {
        *value = linux_options(snapshot);
        return true;
    }
    for (size_t i = 0; i < sizeof linux_names / sizeof *linux_names; i++) {
        const struct linux_name *row = &linux_names[i];

        if (!is_name(row->name, name, len))
            continue;
        for (unsigned f = 0; f < 2 && row->fields[f]; f++) {
            if (leat_field(info, row->fields[f], strlen(row->fields[f]), &number)) {
                *value = in_unit(info, row->unit, number);
                return true;
            }
        }
    }
    return constant(name, len, value);
}

static bool variable(const struct variable *at, const char *name, size_t len, int64_t *value)
{
    for (; at; at = at->next) {
        if (at->known && at->len == len && memcmp(at->name, name, len) == 0) {
            *value = at->value;
            return true;
        }
    }
    return false;
}

bool info_value(const struct snapshot *snapshot, const char *name, size_t len, int64_t *value)
{
    uint64_t number;

    if (variable(snapshot->variables, name, len, value))
        return true;
    if (linux_value(snapshot, name, len, value) || counter(snapshot, name, len, value))
        return true;
    if (!leat_field(&snapshot->tcp, name, len, &number))
        return false;
    *value = (int64_t)number;
    return true;
}

/* ---- expressions -------------------------------------------------------------------------- */

/* Nested at most NESTING_MAX deep; a statement has at most EXPRESSION_MAX operators. */
static const struct expr *unknown_in(const struct snapshot *nothing, const struct expr *expr)
{
    int64_t value;

    for (; expr; expr = expr->left) {
        const struct expr *found = unknown_in(nothing, expr->right);

        if (found)
            return found;
        if (expr->kind == EXPR_NAME && !info_value(nothing, expr->text, expr->len, &value))
            return expr;
    }
    return 0;
}

const struct expr *info_find_unknown(const struct statement *statement,
                                     const struct variable *variables)
{
    const struct snapshot nothing = {.variables = variables};
    const struct expr *found = 0;

    for (; statement && !found; statement = statement->next) {
        found = unknown_in(&nothing, statement->condition);
        if (!found)
            found = unknown_in(&nothing, statement->message);
        if (statement->variable)
            statement->variable->known = true;
    }
    return found;
}

static int64_t compute(enum expr_kind kind, int64_t a, int64_t b)
{
    switch (kind) {
    case EXPR_ADD:
        return (int64_t)((uint64_t)a + (uint64_t)b);
    case EXPR_SUBTRACT:
        return (int64_t)((uint64_t)a - (uint64_t)b);
    case EXPR_MULTIPLY:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case EXPR_EQUAL:
        return a == b;
    case EXPR_DIFFERENT:
        return a != b;
    case EXPR_LESS:
        return a < b;
    case EXPR_AT_MOST:
        return a <= b;
    case EXPR_GREATER:
        return a > b;
    case EXPR_AT_LEAST:
        return a >= b;
    case EXPR_BIT_AND:
        return a & b;
    case EXPR_BIT_OR:
        return a | b;
    case EXPR_AND:
        return a && b;
    case EXPR_OR:
        return a || b;
    case EXPR_DIVIDE:
        return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
    case EXPR_REMAINDER:
        return b == -1 ? 0 : a % b;
    case EXPR_NEGATE:
        return (int64_t)(0 - (uint64_t)a);
    case EXPR_NOT:
        return !a;
    case EXPR_INT:
    case EXPR_NAME:
    case EXPR_TEXT:
    case EXPR_LIST:
        break;
    }
    return 0;
}

bool info_evaluate(const struct snapshot *snapshot, const struct expr *expr, int64_t *value)
{
    int64_t left = 0, right = 0;

    if (expr->kind == EXPR_NAME)
        return info_value(snapshot, expr->text, expr->len, value);
    *value = expr->integer;
    if (expr->kind == EXPR_INT || expr->kind == EXPR_TEXT)
        return true;
    if (!info_evaluate(snapshot, expr->left, &left))
        return false;
    if (expr->right && !info_evaluate(snapshot, expr->right, &right))
        return false;
    if ((expr->kind == EXPR_DIVIDE || expr->kind == EXPR_REMAINDER) && right == 0)
        return false;
    *value = compute(expr->kind, left, right);
    return true;
}
