/* early.h -- sends a client's request as early data of TLS (0-RTT), by a ticket in a file: --early.
 */
#ifndef EARLY_H
#define EARLY_H

#include <leat/http_client.h>

#include "example.h"

/* Reads the ticket, for a client that is opened with @config; call it after trust().  Returns NULL,
 * or one line with the reason of the failure. */
const char *early_open(struct leat_platform *platform, struct leat_http_client_config *config);

/* Makes the first request of the client early, if it may come twice; returns @request. */
const struct leat_http_request *early_ask(struct leat_http_request *request);

/* Reports what the server did with it, waits a little for the next ticket and stores it, closes the
 * client, and ends the program with this exit status. */
void early_end(struct leat_http_client *client, int status);

#endif
