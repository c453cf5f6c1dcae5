/* refusal.h -- the last answer that a client has refused (leat/refusal.h). */
#ifndef CORE_REFUSAL_H
#define CORE_REFUSAL_H

#include <leat/refusal.h>

/* An answer of @from was refused: @why follows "answered, but". */
void refusal_note(struct leat_refusal *refusal, struct leat_ip from, const char *why);

/* An answer was taken, or the client begins to ask. */
void refusal_forget(struct leat_refusal *refusal);

#endif
