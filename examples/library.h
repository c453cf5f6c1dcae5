/* library.h -- the program's library of cryptography: libcrypto on an operating system, BearSSL in
 * images. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <leat/crypto.h>
#include <leat/host.h>

/* Opens it, with the machine's entropy; it stays until the program ends.  Returns NULL, or one line
 * with the reason of the failure. */
const char *library_open(struct leat_crypto *crypto, struct leat_host *host);

#endif
