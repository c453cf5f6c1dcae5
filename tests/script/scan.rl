/* scan.rl -- splits a script's text into tokens. Ragel makes scan.c of it. */
#include "scan.h"

enum {
    DECIMALS = 9, /* of seconds, down to the nanosecond */
    DIGITS_MAX = 18
};

/* ---- numbers ------------------------------------------------------------------------------ */

static unsigned digit_of(char c)
{
    if (c <= '9')
        return (unsigned)(c - '0');
    return (unsigned)((c | 0x20) - 'a') + 10;
}

/* Too many digits for a number may be a cookie. */
static void read_int(struct token *token)
{
    const unsigned base = token->len > 1 && (token->text[1] | 0x20) == 'x' ? 16 : 10;
    size_t i = base == 16 ? 2 : 0;

    if (token->len - i > (base == 16 ? 15 : DIGITS_MAX))
        token->kind = TOKEN_BARE;
    for (; i < token->len && token->kind == TOKEN_INT; i++)
        token->number = token->number * base + digit_of(token->text[i]);
}

static void read_time(struct token *token)
{
    unsigned decimals = 0, digits = 0;
    size_t i = 0;

    for (; token->text[i] != '.' && digits < DIGITS_MAX - DECIMALS; i++, digits++)
        token->number = token->number * 10 + digit_of(token->text[i]);
    if (token->text[i] != '.') {
        token->kind = TOKEN_BAD;
        return;
    }
    for (i++; i < token->len && decimals < DECIMALS; i++, decimals++)
        token->number = token->number * 10 + digit_of(token->text[i]);
    for (; decimals < DECIMALS; decimals++)
        token->number *= 10;
}

/* ---- tokens ------------------------------------------------------------------------------- */

%%{
    machine scan;

    action option   { token.kind = TOKEN_OPTION; fbreak; }
    action time     { token.kind = TOKEN_TIME; fbreak; }
    action int      { token.kind = TOKEN_INT; fbreak; }
    action word     { token.kind = TOKEN_WORD; fbreak; }
    action bare     { token.kind = TOKEN_BARE; fbreak; }
    action string   { token.kind = TOKEN_STRING; fbreak; }
    action shell    { token.kind = TOKEN_SHELL; fbreak; }
    action code     { token.kind = TOKEN_CODE; fbreak; }
    action ifdef    { token.kind = TOKEN_IFDEF; fbreak; }
    action endif    { token.kind = TOKEN_ENDIF; fbreak; }
    action ellipsis { token.punctuation = PUNCTUATION_ELLIPSIS; fbreak; }
    action equal    { token.punctuation = PUNCTUATION_EQUAL; fbreak; }
    action unequal  { token.punctuation = PUNCTUATION_DIFFERENT; fbreak; }
    action at_most  { token.punctuation = PUNCTUATION_AT_MOST; fbreak; }
    action at_least { token.punctuation = PUNCTUATION_AT_LEAST; fbreak; }
    action one      { token.punctuation = *ts; fbreak; }

    main := |*
        [ \t\r\n]+;
        '\\' '\r'? '\n';
        '#ifdef' [^\n]*                                   => ifdef;
        '#endif' [^\n]*                                   => endif;
        '#' [^\n]*;
        '//' [^\n]*;
        '/*' any* :>> '*/';

        '--' [a-z_] [a-z0-9_]* ( '=' [^ \t\r\n]* )?       => option;
        digit* '.' digit+                                 => time;
        digit+ | '0' [xX] xdigit+                         => int;
        [a-zA-Z_] [a-zA-Z0-9_]*                           => word;
        digit+ [a-zA-Z_] [a-zA-Z0-9_]*                    => bare;
        '"' ( [^"\\\n] | '\\' [^\n] )* '"' | "'" [^'\n]* "'" => string;
        '`' [^`]* '`'                                     => shell;
        '%{' any* :>> '}%'                                => code;
        '...'                                             => ellipsis;
        '=='                                              => equal;
        '!='                                              => unequal;
        '<='                                              => at_most;
        '>='                                              => at_least;
        [+\-*/%<>()[\]{},:;.=~|&!?]                       => one;
    *|;

    write data noerror nofinal noentry;
}%%

void scan_init(struct scanner *scanner, const char *text, size_t len, struct position at)
{
    *scanner = (struct scanner){.p = text, .end = text + len, .counted = text, .at = at};
}

/* Advances to @at, and counts lines; it never goes back. */
static struct position position_of(struct scanner *scanner, const char *at)
{
    for (; scanner->counted < at; scanner->counted++) {
        if (*scanner->counted == '\n') {
            scanner->at.line++;
            scanner->at.column = 1;
        } else {
            scanner->at.column++;
        }
    }
    return scanner->at;
}

struct token scan_next(struct scanner *scanner)
{
    struct token token = {.kind = TOKEN_PUNCTUATION};
    const char *p = scanner->p, *const pe = scanner->end, *const eof = pe;
    const char *ts = 0, *te = 0;
    int cs, act;

    %% write init;

    (void)act;
    if (p != pe) {
        %% write exec;
    }
    if (!ts || te <= ts) { /* no match: the end, or no token begins like this */
        const char *stuck = ts ? ts : p;

        token.kind = stuck == pe ? TOKEN_END : TOKEN_BAD;
        token.text = stuck;
        token.len = stuck < pe;
        p = pe;
    } else {
        token.text = ts;
        token.len = (size_t)(te - ts);
    }
    scanner->p = p;
    token.at = position_of(scanner, token.text);
    if (token.kind == TOKEN_INT)
        read_int(&token);
    else if (token.kind == TOKEN_TIME)
        read_time(&token);
    return token;
}
