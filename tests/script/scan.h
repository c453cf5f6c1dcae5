/* scan.h -- splits a script's text into tokens (scan.rl). */
#ifndef SCRIPT_SCAN_H
#define SCRIPT_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum token_kind {
    TOKEN_END,
    TOKEN_BAD,    /* no token begins like this */
    TOKEN_OPTION, /* --name or --name=value */
    TOKEN_INT,    /* 10, 0x1f: in `number` */
    TOKEN_TIME,   /* 1.5: seconds, in `number` as nanoseconds */
    TOKEN_WORD,   /* letters, digits, _ */
    TOKEN_BARE,   /* digits with letters, or too many digits for a number: a Fast Open cookie */
    TOKEN_STRING, /* with its quotes */
    TOKEN_SHELL,  /* `...` with its quotes */
    TOKEN_CODE,   /* %{ ... }% */
    TOKEN_IFDEF,  /* a line that begins with #ifdef */
    TOKEN_ENDIF,  /* a line that begins with #endif */
    TOKEN_PUNCTUATION
};

/* Punctuation of more than one character; a single character stands for itself. */
enum punctuation {
    PUNCTUATION_ELLIPSIS = 256, /* ... */
    PUNCTUATION_EQUAL,          /* == */
    PUNCTUATION_DIFFERENT,      /* != */
    PUNCTUATION_AT_MOST,        /* <= */
    PUNCTUATION_AT_LEAST        /* >= */
};

struct position {
    unsigned line;   /* from 1 */
    unsigned column; /* from 1, in bytes */
};

struct token {
    enum token_kind kind;
    int punctuation; /* a character or enum punctuation; 0 if it is none */
    const char *text;
    size_t len;
    uint64_t number;
    struct position at;
};

/* Position of the next token. */
struct scanner {
    const char *p;
    const char *end;
    const char *counted; /* `at` is counted up to here */
    struct position at;
};

/* Scans @len bytes that begin at @at of their file.  The text must outlive the tokens. */
void scan_init(struct scanner *scanner, const char *text, size_t len, struct position at);

/* The next token; TOKEN_END always after the last one. */
struct token scan_next(struct scanner *scanner);

#endif
