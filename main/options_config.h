/* options_config.h -- options from metadata, and from the file of --config. */
#ifndef OPTIONS_CONFIG_H
#define OPTIONS_CONFIG_H

#include "options.h"

/* Adds the settings of the world's texts, and then those of options->config, that nothing before
 * gives: the command line, or a text.  Returns NULL, or
 * a line with the reason, in static memory. */
const char *options_config(struct options *options, const struct options_world *world,
                           const struct leat_app *app);

/* The texts of the first file that is kept stay for ever, those of a later one until the next
 * later one is kept.  Those of a file that isn't kept go when the next one is read. */
void options_config_keep(void);

#endif
