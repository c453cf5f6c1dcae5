/* trust_none.c -- a build without cryptography has neither "https" nor --dot. */
#include "trust.h"

void trust_authorities(const char *file)
{
    (void)file;
}

const char *trust(struct leat_platform *platform, struct leat_http_client_config *config)
{
    (void)platform;
    (void)config;
    return "this program was built without cryptography";
}

const char *trust_servers(struct leat_platform *platform, struct leat_resolver_config *config)
{
    (void)platform;
    (void)config;
    return "this program was built without cryptography";
}

const char *trust_why(const struct leat_stream *session)
{
    (void)session;
    return "there is no TLS";
}

bool trust_refused(const struct leat_stream *session)
{
    (void)session;
    return false;
}
