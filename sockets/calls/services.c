/* services.c -- names of ports that programs ask for, as /etc/services has them. */
#include "sockets/calls/inside.h"

#include <string.h>

enum {
    BY_TCP = 1,
    BY_UDP = 2,
    NAME_BYTES = 14
};

struct service {
    uint16_t port;
    uint8_t by;
    char name[NAME_BYTES];
};

/* IANA's registry (RFC 6335), those that servers and clients of today use. */
static const struct service services[] = {
    {7, BY_TCP | BY_UDP, "echo"},
    {9, BY_TCP | BY_UDP, "discard"},
    {13, BY_TCP | BY_UDP, "daytime"},
    {19, BY_TCP | BY_UDP, "chargen"},
    {20, BY_TCP, "ftp-data"},
    {21, BY_TCP, "ftp"},
    {22, BY_TCP, "ssh"},
    {23, BY_TCP, "telnet"},
    {25, BY_TCP, "smtp"},
    {37, BY_TCP | BY_UDP, "time"},
    {43, BY_TCP, "whois"},
    {53, BY_TCP | BY_UDP, "domain"},
    {69, BY_UDP, "tftp"},
    {70, BY_TCP, "gopher"},
    {79, BY_TCP, "finger"},
    {80, BY_TCP, "http"},
    {88, BY_TCP | BY_UDP, "kerberos"},
    {110, BY_TCP, "pop3"},
    {119, BY_TCP, "nntp"},
    {123, BY_UDP, "ntp"},
    {143, BY_TCP, "imap2"},
    {161, BY_UDP, "snmp"},
    {389, BY_TCP, "ldap"},
    {443, BY_TCP | BY_UDP, "https"},
    {465, BY_TCP, "submissions"},
    {514, BY_UDP, "syslog"},
    {587, BY_TCP, "submission"},
    {636, BY_TCP, "ldaps"},
    {853, BY_TCP | BY_UDP, "domain-s"},
    {990, BY_TCP, "ftps"},
    {993, BY_TCP, "imaps"},
    {995, BY_TCP, "pop3s"},
    {1194, BY_UDP, "openvpn"},
    {1883, BY_TCP, "mqtt"},
    {2049, BY_TCP | BY_UDP, "nfs"},
    {3306, BY_TCP, "mysql"},
    {5060, BY_TCP | BY_UDP, "sip"},
    {5222, BY_TCP, "xmpp-client"},
    {5432, BY_TCP, "postgresql"},
    {5672, BY_TCP, "amqp"},
    {6379, BY_TCP, "redis"},
    {8080, BY_TCP, "http-alt"},
    {8883, BY_TCP, "secure-mqtt"},
};

enum {
    SERVICES = sizeof services / sizeof *services
};

static bool is(const struct service *service, const char *name)
{
    size_t i = 0;

    while (i < NAME_BYTES && service->name[i] && service->name[i] == name[i])
        i++;
    return i < NAME_BYTES && service->name[i] == name[i];
}

uint16_t service_port(const char *name, bool is_udp)
{
    for (unsigned i = 0; i < SERVICES; i++) {
        if ((services[i].by & (is_udp ? BY_UDP : BY_TCP)) && is(&services[i], name))
            return services[i].port;
    }
    return 0;
}

const char *service_name(uint16_t port, bool is_udp)
{
    for (unsigned i = 0; i < SERVICES; i++) {
        if ((services[i].by & (is_udp ? BY_UDP : BY_TCP)) && services[i].port == port)
            return services[i].name;
    }
    return NULL;
}
