/* sieve_kept.c -- see sieve_kept.h. */
#include "sieve_kept.h"

#include <stdio.h>
#include <string.h>

#include <leat/civil.h>

#include "sieve_lists.h"
#include "sieve_report.h"
#include "sieve_totals.h"

static const uint64_t second_ns = 1000000000;
static const uint64_t patience_ns = 60 * UINT64_C(1000000000); /* for a slow disk */

static struct {
    struct leat_platform *platform;
    struct shelf shelf;
    bool has_shelf;
    struct leat_blocklist *list; /* that is read */
    bool is_reading;
    enum leat_err err; /* of that */
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
    leat_blocklist_read(kept.list, bytes, len);
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
    if (kept.has_shelf && kept.shelf.kept.count > 0)
        load_lists();
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

void kept_forget(void)
{
    if (kept.has_shelf && kept.shelf.kept.count > 0)
        shelf_forget(&kept.shelf, on_forgotten, NULL);
}
