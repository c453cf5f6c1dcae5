/* known.h -- known answers of cryptography. */
#ifndef KNOWN_H
#define KNOWN_H

#include <leat/crypto.h>

/* NULL: all of them are right; else the name of the first that isn't. */
const char *known_answers(const struct leat_crypto *crypto);

#endif
