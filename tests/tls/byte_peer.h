/* byte_peer.h -- a peer of TLS that is made of bytes, for an end whose cryptography always agrees.
 */
#ifndef BYTE_PEER_H
#define BYTE_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tls/tls.h"
#include "tls_end.h"

/* A record, encrypted if the end's are, which then has some turns. */
void peer_say(struct tls_end *end, uint8_t type, const uint8_t *data, uint32_t len);
/* A handshake message in one, at most 600 bytes. */
void peer_message(struct tls_end *end, uint8_t type, const uint8_t *body, uint32_t len);
/* The one that is right, or a wrong one of the same length. */
void peer_Finished(struct tls_end *end, bool good);

#endif
