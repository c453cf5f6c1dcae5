/* secure_none.c -- a build without cryptography has no encrypted port. */
#include "secure.h"

const struct leat_http_route *secure_route(void)
{
    return NULL;
}

void secure_take_early(struct leat_http_server_config *config)
{
    (void)config;
}

const char *secure_reload(struct leat_platform *platform)
{
    (void)platform;
    return "this program was built without cryptography";
}

void secure_end(struct leat_platform *platform)
{
    (void)platform;
}

const char *secure_check(struct leat_platform *platform)
{
    return platform->certificate || platform->acme ? "this program was built without cryptography"
                                                   : NULL;
}

const char *secure_serve(struct leat_platform *platform, const struct secure_port *ports,
                         unsigned count)
{
    (void)platform;
    (void)ports;
    (void)count;
    return "this program was built without cryptography";
}
