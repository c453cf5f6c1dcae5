/*
 * json.h -- JSON (RFC 8259) in one text: its grammar, checked as a whole, and its parts as tokens.
 *
 * The number of tokens and the depth are bounded.  A text is refused unless it is one object and
 * keeps to the grammar: accessors then can't fail for another reason than that a member is absent,
 * or of another type.
 */
#ifndef ACME_JSON_H
#define ACME_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JSON_TOKENS_MAX = 512,
    JSON_DEPTH_MAX = 8,
    JSON_TEXT_MAX = UINT16_MAX,
    JSON_NONE = -1 /* no such token */
};

enum json_kind {
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_NAME, /* of a member; its value is the next token */
    JSON_STRING,
    JSON_OTHER /* a number, true, false or null */
};

struct json_token {
    uint16_t from;  /* its first byte; of strings without the quotes */
    uint16_t len;   /* of strings and others */
    int16_t parent; /* the token of the object or array around it */
    uint8_t kind;   /* enum json_kind */
};

/* Token 0 is the whole. */
struct json {
    const char *text;
    uint16_t count;
    struct json_token tokens[JSON_TOKENS_MAX];
};

/* False: @text isn't one object, or it is larger or deeper than our limits.  @json points to it. */
bool json_parse(struct json *json, const char *text, size_t len);

/* The value of the first member @name of the object @object, or JSON_NONE; also if @object is
 * JSON_NONE or no object. */
int json_member(const struct json *json, int object, const char *name);

/* Element @index of the array @array, or JSON_NONE; also if @array is JSON_NONE or no array. */
int json_item(const struct json *json, int array, unsigned index);

/* Writes the string @token, unescaped, and a NUL.  Characters that aren't printable ASCII become
 * '?'.  False: it is no string, or longer than @room allows; then "" is written. */
bool json_string(const struct json *json, int token, char *to, size_t room);

/* The same, but cut off where it is too long. */
void json_words(const struct json *json, int token, char *to, size_t room);

/* True if @token is the string @text, without escapes. */
bool json_is(const struct json *json, int token, const char *text);

/* True if @token is `true`. */
bool json_is_true(const struct json *json, int token);

#endif
