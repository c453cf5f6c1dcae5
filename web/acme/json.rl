/*
 * json.rl -- see json.h: the grammar of RFC 8259.
 */
#include "web/acme/json.h"

#include <string.h>

#include "core/assert.h"

/* The parser while it runs. */
struct parsing {
    struct json *json;
    int stack[JSON_DEPTH_MAX];    /* Ragel's states to return to */
    int16_t open[JSON_DEPTH_MAX]; /* the objects and arrays that aren't closed */
    unsigned top;
    bool failed;
    bool done;
};

/* Begins a token at @from. */
static void begin(struct parsing *parsing, enum json_kind kind, const char *from)
{
    struct json *json = parsing->json;

    if (json->count == JSON_TOKENS_MAX) {
        parsing->failed = true;
        return;
    }
    json->tokens[json->count++] = (struct json_token){
        .from = (uint16_t)(from - json->text),
        .parent = parsing->top ? parsing->open[parsing->top - 1] : (int16_t)JSON_NONE,
        .kind = (uint8_t)kind};
}

/* Ends the token that began last, a string or another leaf, before @end. */
static void end(struct parsing *parsing, const char *end)
{
    struct json *json = parsing->json;
    struct json_token *token = &json->tokens[json->count - 1];

    token->len = (uint16_t)(end - json->text - token->from);
}

/* Opens the object or array that began last.  False: the depth is used up. */
static bool push(struct parsing *parsing)
{
    if (parsing->failed || parsing->top == JSON_DEPTH_MAX) {
        parsing->failed = true;
        return false;
    }
    parsing->open[parsing->top] = (int16_t)(parsing->json->count - 1);
    return true;
}

%%{
machine json;
variable stack parsing->stack;
variable top parsing->top;

prepush { if (!push(parsing)) return; }

action name   { begin(parsing, JSON_NAME, fpc + 1); if (parsing->failed) return; }
action string { begin(parsing, JSON_STRING, fpc + 1); if (parsing->failed) return; }
action other  { begin(parsing, JSON_OTHER, fpc); if (parsing->failed) return; }
action end    { end(parsing, fpc); }
action object { begin(parsing, JSON_OBJECT, fpc); fcall object; }
action array  { begin(parsing, JSON_ARRAY, fpc); fcall array; }
action close  { fret; }

ws      = [ \t\r\n]*;
char    = ( any - ["\\] - 0..0x1f ) | "\\" ( ["\\/bfnrt] | "u" xdigit{4} );
number  = "-"? ( "0" | [1-9] digit* ) ( "." digit+ )? ( [eE] [+\-]? digit+ )?;
other   = ( number | "true" | "false" | "null" ) >other %end;
string  = "\"" char* "\"" >end;
value   = string >string | other | "{" @object | "[" @array;
member  = ( string >name ) ws ":" ws value;
object := ws ( member ws ( "," ws member ws )* )? "}" @close;
array  := ws ( value ws ( "," ws value ws )* )? "]" @close;
main   := ws "{" @object ws;
}%%

%% write data noentry noerror;

static void run(struct parsing *parsing, const char *p, const char *pe)
{
    int cs = json_start;

    %% write exec;
    parsing->done = cs >= json_first_final;
}

bool json_parse(struct json *json, const char *text, size_t len)
{
    struct parsing parsing = {.json = json};

    json->text = text;
    json->count = 0;
    if (len > JSON_TEXT_MAX)
        return false;
    run(&parsing, text, text + len);
    return parsing.done && !parsing.failed;
}

/* ---- Accessors ------------------------------------------------------------------------------- */

static bool is_kind(const struct json *json, int token, enum json_kind kind)
{
    leat_debug_assert(token < json->count);
    return token >= 0 && json->tokens[token].kind == kind;
}

static bool is_text(const struct json *json, int token, const char *text)
{
    const struct json_token *found = &json->tokens[token];
    const char *at = json->text + found->from;

    for (unsigned i = 0; i < found->len; i++) {
        if (!text[i] || text[i] != at[i])
            return false;
    }
    return !text[found->len];
}

int json_member(const struct json *json, int object, const char *name)
{
    if (!is_kind(json, object, JSON_OBJECT))
        return JSON_NONE;
    for (int i = object + 1; i < json->count; i++) {
        if (json->tokens[i].parent == object && is_kind(json, i, JSON_NAME) &&
            is_text(json, i, name))
            return i + 1;
    }
    return JSON_NONE;
}

int json_item(const struct json *json, int array, unsigned index)
{
    if (!is_kind(json, array, JSON_ARRAY))
        return JSON_NONE;
    for (int i = array + 1; i < json->count; i++) {
        if (json->tokens[i].parent == array && index-- == 0)
            return i;
    }
    return JSON_NONE;
}

/* The value of four hexadecimal digits. */
static uint32_t hexadecimal(const char *digits)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++) {
        const char c = digits[i];

        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/* Takes one character off the string at @at; one that isn't printable ASCII is '?'. */
static char take_char(const char **at)
{
    uint32_t c = (unsigned char)*(*at)++;

    if (c == '\\') {
        c = (unsigned char)*(*at)++;
        if (c == 'u') {
            c = hexadecimal(*at);
            *at += 4;
        } else if (c != '"' && c != '\\' && c != '/') {
            c = ' '; /* a tab or the end of a line */
        }
    }
    return c < ' ' || c >= 0x7f ? '?' : (char)c;
}

/* Copies what has room; returns false if there is more. */
static bool copy(const struct json *json, int token, char *to, size_t room)
{
    const char *at = json->text + json->tokens[token].from;
    const char *const end = at + json->tokens[token].len;
    size_t len = 0;

    while (at < end && len + 1 < room)
        to[len++] = take_char(&at);
    to[len] = '\0';
    return at == end;
}

bool json_string(const struct json *json, int token, char *to, size_t room)
{
    if (is_kind(json, token, JSON_STRING) && copy(json, token, to, room))
        return true;
    to[0] = '\0';
    return false;
}

void json_words(const struct json *json, int token, char *to, size_t room)
{
    leat_debug_assert(room > 0);
    to[0] = '\0';
    if (is_kind(json, token, JSON_STRING))
        copy(json, token, to, room);
}

bool json_is(const struct json *json, int token, const char *text)
{
    return is_kind(json, token, JSON_STRING) && is_text(json, token, text);
}

bool json_is_true(const struct json *json, int token)
{
    return is_kind(json, token, JSON_OTHER) && is_text(json, token, "true");
}
