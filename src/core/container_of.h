/* container_of.h -- from a member to the struct that contains it: a ring's node, a timer, a
 * notice. */
#ifndef CORE_CONTAINER_OF_H
#define CORE_CONTAINER_OF_H

#include <stddef.h>

/* The struct @type whose @member @part points to. */
#define container_of(part, type, member) ((type *)(void *)((char *)(part)-offsetof(type, member)))

#endif
