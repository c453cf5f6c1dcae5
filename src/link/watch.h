/* watch.h -- the owner of an address: how the address is checked, and what the owner is told. */
#ifndef LINK_WATCH_H
#define LINK_WATCH_H

struct address_watch;

/* Callbacks for the owner of an address about its state; they run where the program is called
 * back. */
struct address_watch {
    void (*usable)(struct address_watch *watch); /* the address is usable now */
    void (*taken)(struct address_watch *watch);  /* removed, because another host has it */
};

/* The check before an address is used (RFC 5227). */
enum address_check {
    ADDRESS_CHECK_NONE,
    /* Used at once, while one probe is sent: an answer before the last announcement removes the
     * address.  The probe is needed because few hosts answer an announcement. */
    ADDRESS_CHECK_BESIDE,
    ADDRESS_CHECK_FIRST /* 2.1: probed for before it is used */
};

#endif
