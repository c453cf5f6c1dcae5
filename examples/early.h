/* early.h -- a client's request as early data of TLS (0-RTT), by a ticket that a file keeps: --early. */
#ifndef EARLY_H
#define EARLY_H

#include <leat/http_client.h>

#include "example.h"

/* Reads the ticket, for a client that is opened with @config, behind trust().  Returns NULL, or one
 * line that says why it can't be. */
const char *early_open(struct example_platform *platform, struct leat_http_client_config *config);

/* Lets the first request of the client go early, if it is one that may come twice; gives @request. */
const struct leat_http_request *early_ask(struct leat_http_request *request);

/* Says what became of it, keeps the ticket for the next time, for which it waits a little, closes the
 * client, and ends the program with this exit status. */
void early_end(struct leat_http_client *client, int status);

#endif
