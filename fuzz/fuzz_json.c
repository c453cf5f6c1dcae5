/*
 * fuzz_json.c -- what an authority of ACME sends: JSON, dates, base64url.
 *
 * Every text that json_parse() takes has tokens that lie in it and in their parents; accessors stay
 * within them.  A part of a text that is taken isn't taken.
 */
#include <stdlib.h>
#include <string.h>

#include "demand.h"
#include "web/acme/acme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json json;

static void check_token(int i, size_t size)
{
    const struct json_token *token = &json.tokens[i];
    char text[64];

    demand(token->parent < i && token->from <= size && token->len <= size - token->from);
    demand((token->parent == JSON_NONE) == (i == 0));
    if (i > 0)
        demand(json.tokens[token->parent].kind <= JSON_ARRAY);
    if (token->kind == JSON_NAME) {
        demand(i + 1 < json.count && json.tokens[i + 1].parent == token->parent);
        demand(json.tokens[token->parent].kind == JSON_OBJECT);
    }
    json_words(&json, i, text, sizeof text);
    for (const char *at = text; *at; at++)
        demand(*at >= ' ' && *at < 0x7f);
    demand(json_string(&json, i, text, sizeof text) || text[0] == '\0');
    demand(token->kind == JSON_ARRAY || json_item(&json, i, 0) == JSON_NONE);
    demand(token->kind == JSON_OBJECT || json_member(&json, i, "a") == JSON_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* ends at the end of its memory, but for a NUL for the others */
    uint8_t bytes[48];

    demand(text);
    memcpy(text, data, size);
    text[size] = '\0';
    acme_date(text);
    demand(decode_url(text, bytes, sizeof bytes) <= sizeof bytes);
    if (json_parse(&json, text, size)) {
        const uint16_t count = json.count;

        demand(count > 0 && count <= JSON_TOKENS_MAX && json.tokens[0].kind == JSON_OBJECT);
        for (int i = 0; i < count; i++)
            check_token(i, size);
        while (size > 0 && text[size - 1] != '}')
            size--;
        demand(!json_parse(&json, text, size - 1));
    }
    free(text);
    return 0;
}
