/* sieve_hosts.h -- local names of examples/sieve, with their addresses. */
#ifndef SIEVE_HOSTS_H
#define SIEVE_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/forwarder.h>

/* Takes "host=printer.home.arpa=192.168.1.9,fd00::9": a name and its addresses, at most one of each
 * family. Sets *@wrong to NULL, or to the reason why the word is refused. False: it is another
 * word. */
bool hosts_word(const char *word, const char **wrong);

/* Sets @own to the addresses of a local name, or to the local name of an address that is asked for
 * in reverse; false: it is another name. */
bool hosts_answer(const struct leat_forwarder_question *question, struct leat_forwarder_own *own);

/* How many questions were answered so. */
uint64_t hosts_answered(void);

#endif
