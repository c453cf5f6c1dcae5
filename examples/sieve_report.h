/* sieve_report.h -- one line about lists, in pieces. It stays until the next one begins. */
#ifndef SIEVE_REPORT_H
#define SIEVE_REPORT_H

#include <leat/blocklist.h>

void report_begin(void);
void report_add(const char *text);
void report_add_number(uint64_t number);

/* The numbers of a text's lines, and the first ones that were refused. */
void report_add_lines(const struct leat_blocklist_text *text);

/* The names that were added to a set since @before. */
void report_add_names(const struct leat_blocklist_counts *counts,
                      const struct leat_blocklist_counts *before);

/* The line; live. */
const char *report(void);

#endif
