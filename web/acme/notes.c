/* notes.c -- what actions note: the event that follows, the reason of a failure, and a line. */
#include "core/assert.h"
#include "web/acme/acme.h"

void acme_follow(struct acme_step *step, enum acme_event event)
{
    leat_debug_assert(!step->follows);
    step->next = (uint8_t)event;
    step->follows = true;
}

void acme_why(struct leat_acme *acme, const char *why, const char *more)
{
    struct text text = {acme->why, 0, sizeof acme->why - 1};

    if (acme->why[0])
        return;
    text_add(&text, why);
    text_add(&text, more);
    acme->why[text.len] = '\0';
    for (char *at = acme->why; *at; at++) { /* it goes to logs: no control characters */
        if (*at < ' ' || *at >= 0x7f)
            *at = '?';
    }
}

void acme_flaw(struct leat_acme *acme, struct acme_step *step, const char *why)
{
    acme_why(acme, why, "");
    acme_follow(step, ACME_flaw);
}

struct text acme_line(struct leat_acme *acme)
{
    struct text text = {acme->line, 0, sizeof acme->line - 1};

    text_add(&text, acme->names[0]);
    text_add(&text, ": ");
    return text;
}

void acme_line_end(struct leat_acme *acme, struct text *text)
{
    acme->line[text->len] = '\0';
}
