/* xen_words.h -- what a guest of Xen and its peer in the first domain say to each other. */
#ifndef XEN_WORDS_H
#define XEN_WORDS_H

#include <stdint.h>

enum {
    XEN_HOST = 6, /* last number of its address, 10.0.0.6 */
    XEN_PORT = 7,
    XEN_CRASH_BYTES = 5 /* of the datagram that ends the guest */
};

/* To a datagram of 8 bytes, the number. */
struct xen_answer {
    uint64_t number;
    uint64_t up_ns;
    uint64_t civil_ns;
};

#endif
