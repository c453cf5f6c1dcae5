/* names.h -- names and addresses, for the functions of the C library that look them up. */
#ifndef RUN_NAMES_H
#define RUN_NAMES_H

#include <netdb.h>

#include "inside.h"

struct found {
    unsigned count; /* of addresses */
    struct run_endpoint addresses[RUN_ADDRESSES_MAX];
    char canonical[256];
};

/* The addresses of a name, of the families of @wants (RUN_WANTS_4, RUN_WANTS_6). 0 or EAI_*. */
int names_find(const char *name, unsigned wants, struct found *found);

/* The name of an address. 0 or EAI_*. */
int names_reverse(const struct run_endpoint *of, char name[NI_MAXHOST]);

#endif
