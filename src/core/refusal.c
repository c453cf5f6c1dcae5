/*
 * refusal.c -- remembers the last answer that a client has refused.
 *
 * @why is a constant string, so the pointer is kept and nothing is copied. The count says how often
 * answers were refused since the last good one, whatever the reason of each was.
 */
#include "core/refusal.h"

#include "core/text.h"

void refusal_note(struct leat_refusal *refusal, struct leat_ip from, const char *why)
{
    refusal->from = from;
    refusal->why = why;
    if (refusal->count < UINT32_MAX)
        refusal->count++;
}

void refusal_forget(struct leat_refusal *refusal)
{
    *refusal = (struct leat_refusal){.why = 0};
}

size_t leat_refusal_format(const struct leat_refusal *refusal, char text[LEAT_REFUSAL_TEXT_BYTES])
{
    struct text told = {.bytes = text, .room = LEAT_REFUSAL_TEXT_BYTES - 1};
    char ip[LEAT_IP_TEXT_BYTES];

    if (refusal->why) {
        leat_ip_format(refusal->from, ip);
        text_add(&told, ip);
        text_add(&told, " answered, but ");
        text_add(&told, refusal->why);
        if (refusal->count > 1) {
            text_add(&told, " (");
            text_add_number(&told, refusal->count);
            text_add(&told, " times)");
        }
    }
    text[told.len] = 0;
    return told.len;
}
