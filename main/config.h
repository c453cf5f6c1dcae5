/* config.h -- the text of a configuration file. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

/* The text, and the function that takes its settings.  Set the first five members. */
struct config {
    const char *section; /* settings below another [NAME] are left out */
    /* Takes one setting; both words end with a NUL, and stay in the text.  @value is NULL for a
     * name without one.  Returns NULL, or what is wrong with it, which ends the reading. */
    const char *(*take)(void *arg, const char *name, const char *value, unsigned line);
    void *arg;
    char *text; /* ends with a new line; it is changed */
    size_t len;
    unsigned line;      /* the line that was read last */
    const char *why;    /* NULL, or what is wrong there */
    char *name, *value; /* private: of the current line, as all that follows */
    size_t name_len, value_len;
    bool is_quoted, is_section, is_left_out;
    const char *expected; /* what is wrong if the next byte doesn't fit */
};

/* Reads all settings.  False: config->why says what is wrong in config->line. */
bool config_read(struct config *config);

#endif
