/* sieve_report.c -- see sieve_report.h. */
#include "sieve_report.h"

#include <stdio.h>
#include <string.h>

static char line[1000];

/* The end of the line, and the room behind it. An image has no vsnprintf(). */
static char *end(void)
{
    return line + strlen(line);
}

static size_t room(void)
{
    return sizeof line - strlen(line);
}

void report_begin(void)
{
    line[0] = '\0';
}

void report_add(const char *text)
{
    snprintf(end(), room(), "%s", text);
}

void report_add_number(uint64_t number)
{
    snprintf(end(), room(), "%llu", (unsigned long long)number);
}

const char *report(void)
{
    return line;
}

void report_add_lines(const struct leat_blocklist_text *text)
{
    snprintf(end(), room(), "of %llu lines %llu understood, %llu ignored, %llu refused",
             (unsigned long long)text->lines, (unsigned long long)text->understood,
             (unsigned long long)text->ignored, (unsigned long long)text->refused);
    if (text->expressions > 0)
        snprintf(end(), room(), ", %llu of them regular expressions",
                 (unsigned long long)text->expressions);
    if (text->rewrites > 0)
        snprintf(end(), room(), ", %llu would rewrite names and do nothing",
                 (unsigned long long)text->rewrites);
    if (text->over_limit > 0)
        snprintf(end(), room(),
                 ", %llu refused because a list has at most %u regular expressions, all "
                 "together have limited work, and a name has at most %u conditions",
                 (unsigned long long)text->over_limit, (unsigned)LEAT_BLOCKLIST_EXPRESSIONS,
                 (unsigned)LEAT_BLOCKLIST_NAME_RULES);
    if (text->no_room > 0)
        snprintf(end(), room(), ", %llu refused because the memory for conditions is full",
                 (unsigned long long)text->no_room);
    for (unsigned i = 0; i < text->told; i++)
        snprintf(end(), room(), "%s line %llu \"%s\"", i == 0 ? ":" : ",",
                 (unsigned long long)text->first[i].number, text->first[i].text);
}

void report_add_names(const struct leat_blocklist_counts *counts,
                      const struct leat_blocklist_counts *before)
{
    snprintf(end(), room(), "%llu names, %llu repeated, %llu left out for want of room",
             (unsigned long long)(counts->names - before->names),
             (unsigned long long)(counts->again - before->again),
             (unsigned long long)(counts->full - before->full));
}
