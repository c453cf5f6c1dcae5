/*
 * der.h -- reads the elements of a server's own certificate (X.690: DER).
 *
 * The certificate is the program's, but it is read as if it were a stranger's: an element that
 * doesn't lie in the one around it ends the reading.
 */
#ifndef TLS_DER_H
#define TLS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tags (X.690 8.1.2). */
enum {
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_UTC_TIME = 0x17,
    DER_TIME = 0x18, /* GeneralizedTime */
    DER_SEQUENCE = 0x30,
    DER_DNS_NAME = 0x82,  /* of a GeneralName */
    DER_EXTENSIONS = 0xa3 /* of a TBSCertificate */
};

struct der {
    const uint8_t *at;
    size_t len;
};

/* Takes the next element off @from. False: there is none, or it is broken. */
bool der_take(struct der *from, uint8_t *tag, struct der *inside);

/* Takes elements up to the first with @wanted. False: there is none. */
bool der_find(struct der *from, uint8_t wanted, struct der *inside);

#endif
