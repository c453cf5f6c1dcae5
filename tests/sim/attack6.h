/* attack6.h -- attacks that only IPv6 has; each may be sent to an end at any time. */
#ifndef SIM_ATTACK6_H
#define SIM_ATTACK6_H

#include "forge.h"

void attack6_envelope(struct forge *f);
void attack6_router(struct forge *f);
void attack6_redirect(struct forge *f);
void attack6_headers(struct forge *f);

#endif
