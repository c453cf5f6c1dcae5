/* refusal.h -- remembers the last answer that a client has refused (leat/refusal.h). */
#ifndef CORE_REFUSAL_H
#define CORE_REFUSAL_H

#include <leat/refusal.h>

/* An answer from @from was refused: @why continues the phrase "answered, but". */
void refusal_note(struct leat_refusal *refusal, struct leat_ip from, const char *why);

/* Forgets the refusal, because an answer was accepted or the client starts over. */
void refusal_forget(struct leat_refusal *refusal);

#endif
