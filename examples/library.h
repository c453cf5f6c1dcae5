/* library.h -- the library of cryptography that a program has: libcrypto where there is a system,
 * BearSSL in images. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <leat/crypto.h>
#include <leat/host.h>

/* Opens it, with the machine's entropy; it stays until the program ends.  Returns NULL, or one line
 * that says why it can't be. */
const char *library_open(struct leat_crypto *crypto, struct leat_host *host);

#endif
