/*
 * wire.h -- packets as bytes. An independent implementation, which uses none of the stack's parsers
 * and emitters: a shared mistake would stay undetected.
 */
#ifndef SCRIPT_WIRE_H
#define SCRIPT_WIRE_H

#include "packet.h"

enum {
    WIRE_HEADERS_MAX = 14 + 60 + 60,
    WIRE_FRAME_MAX = 65535 + 14
};

/* Writes a frame of @packet (numbers of the wire) from MAC @src to @dst, and returns its length. */
uint32_t wire_build(const struct packet *packet, const uint8_t src[6], const uint8_t dst[6],
                    uint8_t *frame);

/* Parses an IPv4 frame; NULL, or an error. packet->data points into @frame. */
const char *wire_read(const uint8_t *frame, uint32_t len, struct packet *packet);

/* True, and @frame becomes the reply, if @frame is an ARP request for any address. */
bool wire_answer_arp(uint8_t *frame, uint32_t len, const uint8_t mac[6]);

#endif
