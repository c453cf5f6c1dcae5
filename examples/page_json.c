/* page_json.c -- see page_json.h. */
#include "page_json.h"

#include <stdio.h>

#include <leat/civil.h>

static const uint64_t second_ns = 1000000000;

void json_number(struct page *page, const char *before, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    page_add(page, before);
    page_add(page, text);
}

void json_text(struct page *page, const char *before, const char *text)
{
    page_add(page, before);
    page_add(page, "\"");
    for (; *text; text++) {
        const char one[] = {(char)(*text >= ' ' && *text <= '~' ? *text : '?'), '\0'};

        if (*text == '"' || *text == '\\')
            page_add(page, "\\");
        page_add(page, one);
    }
    page_add(page, "\"");
}

void json_time(struct page *page, const char *before, uint64_t civil_s)
{
    const struct leat_civil_date date = leat_civil_date(civil_s * second_ns);
    char text[40];

    snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02uZ", date.year, date.month, date.day,
             date.hour, date.minute, date.second);
    if (civil_s > 0) {
        json_text(page, before, text);
        return;
    }
    page_add(page, before);
    page_add(page, "null");
}
