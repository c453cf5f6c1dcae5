/* trust_doh.h -- name servers that an example asks by HTTPS. */
#ifndef TRUST_DOH_H
#define TRUST_DOH_H

#include <leat/resolver.h>
#include <leat/tls.h>

#include "example.h"

/* Makes a resolver that is opened with @config ask all of its servers by HTTPS. The URL of --doh
 * has their port and their name. @client says how they are authenticated. Returns NULL, or one line
 * with the reason of the failure. */
const char *trust_doh(struct leat_platform *platform, struct leat_resolver_config *config,
                      const struct leat_tls_client *client);

#endif
