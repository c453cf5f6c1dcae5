/* owner.h -- from a part to the struct that it is embedded in: a ring's node, a timer, a notice. */
#ifndef CORE_OWNER_H
#define CORE_OWNER_H

#include <stddef.h>

/* The struct @type whose @member @part points to. */
#define owner_of(part, type, member) ((type *)(void *)((char *)(part)-offsetof(type, member)))

#endif
