/*
 * metadata.h -- options from outside of the command line: from a cloud's metadata server, or from a
 * seed disk (--metadata).
 *
 * User data are lines of a configuration file. Address and host name become such lines, too
 * (facts.h). options_parse() reads both: the command line wins over user data, and these over the
 * rest. A seed is read before there is a network, so it can set every option. The servers are asked
 * by the stack itself, so what they say can't change the stack any more, or its device.
 */
#ifndef METADATA_H
#define METADATA_H

#include <leat/files.h>

#include "bring_up.h"
#include "options.h"

/* Gives @world the texts, of which there are none yet. */
void metadata_open(struct options_world *world);

/* Reads the seed; @disk is for messages.  NULL, or what is wrong, in static memory. */
const char *metadata_read_seed(const struct options_metadata *choice,
                               struct leat_files_medium *medium, const char *disk);

/* True if a server is to be asked. */
bool metadata_is_asked(const struct options *options);

/* Asks the server: waits for an address of @up's stack, and polls it.  NULL, or what is wrong. If
 * the program shall end meanwhile, the stack is draining or stopped, and there are no texts. */
const char *metadata_ask(struct bring_up *up);

/* A line about what was left out; NULL: nothing was. */
const char *metadata_note(void);

/* ---- private: shared by its two files */

enum {
    METADATA_USER_BYTES = 8192 /* as a configuration file may have */
};

/* Keeps user data.  NULL, or what is wrong. */
const char *metadata_take_user(const char *bytes, size_t len);

/* A complaint "--metadata WHERE: WHY". */
const char *metadata_complain(const struct options_metadata *choice, const char *why);

/* Facts are added to it, and then it is closed. */
struct facts;
struct facts *metadata_facts(void);
void metadata_end_facts(void);

#endif
