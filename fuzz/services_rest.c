/* services_rest.c -- syslog and DHCP of the first stack. */
#include "services.h"

#include <stdlib.h>

#include <leat/autoconf.h>
#include <leat/syslog.h>

enum {
    LINE_BYTES = 1400
};

static struct leat_syslog *journal;
static void *memory;
static struct leat_autoconf *autoconf;
static bool rests; /* autoconf does */
static uint64_t lines;

static void open_journal(bool tcp)
{
    const struct leat_syslog_config config = {.server = services_at(1, SERVICES_PORT_LOG),
                                              .tcp = tcp,
                                              .app_name = "fuzz",
                                              .queue_bytes = 2048};
    const size_t bytes = leat_syslog_memory_bytes(&config);

    memory = services_memory(bytes);
    lines = 0;
    if (!leat_syslog_open(&journal, services_ends[0].stack, memory, bytes, &config))
        return;
    free(memory); /* no socket */
    memory = NULL;
    journal = NULL;
}

static void close_journal(void)
{
    if (journal)
        leat_syslog_close(journal);
    journal = NULL;
    free(memory);
    memory = NULL;
}

static void write_line(uint8_t severity, uint8_t len)
{
    static char line[LINE_BYTES];
    const struct leat_syslog_counts *counts;

    if (!journal)
        return;
    for (size_t i = sizeof line; i > 0 && line[0] == 0; i--)
        line[i - 1] = (char)(i % 100 == 99 ? '\n' : 'a' + i % 26);
    leat_syslog_send(journal, (enum leat_syslog_severity)(severity % 8), line, len * 5u);
    lines++;
    counts = leat_syslog_counts(journal);
    /* one more message may report losses */
    services_demand(counts->sent + counts->lost <= 2 * lines, "more lines than were written");
}

/* ---- DHCP --------------------------------------------------------------------------------- */

static void on_change(struct leat_autoconf *self, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg)
{
    (void)self;
    (void)arg;
    services_demand(change != LEAT_AUTOCONF_ADDRESS || leat_ip_is_v4(facts->ip) ||
                        leat_ip_is_any(facts->ip),
                    "an address of DHCP");
    services_obey(SERVICES_ON_CHANGE, NULL);
}

static void on_configured(struct leat_autoconf *self, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    (void)self;
    (void)arg;
    services_demand(leat_address_is_ours(services_ends[0].stack, facts->ip), "an address");
    services_obey(SERVICES_ON_CHANGE, NULL);
}

void services_rest_open(void)
{
    const struct leat_autoconf_config config = {.host_name = "fuzz",
                                                .probe_first = services_draw.tables & 32,
                                                .routes = true,
                                                .link_local = services_draw.tables & 64,
                                                .on_configured = on_configured,
                                                .on_change = on_change};

    open_journal(services_draw.tables & 128);
    rests = leat_autoconf_start(services_ends[0].stack, services_ends[0].netif, &autoconf,
                                &config) != LEAT_OK;
    if (rests)
        autoconf = NULL;
}

void services_rest_close(void)
{
    close_journal();
    if (autoconf && !rests)
        leat_autoconf_stop(autoconf, true);
    rests = true;
}

void services_rest_act(const struct services_act *act)
{
    uint8_t clone_seed[LEAT_SEED_BYTES] = {0};

    switch (act->which % 8) {
    case 0:
        close_journal();
        if (act->how & 1)
            open_journal(act->how & 2);
        break;
    case 1:
        if (autoconf && !rests)
            leat_autoconf_stop(autoconf, act->how & 1);
        rests = true;
        break;
    case 2:
        if (autoconf && rests)
            services_demand(!leat_autoconf_restart(autoconf), "a restart");
        rests = !autoconf;
        break;
    case 3: /* the machine was cloned */
        clone_seed[0] = act->how | 1;
        services_demand(!leat_reseed(services_ends[0].stack, clone_seed), "another seed");
        break;
    default:
        write_line(act->how, act->more);
        break;
    }
}
