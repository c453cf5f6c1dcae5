/* known.h -- known answers of cryptography. */
#ifndef KNOWN_H
#define KNOWN_H

#include <leat/crypto.h>

/* Returns NULL if all are right, else the name of the first wrong one. */
const char *known_answers(const struct leat_crypto *crypto);

#endif
