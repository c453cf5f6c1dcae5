/* sieve_kept.c -- see sieve_kept.h. */
#include "sieve_kept.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <leat/civil.h>

#include "sieve_copies.h"
#include "sieve_lists.h"
#include "sieve_report.h"
#include "sieve_totals.h"

enum {
    LABEL_FIELDS = 4 /* of a copy: URL, ETag, date, time; a line each */
};

/* The label of the one text that was sent.  It is no URL. */
static const char sent[] = "sent";

static const uint64_t second_ns = 1000000000;
static const uint64_t patience_ns = 60 * UINT64_C(1000000000); /* for a slow disk */

static struct {
    struct leat_platform *platform;
    struct shelf shelf;
    bool has_shelf;
    struct leat_blocklist *list; /* gets the bytes that are read; NULL: a draft gets them */
    bool is_reading;
    enum leat_err err;  /* of the reading */
    bool is_writing;    /* the copies are being written */
    bool is_committing; /* they are written, and the store is about to name them */
    bool is_stale;      /* newer copies have come since the writing began */
    bool is_full;       /* the disk had no room the last time, and a line said so */
    unsigned copy;      /* the one that is written */
    size_t at;          /* the next byte of it */
} kept;

static void say(const char *text)
{
    char line[200];

    snprintf(line, sizeof line, "%s: %.180s", example.name, text);
    kept.platform->say(kept.platform, line);
}

static bool is_busy(void)
{
    return !totals_are_read() || kept.is_reading || kept.shelf.is_opening;
}

/* Polls until nothing is busy. */
static bool wait(void)
{
    struct leat_host *host = kept.platform->host;
    const uint64_t began_ns = host->now_ns(host);
    uint64_t now_ns = began_ns;

    for (; is_busy() && now_ns - began_ns < patience_ns; now_ns = host->now_ns(host))
        leat_poll(kept.platform->stack, now_ns);
    return !is_busy();
}

static void on_bytes(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    if (kept.list)
        leat_blocklist_read(kept.list, bytes, len);
    else if (!copies_write(bytes, len))
        kept.is_full = true;
}

static void on_read(void *arg, enum leat_err err)
{
    (void)arg;
    kept.is_reading = false;
    kept.err = err;
}

static void tell_lists(const struct leat_blocklist_counts *before)
{
    char date[LEAT_CIVIL_HTTP_BYTES];

    report_begin();
    report_add(example.name);
    report_add(": the lists that were sent ");
    if (kept.shelf.kept.written_s > 0) {
        leat_civil_format_http(kept.shelf.kept.written_s * second_ns, date);
        report_add("on ");
        report_add(date);
    } else {
        report_add("in an earlier run");
    }
    report_add(" serve: ");
    report_add_names(leat_blocklist_counts(kept.list), before);
    report_add("; ");
    report_add_lines(leat_blocklist_text(kept.list));
    kept.platform->say(kept.platform, report());
}

/* Makes a set of the kept lists. */
static void load_lists(void)
{
    struct leat_blocklist_counts before;

    kept.list = lists_begin(kept.shelf.kept.texts[0].bytes);
    if (!kept.list)
        return;
    before = *leat_blocklist_counts(kept.list);
    kept.is_reading = true;
    shelf_read(&kept.shelf, 0, on_bytes, on_read, NULL);
    if (!wait()) {
        say("the disk doesn't answer, so the lists that were sent are not used");
        kept.has_shelf = false;
        return;
    }
    leat_blocklist_end(kept.list);
    if (kept.err == LEAT_ERR_FORMAT)
        say("the lists that were sent are damaged, and are not used");
    else if (kept.err)
        say("the lists that were sent can't be read, and are not used");
    else if (leat_blocklist_counts(kept.list)->full > before.full)
        say("the lists that were sent have too many names, and are not used");
    if (kept.err || leat_blocklist_counts(kept.list)->full > before.full)
        return;
    lists_serve();
    tell_lists(&before);
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* Writes the line that @label begins with to @field; returns what is behind it, or NULL. */
static const char *take_line(const char *label, char *field, size_t size)
{
    const char *end = label ? strchr(label, '\n') : NULL;
    const size_t len = end ? (size_t)(end - label) : size;

    if (len >= size)
        return NULL;
    memcpy(field, label, len);
    field[len] = '\0';
    return end + 1;
}

/* The list that a label is about; NULL: it is not fetched any more. */
static struct copy *copy_of(const char *label)
{
    static char fields[LABEL_FIELDS][COPY_URL_BYTES];
    const char *at = label;
    struct copy *copy = NULL;

    for (unsigned i = 0; i < LABEL_FIELDS; i++)
        at = take_line(at, fields[i], sizeof fields[i]);
    for (unsigned i = 0; at && copies_at(i) && !copy; i++)
        copy = strcmp(copies_at(i)->url, fields[0]) == 0 ? copies_at(i) : NULL;
    if (!copy || strlen(fields[1]) >= sizeof copy->tag ||
        strlen(fields[2]) >= sizeof copy->modified)
        return NULL;
    memcpy(copy->tag, fields[1], sizeof copy->tag);
    memcpy(copy->modified, fields[2], sizeof copy->modified);
    copy->fetched_s = 0;
    for (const char *c = fields[3]; *c; c++)
        copy->fetched_s = copy->fetched_s * 10 + (uint64_t)(*c - '0');
    return copy;
}

/* Reads a kept text as the copy of its list.  False: the disk doesn't answer. */
static bool load_copy(unsigned index)
{
    struct copy *copy = copy_of(kept.shelf.kept.texts[index].label);

    if (!copy)
        return true;
    copies_begin();
    kept.is_full = false;
    kept.list = NULL;
    kept.is_reading = true;
    shelf_read(&kept.shelf, index, on_bytes, on_read, NULL);
    if (!wait()) {
        say("the disk doesn't answer, so lists that were fetched are not used");
        kept.has_shelf = false;
        return false;
    }
    if (kept.err || kept.is_full)
        say("a list that was fetched can't be read again, and is not used");
    else if (kept.shelf.kept.texts[index].bytes > 0)
        copies_take(copy);
    kept.is_full = false;
    return true;
}

static void write_on(void *arg);

static void begin_writing(void)
{
    kept.is_writing = true;
    kept.is_stale = false;
    kept.copy = UINT_MAX; /* the next one is the first */
    kept.at = 0;
    shelf_begin(&kept.shelf, write_on, NULL);
    write_on(NULL);
}

static void on_written(void *arg, enum leat_err err)
{
    (void)arg;
    kept.is_writing = kept.is_committing = false;
    if (err && !kept.is_full)
        say(err == LEAT_ERR_FULL ? "the disk of --store has no room for the lists that were fetched"
                                 : "the lists that were fetched are NOT kept for the next start");
    kept.is_full = err != LEAT_OK;
    if (kept.is_stale)
        begin_writing();
}

/* Begins the next copy that isn't empty; NULL: there is none. */
static const struct copy *next_copy(void)
{
    static char label[SHELF_LABEL_BYTES];
    const struct copy *copy;

    do {
        copy = copies_at(++kept.copy);
    } while (copy && copy->len == 0);
    kept.at = 0;
    if (!copy)
        return NULL;
    snprintf(label, sizeof label, "%s\n%s\n%s\n%llu\n", copy->url, copy->tag, copy->modified,
             (unsigned long long)copy->fetched_s);
    shelf_text(&kept.shelf, label);
    return copy;
}

/* Writes as much as the disk takes now. */
static void write_on(void *arg)
{
    const struct copy *copy = kept.copy == UINT_MAX ? NULL : copies_at(kept.copy);

    (void)arg;
    for (;;) {
        if (!copy || kept.at == copy->len)
            copy = next_copy();
        if (!copy)
            break;
        if (shelf_space(&kept.shelf) == 0)
            return;
        kept.at += shelf_add(&kept.shelf, copies_bytes(copy) + kept.at, copy->len - kept.at);
    }
    kept.is_committing = true;
    shelf_commit(&kept.shelf, on_written, NULL);
}

bool kept_is_writing(void)
{
    return kept.is_writing;
}

/* ---- the disk -------------------------------------------------------------------------------- */

static bool has_copies(void)
{
    bool any = false;

    for (unsigned i = 0; copies_at(i); i++)
        any |= copies_at(i)->len > 0;
    return any;
}

static bool has_sent(void)
{
    return kept.shelf.kept.count == 1 && strcmp(kept.shelf.kept.texts[0].label, sent) == 0;
}

void kept_load(struct leat_platform *platform)
{
    if (!totals_open(platform))
        return;
    kept.platform = platform;
    kept.has_shelf = shelf_open(&kept.shelf, platform, "sieve/lists");
    if (!wait()) {
        say("the disk doesn't answer, so nothing of the runs before is used");
        kept.has_shelf = false;
    }
    if (leat_civil_ns(platform->stack) == 0)
        leat_civil_from_host(platform->stack, platform->host);
    if (kept.has_shelf && has_sent()) {
        load_lists();
        return;
    }
    for (unsigned i = 0; kept.has_shelf && i < kept.shelf.kept.count; i++) {
        if (!load_copy(i))
            break;
    }
}

struct shelf *kept_shelf(void)
{
    return kept.has_shelf ? &kept.shelf : NULL;
}

static void on_forgotten(void *arg, enum leat_err err)
{
    (void)arg;
    if (err)
        say("the lists that were sent can't be removed from the disk, and serve at the next start");
}

void kept_update(void)
{
    if (kept.is_committing)
        kept.is_stale = true;
    else if (kept.has_shelf && has_copies())
        begin_writing();
}

void kept_drop_sent(void)
{
    if (!kept.has_shelf || !has_sent())
        return;
    if (has_copies())
        kept_update();
    else
        shelf_forget(&kept.shelf, on_forgotten, NULL);
}
