/*
 * lease6.c -- reads the address in a server's message, and checks it.
 *
 * We hold one address of an identity association. An address is ignored if no host can have it, if
 * its lifetimes are out of order, or if it has a status of its own (RFC 8415 21.6). Malformed parts
 * are left out. An answer is useless only if no address is left of it.
 */
#include "proto/dhcp/dhcp6.h"
#include "core/second.h"

/* The addresses of an association, as far as they have been read. */
struct granted {
    bool ours;
    bool other;
    bool zero;     /* our address has a lifetime of 0 */
    bool is_short; /* there is an address with too short a lifetime */
    bool is_cut;   /* a part of the association is malformed */
};

static enum dhcp6_verdict verdict_of(uint16_t status)
{
    switch (status) {
    case DHCP6_NO_BINDING:
        return DHCP6_SAYS_NO_BINDING;
    case DHCP6_NO_ADDRS_AVAIL:
        return DHCP6_SAYS_NO_ADDRS;
    case DHCP6_NOT_ON_LINK:
        return DHCP6_SAYS_NOT_ON_LINK;
    default:
        return DHCP6_SAYS_NOTHING;
    }
}

bool dhcp6_is_no_host(struct leat_ip ip)
{
    return leat_ip_is_multicast(ip) || leat_ip_is_any(ip) || leat_ip_is_loopback(ip) ||
           leat_ip_is_v4(ip) || leat_ip_is_link_local(ip) || ip.bytes[0] == 0;
}

/* True if a lease that began at asked_ns has expired, or is about to. */
static bool is_short(const struct leat_dhcp6 *dhcp6, uint32_t valid_s)
{
    return valid_s < dhcp6->config.lease_s_min ||
           (valid_s != DHCP6_FOR_EVER &&
            leat_now_ns(dhcp6->stack) >= dhcp6->asked_ns + valid_s * second_ns);
}

static void take_address(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_address *address,
                         struct granted *granted)
{
    /* Ours is the address that is in use, or else the one that is asked for again after a
     * restart. */
    const bool is_ours =
        leat_ip_equal(address->ip, dhcp6->has_address ? dhcp6->lease.ip : dhcp6->kept);
    uint16_t status;

    if (!wire_dhcp6_status(&address->options, &status) || status != DHCP6_SUCCESS ||
        dhcp6_is_no_host(address->ip) || address->preferred_s > address->valid_s || granted->ours ||
        (granted->other && !is_ours)) {
        dhcp6_leave_out(dhcp6, DHCP6_IA_ADDRESS);
        return;
    }
    if (address->valid_s == 0) {
        /* 18.2.10.1: a lifetime of 0 takes the address away. That of an address that we don't have
         * says nothing. */
        granted->zero |= is_ours;
        return;
    }
    if (is_short(dhcp6, address->valid_s)) {
        granted->is_short = true;
        return;
    }
    granted->ours = is_ours;
    granted->other = !is_ours;
    dhcp6->read.ip = address->ip;
    dhcp6->read.preferred_s = address->preferred_s;
    dhcp6->read.valid_s = address->valid_s;
}

/* Never 0, so that a lease isn't renewed immediately. */
static uint32_t share_of(uint32_t seconds, uint32_t tenths)
{
    const uint32_t share = (uint32_t)((uint64_t)seconds * tenths / 10);

    return seconds == DHCP6_FOR_EVER ? seconds : share > 0 ? share : 1;
}

/* RFC 8415 21.4: uses T1 and T2 of the server, if they are in order; otherwise 50 % and 80 %
 * of the preferred lifetime (14.2). */
static void set_times(struct leat_dhcp6_lease *lease, const struct wire_dhcp6_ia *ia)
{
    /* An address may be deprecated from the start, with a preferred lifetime of 0. */
    const uint32_t base_s = lease->preferred_s ? lease->preferred_s : lease->valid_s;

    lease->renew_s = ia->t1_s;
    lease->rebind_s = ia->t2_s;
    if (lease->rebind_s == 0 ||
        (lease->rebind_s >= lease->valid_s && lease->valid_s != DHCP6_FOR_EVER))
        lease->rebind_s = share_of(base_s, 8);
    if (lease->renew_s == 0 || lease->renew_s > lease->rebind_s)
        lease->renew_s = share_of(base_s, 5);
    if (lease->renew_s > lease->rebind_s)
        lease->renew_s = lease->rebind_s;
}

static enum dhcp6_verdict read_addresses(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_ia *ia)
{
    struct wire_dhcp6_option option;
    struct granted granted = {.is_cut = ia->is_cut};
    uint32_t at = 0;

    while (wire_dhcp6_next(&ia->options, &at, &option)) {
        struct wire_dhcp6_address address;

        if (option.code != DHCP6_IA_ADDRESS)
            continue;
        if (wire_dhcp6_address(&option, &address)) {
            take_address(dhcp6, &address, &granted);
        } else {
            granted.is_cut = true;
            dhcp6_leave_out(dhcp6, DHCP6_IA_ADDRESS);
        }
    }
    if (ia->is_cut)
        dhcp6_leave_out(dhcp6, DHCP6_IA_NA);
    if (granted.ours || granted.other) {
        set_times(&dhcp6->read, ia);
        /* Before there is an address, any that is granted becomes ours. */
        return granted.ours || !dhcp6->has_address ? DHCP6_IS_OURS : DHCP6_IS_OTHER;
    }
    if (granted.zero)
        return DHCP6_IS_ZERO;
    if (granted.is_cut)
        return DHCP6_FLAW_FORMAT;
    return granted.is_short ? DHCP6_FLAW_TIME : DHCP6_IS_NONE;
}

/* Finds our association. Returns NULL options in @found if it isn't there, and false if a malformed
 * part of the message may have been it. */
static bool find_ia(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message,
                    struct wire_dhcp6_ia *found)
{
    bool is_sound = !message->is_cut;
    struct wire_dhcp6_option option;
    uint32_t at = 0;

    found->options.bytes = 0;
    while (!found->options.bytes && wire_dhcp6_next(&message->options, &at, &option)) {
        struct wire_dhcp6_ia ia;

        if (option.code != DHCP6_IA_NA)
            continue;
        if (!wire_dhcp6_ia(&option, &ia)) {
            is_sound = false;
            dhcp6_leave_out(dhcp6, DHCP6_IA_NA);
        } else if (ia.iaid == dhcp6->iaid) {
            *found = ia;
        }
    }
    return is_sound || found->options.bytes;
}

enum dhcp6_verdict dhcp6_lease_read(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    struct wire_dhcp6_ia ia;
    uint16_t status;

    if (!wire_dhcp6_status(&message->options, &status))
        return DHCP6_FLAW_FORMAT;
    if (status != DHCP6_SUCCESS)
        return verdict_of(status);
    if (!find_ia(dhcp6, message, &ia))
        return DHCP6_FLAW_FORMAT;
    /* RFC 8415 21.4: an association with T1 > T2 is ignored */
    if (!ia.options.bytes || (ia.t1_s > ia.t2_s && ia.t2_s > 0))
        return DHCP6_IS_NONE;
    if (!wire_dhcp6_status(&ia.options, &status))
        return DHCP6_FLAW_FORMAT;
    return status == DHCP6_SUCCESS ? read_addresses(dhcp6, &ia) : verdict_of(status);
}
