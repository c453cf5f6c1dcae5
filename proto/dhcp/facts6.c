/*
 * facts6.c -- facts from a server beside an address: DNS and NTP servers, domains, request limits.
 *
 * A malformed or impossible part is left out and counted, and the rest is used, as in lease.c.
 */
#include <string.h>

#include "proto/dhcp/dhcp6.h"
#include "wire/bytes.h"
#include "wire/ra.h"

enum {
    IP_BYTES = 16,
    MAX_RT_MIN_S = 60, /* RFC 8415 21.24, 21.25: other values are ignored */
    MAX_RT_MAX_S = 86400,
    REFRESH_MIN_S = 600, /* RFC 8415 7.6: IRT_MINIMUM */
    REFRESH_S = 86400,   /* ... IRT_DEFAULT */
    NTP_ADDRESS = 1,     /* RFC 5908 4.1; multicast addresses (4.2) are ignored */
    NTP_NAME = 3         /* ... 4.3 */
};

void dhcp6_leave_out(struct leat_dhcp6 *dhcp6, uint16_t code)
{
    struct leat_dhcp6_lease *lease = &dhcp6->read;

    if (lease->ignored_parts == 0)
        lease->ignored_option = code;
    if (lease->ignored_parts < UINT8_MAX)
        lease->ignored_parts++;
    dhcp6->counts.ignored_parts++;
}

/* Adds one server, if its address is legal and there is room; false: it is left out. */
static bool add_server(const struct leat_dhcp6 *dhcp6, const uint8_t *bytes,
                       struct leat_ip *servers, uint8_t *count)
{
    struct leat_ip ip;

    memcpy(ip.bytes, bytes, sizeof ip.bytes);
    /* One of our own addresses, as a server, would make the resolver ask itself. */
    if (*count == LEAT_DHCP6_SERVERS_MAX || leat_ip_is_multicast(ip) || leat_ip_is_any(ip) ||
        leat_ip_is_loopback(ip) || leat_ip_is_v4(ip) || service_is_ours6(dhcp6->stack, ip))
        return false;
    servers[(*count)++] = ip;
    return true;
}

/* RFC 3646 3 */
static bool read_name_servers(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_option *option)
{
    if (option->len == 0 || option->len % IP_BYTES)
        return false;
    for (uint32_t at = 0; at < option->len; at += IP_BYTES) {
        if (!add_server(dhcp6, option->bytes + at, dhcp6->read.name_servers,
                        &dhcp6->read.name_server_count))
            dhcp6_leave_out(dhcp6, DHCP6_NAME_SERVERS);
    }
    return true;
}

static uint32_t length_of(const char *text)
{
    uint32_t len = 0;

    while (text[len])
        len++;
    return len;
}

/* RFC 8415 10: adds uncompressed names to @text. False: a name is malformed, and neither it nor
 * those behind it are added. @code: of the outer option. */
static bool read_names(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_option *option,
                       uint16_t code, char text[LEAT_DHCP6_SEARCH_BYTES])
{
    uint32_t at = 0, whole = 0, used = length_of(text);

    while (wire_ra_name(option->bytes, option->len, &at, dhcp6->name, sizeof dhcp6->name)) {
        const uint32_t len = length_of(dhcp6->name);

        whole = at;
        /* a space in front, and the NUL; a shorter name behind this one may still fit */
        if (used + len + 2 > LEAT_DHCP6_SEARCH_BYTES) {
            dhcp6_leave_out(dhcp6, code);
            continue;
        }
        if (used > 0)
            text[used++] = ' ';
        memcpy(text + used, dhcp6->name, len + 1);
        used += len;
    }
    return whole == option->len; /* a name without its root is malformed, too */
}

/* Reads one server, in a form of RFC 5908 4.1 to 4.3; false: malformed, impossible or unknown. */
static bool read_ntp_form(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_option *form)
{
    struct leat_dhcp6_lease *read = &dhcp6->read;

    if (form->code == NTP_NAME)
        return form->len > 0 && read_names(dhcp6, form, DHCP6_NTP_SERVER, read->ntp_names);
    return form->code == NTP_ADDRESS && form->len == IP_BYTES &&
           add_server(dhcp6, form->bytes, read->ntp_servers, &read->ntp_server_count);
}

/* RFC 5908 4: each server is an option of its own, with one option inside. */
static void read_ntp_server(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_option *option)
{
    const struct wire_dhcp6_options inside = {option->bytes, option->len};
    struct wire_dhcp6_option form;
    uint32_t at = 0;

    while (wire_dhcp6_next(&inside, &at, &form)) {
        if (!read_ntp_form(dhcp6, &form))
            dhcp6_leave_out(dhcp6, DHCP6_NTP_SERVER);
    }
    if (at < inside.len)
        dhcp6_leave_out(dhcp6, DHCP6_NTP_SERVER);
}

/* A value out of range is ignored, as the RFC says, and isn't counted as malformed. */
static bool read_max_rt(const struct wire_dhcp6_option *option, uint32_t *max_s)
{
    if (option->len == 4 && get32(option->bytes) >= MAX_RT_MIN_S &&
        get32(option->bytes) <= MAX_RT_MAX_S)
        *max_s = get32(option->bytes);
    return option->len == 4;
}

/* RFC 8415 21.23: a shorter time counts as IRT_MINIMUM, so that a server can't make its clients ask
 * all the time. */
static bool read_refresh(struct leat_dhcp6_lease *lease, const struct wire_dhcp6_option *option)
{
    if (option->len == 4)
        lease->refresh_s =
            get32(option->bytes) < REFRESH_MIN_S ? REFRESH_MIN_S : get32(option->bytes);
    return option->len == 4;
}

/* Reads one option; false: malformed. */
static bool read_option(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_option *option)
{
    switch (option->code) {
    case DHCP6_NAME_SERVERS:
        return read_name_servers(dhcp6, option);
    case DHCP6_NTP_SERVER:
        read_ntp_server(dhcp6, option);
        return true;
    case DHCP6_SEARCH: /* RFC 3646 4 */
        return read_names(dhcp6, option, DHCP6_SEARCH, dhcp6->read.search);
    case DHCP6_SOL_MAX_RT:
        return read_max_rt(option, &dhcp6->sol_max_s);
    case DHCP6_INF_MAX_RT:
        return read_max_rt(option, &dhcp6->inf_max_s);
    case DHCP6_REFRESH_TIME:
        return read_refresh(&dhcp6->read, option);
    default:
        return true;
    }
}

void dhcp6_facts_read(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6_options *options)
{
    struct wire_dhcp6_option option;
    uint32_t at = 0;

    dhcp6->read.refresh_s = REFRESH_S;
    while (wire_dhcp6_next(options, &at, &option)) {
        if (!read_option(dhcp6, &option))
            dhcp6_leave_out(dhcp6, option.code);
    }
    if (at < options->len)
        dhcp6_leave_out(dhcp6, 0);
}
