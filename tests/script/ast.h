/* ast.h -- the contents of a script, as parsed. */
#ifndef SCRIPT_AST_H
#define SCRIPT_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"
#include "region.h"
#include "scan.h"

/* ---- time --------------------------------------------------------------------------------- */

enum when_kind {
    WHEN_ABSOLUTE, /* T: since the start of the script */
    WHEN_RELATIVE, /* +T: since the last event */
    WHEN_ANY       /* *: at any time */
};

struct when {
    enum when_kind kind;
    uint64_t ns;
    bool is_range;    /* T~T: at any time from ns to end_ns */
    bool is_blocking; /* T...T: a call that begins at ns and returns at end_ns */
    uint64_t end_ns;  /* in the same unit and base as ns */
};

/* ---- calls -------------------------------------------------------------------------------- */

enum value_kind {
    VALUE_ELLIPSIS, /* ... */
    VALUE_INT,      /* also a constant, or several with | */
    VALUE_STRING,
    VALUE_ARRAY,  /* [a, b]: `first` */
    VALUE_STRUCT, /* {name=a, name=b}: `first` */
    VALUE_PORT,   /* htons(a) */
    VALUE_ADDRESS /* inet_addr("a") */
};

struct value {
    enum value_kind kind;
    struct position at;
    int64_t integer;  /* INT, PORT, ADDRESS */
    const char *text; /* STRING, without quotes */
    size_t len;
    const char *name; /* if it is a member of a struct */
    size_t name_len;
    struct value *first; /* ARRAY, STRUCT */
    struct value *next;
};

enum call_kind {
    CALL_SOCKET,
    CALL_BIND,
    CALL_LISTEN,
    CALL_ACCEPT,
    CALL_CONNECT,
    CALL_READ,
    CALL_WRITE,
    CALL_SEND,
    CALL_RECV,
    CALL_SENDTO,
    CALL_RECVFROM,
    CALL_SENDMSG,
    CALL_RECVMSG,
    CALL_SHUTDOWN,
    CALL_CLOSE,
    CALL_SETSOCKOPT,
    CALL_GETSOCKOPT,
    CALL_FCNTL,
    CALL_IOCTL,
    CALL_POLL,
    CALL_EPOLL_CREATE,
    CALL_EPOLL_CREATE1,
    CALL_EPOLL_CTL,
    CALL_EPOLL_WAIT,
    CALL_COUNT
};

struct call {
    enum call_kind kind;
    const char *name;
    struct value *args;
    unsigned arg_count;
    bool any_result; /* = ? */
    int64_t result;
    int error; /* errno; 0: none is named */
    const char *error_name;
};

/* ---- code --------------------------------------------------------------------------------- */

enum expr_kind {
    EXPR_INT,
    EXPR_NAME,
    EXPR_TEXT, /* a string: only as a message; right: the arguments of its formats */
    EXPR_LIST, /* this one, followed by the others */
    EXPR_NEGATE,
    EXPR_NOT,
    EXPR_ADD,
    EXPR_SUBTRACT,
    EXPR_MULTIPLY,
    EXPR_DIVIDE,
    EXPR_REMAINDER,
    EXPR_EQUAL,
    EXPR_DIFFERENT,
    EXPR_LESS,
    EXPR_AT_MOST,
    EXPR_GREATER,
    EXPR_AT_LEAST,
    EXPR_BIT_AND,
    EXPR_BIT_OR,
    EXPR_AND,
    EXPR_OR
};

struct expr {
    enum expr_kind kind;
    struct position at;
    int64_t integer;
    const char *text; /* NAME, TEXT */
    size_t len;
    struct expr *left, *right;
};

/* assert condition [, message], or print(message) without a condition. */
/* A variable of the script, visible to all of its code. */
struct variable {
    const char *name;
    size_t len;
    int64_t value;
    bool known; /* an earlier statement has assigned it */
    struct variable *next;
};

/* assert `condition`, `message`; print(`message`); or `variable` = `condition`. */
struct statement {
    struct position at;
    const char *text; /* as written, for messages */
    size_t len;
    struct expr *condition;
    struct expr *message;
    struct variable *variable;
    struct statement *next;
};

/* ---- events ------------------------------------------------------------------------------- */

enum event_kind {
    EVENT_PACKET,
    EVENT_CALL,
    EVENT_SHELL,
    EVENT_CODE
};

struct event {
    enum event_kind kind;
    struct position at;
    struct when when;
    struct packet packet;
    struct call call;
    const char *shell; /* without the quotes */
    size_t shell_len;
    struct statement *code;
    struct event *next;
};

/* A word of the script that is replaced by another token: --define=CODE=host_unreachable */
struct definition {
    const char *name, *value; /* terminated */
    struct definition *next;
};

struct script_option {
    struct position at;
    const char *name, *value; /* NUL-terminated; the value is "" if there is none */
    struct script_option *next;
};

struct script {
    struct region region; /* holds everything below, but for the file's text */
    struct script_option *options;
    struct event *events;
    struct variable *variables;
};

#endif
