/*
 * decapsulate.h -- finds the packet in a captured frame, whatever link the frame is of.
 *
 * A link type (the registry of LINKTYPE_ values) has a row with its name and its first layer.  A
 * layer is a header: it says which layer follows, up to one whose payload has an EtherType.
 */
#ifndef PCAP_DECAPSULATE_H
#define PCAP_DECAPSULATE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/capture.h>

enum {
    LINK_TYPE_ETHERNET = 1,
    DECAPSULATED_HEADER_BYTES = 14,
    DECAPSULATED_OTHER = 0xffff /* reserved by IEEE: the frame holds no packet with an EtherType */
};

struct capture_link; /* a row */

/* The row of a link type; NULL: the registry's common names don't have it. */
const struct capture_link *leat__link_of(uint32_t link_type);

/* The link type's name, and whether frames of it are read; NULL: "unknown", and they are not. */
const char *leat__link_name(const struct capture_link *link);
bool leat__link_is_read(const struct capture_link *link);

/* The read link types, for a message. */
extern const char leat__links_read[];

/* The packet in a frame. */
struct decapsulated {
    struct leat_mac dst, src; /* made up from the packet's addresses where the link has none */
    uint16_t type;            /* EtherType, or DECAPSULATED_OTHER */
    uint32_t at;              /* where the packet begins; up to the frame's length */
    enum leat_capture_direction direction;
};

/* Finds the packet in @len bytes of a frame of @link, which is read. */
void leat__decapsulate(const struct capture_link *link, const uint8_t *bytes, uint32_t len,
                       struct decapsulated *found);

#endif
