/* option_take.h -- takes the value of one option, from the command line or a configuration file.
 * */
#ifndef OPTION_TAKE_H
#define OPTION_TAKE_H

#include "option_list.h"
#include "options.h"

/* The message for an option that is given too often; NULL: it has room for one more. */
const char *option_too_many(const struct options *options, unsigned key);

/* Where an option without a value is stored; NULL for others. */
bool *option_flag(struct options *options, unsigned key);

/* Takes one option; false if its value is wrong.  @text must stay valid. */
bool option_take(struct options *options, unsigned key, const char *text);

#endif
