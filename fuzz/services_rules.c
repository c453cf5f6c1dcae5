/* services_rules.c -- the acts of the program, and the callbacks in which they happen. */
#include "services.h"

#include <string.h>

struct rule {
    uint8_t calls; /* a bit for each kind of callback; 0: the rule has been applied */
    bool stays;
    struct services_act act;
};

static struct rule rules[SERVICES_RULES];
static unsigned rule_next;
enum services_call services_where;

void services_rule(uint8_t calls, bool stays, const struct services_act *act)
{
    rules[rule_next++ % SERVICES_RULES] = (struct rule){calls, stays, *act};
}

void services_forget_rules(void)
{
    memset(rules, 0, sizeof rules);
    rule_next = 0;
    services_where = SERVICES_OUTSIDE;
}

void services_obey(enum services_call call, void *self)
{
    const enum services_call outer = services_where;

    services_where = call;
    for (unsigned i = 0; i < SERVICES_RULES; i++) {
        struct rule *rule = &rules[i];
        const struct services_act act = rule->act;

        if (!(rule->calls >> call & 1))
            continue;
        if (!rule->stays)
            rule->calls = 0;
        services_act(&act, self);
    }
    services_where = outer;
}

/* False for an act that would end the service whose callback runs. */
static bool may(unsigned calls)
{
    return calls >> services_where & 1;
}

enum {
    OUTSIDE = 1 << SERVICES_OUTSIDE,
    LOOKUP = 1 << SERVICES_ON_LOOKUP,
    EXCHANGE = 1 << SERVICES_ON_EXCHANGE | 1 << SERVICES_ON_EXCHANGE_FAILED,
    CALL = 1 << SERVICES_ON_CALL | 1 << SERVICES_ON_CALL_FAILED,
    CHANGE = 1 << SERVICES_ON_CHANGE
};

/* Opens the services that are closed. */
static void open_all(void)
{
    services_names_open();
    services_web_open();
    services_tasks_open();
    services_calls_open();
}

/* Ends a service, and opens it again, at once or in a later act. */
static void restart(const struct services_act *act)
{
    const bool again = act->how & 1;

    switch (act->which % 4) {
    case 0: /* the resolver, and its users */
        if (!may(OUTSIDE | CHANGE))
            break;
        services_calls_close();
        services_tasks_close();
        services_names_close();
        if (again)
            open_all();
        break;
    case 1:
        if (!may(OUTSIDE | LOOKUP | EXCHANGE | CHANGE))
            break;
        services_calls_close();
        if (again)
            services_calls_open();
        break;
    case 2: /* the server, and the tasks with exchanges of it */
        if (!may(OUTSIDE | LOOKUP | CALL | CHANGE))
            break;
        services_tasks_close();
        services_web_close(false);
        if (again) {
            services_web_open();
            services_tasks_open();
        }
        break;
    default:
        if (!may(OUTSIDE | LOOKUP | CALL | CHANGE))
            break;
        services_tasks_close();
        if (again)
            services_tasks_open();
        break;
    }
}

void services_act(const struct services_act *act, void *self)
{
    switch (act->what % 16) {
    case 0:
    case 1:
        services_names_act(act);
        break;
    case 2:
    case 3:
    case 4:
        services_calls_act(act, self);
        break;
    case 5:
    case 6:
    case 7:
        services_web_act(act, self);
        break;
    case 8:
        services_tasks_act(act);
        break;
    case 9:
        services_rest_act(act);
        break;
    case 10:
        if (act->more & 1)
            restart(act);
        else if (may(OUTSIDE))
            open_all();
        break;
    default:
        services_peer_act(act);
        break;
    }
}
