/* http_said.c -- see http_said.h. */
#include "web/http/http_said.h"

static void clear_field(struct http_said_field *field)
{
    field->len = 0;
    field->lines = 0;
    field->is_cut = false;
}

void http_said_clear(struct http_said *said)
{
    said->line_len = 0;
    said->line_over = false;
    said->line_is_cut = false;
    clear_field(&said->referer);
    clear_field(&said->agent);
}

/* A log shows a line that is no request, too, so this knows nothing of the grammar but the line's
 * end and the empty lines before it (RFC 9112 2.2). */
void http_said_line(struct http_said *said, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && !said->line_over; i++) {
        if (bytes[i] == '\r' || bytes[i] == '\n')
            said->line_over = said->line_len > 0;
        else if (said->line_len == LEAT_HTTP_ACCESS_LINE_BYTES)
            said->line_is_cut = true;
        else
            said->line[said->line_len++] = (char)bytes[i];
    }
}

void http_said_start(struct http_said_field *field)
{
    if (field->lines < 2)
        field->lines++;
}

/* Spaces around a value are not part of it (RFC 9110 5.5). */
static bool is_space(char octet)
{
    return octet == ' ' || octet == '\t';
}

void http_said_add(struct http_said_field *field, uint8_t octet)
{
    if (field->lines > 1 || (field->len == 0 && is_space((char)octet)))
        return;
    if (field->len == LEAT_HTTP_ACCESS_FIELD_BYTES)
        field->is_cut = true;
    else
        field->bytes[field->len++] = (char)octet;
}

size_t http_said_len(const struct http_said_field *field)
{
    size_t len = field->len;

    while (len > 0 && is_space(field->bytes[len - 1]))
        len--;
    return len;
}
