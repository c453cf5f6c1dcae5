/* byte_peer.h -- a TLS peer that sends given bytes, for an end whose cryptography always agrees. */
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

/* Sends a record, encrypted if the end expects that, and runs some turns. */
void peer_say(struct tls_end *end, uint8_t type, const uint8_t *data, uint32_t len);
/* Sends a handshake message of at most 600 bytes in one record. */
void peer_message(struct tls_end *end, uint8_t type, const uint8_t *body, uint32_t len);
/* Sends the right Finished, or a wrong one of the same length. */
void peer_Finished(struct tls_end *end, bool good);

#endif
