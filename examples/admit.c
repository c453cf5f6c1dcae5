/* admit.c -- see admit.h. */
#include "admit.h"

#include <stdio.h>
#include <string.h>

enum {
    NETWORKS_MAX = 32,
    CIDR_TEXT_BYTES = LEAT_IP_TEXT_BYTES + 4
};

static struct leat_forwarder_network networks[NETWORKS_MAX];
static unsigned network_count;

/* Takes one network, of @len bytes; NULL, or the reason of the failure. */
static const char *add(const char *text, size_t len)
{
    struct leat_forwarder_network *network = &networks[network_count];
    char copy[CIDR_TEXT_BYTES];

    if (network_count == NETWORKS_MAX)
        return "clients= has too many networks";
    if (len >= sizeof copy)
        return "clients= has networks as 192.168.0.0/16, with commas between them";
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!leat_ip_parse_cidr(copy, &network->ip, &network->prefix_bits))
        return "clients= has networks as 192.168.0.0/16, with commas between them";
    network_count++;
    return NULL;
}

bool admit_word(const char *word, const char **wrong)
{
    static const char head[] = "clients=";

    *wrong = NULL;
    if (strncmp(word, head, sizeof head - 1) != 0)
        return false;
    word += sizeof head - 1;
    while (!*wrong) {
        const size_t len = strcspn(word, ",");

        *wrong = add(word, len);
        if (word[len] == '\0')
            break;
        word += len + 1;
    }
    return true;
}

static void on_prohibited(void *arg, struct leat_ip client)
{
    struct leat_platform *platform = arg;
    char ip[LEAT_IP_TEXT_BYTES];
    char line[LEAT_IP_TEXT_BYTES + 80];

    leat_ip_format(client, ip);
    snprintf(line, sizeof line, "%s asked, and was refused: it is in no network of clients=", ip);
    platform->say(platform, line);
}

void admit_configure(struct leat_platform *platform, struct leat_forwarder_config *config)
{
    config->networks = networks;
    config->network_count = (uint8_t)network_count;
    config->on_prohibited = on_prohibited;
    config->on_prohibited_arg = platform;
}
