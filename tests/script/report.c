/* report.c -- the output of a run. */
#include <stdarg.h>
#include <stdio.h>

#include "run.h"

struct report_time report_time(const struct run *run, uint64_t at_ns)
{
    const uint64_t us = (at_ns - run->machine->start_ns) / 1000;
    struct report_time time;

    snprintf(time.text, sizeof time.text, "%llu.%06llu", (unsigned long long)(us / 1000000),
             (unsigned long long)(us % 1000000));
    return time;
}

void report_failure(struct run *run, struct position at, const char *format, ...)
{
    va_list args;

    if (run->outcome != RUN_PASSED)
        return;
    run->outcome = RUN_FAILED;
    fprintf(run->out, "%s:%u: ", run->path, at.line);
    va_start(args, format);
    vfprintf(run->out, format, args);
    va_end(args);
    fputc('\n', run->out);
}

void report_line(struct run *run, const char *label, const struct packet *packet)
{
    char text[PACKET_TEXT_BYTES];

    packet_format(packet, text);
    fprintf(run->out, "    %-10s%s\n", label, text);
}

void report_note(struct run *run, struct position at, const char *text)
{
    fprintf(run->out, "%s:%u: note: %s\n", run->path, at.line, text);
}

void report_event(struct run *run, const struct event *event)
{
    char text[PACKET_TEXT_BYTES];

    if (!run->mode.verbose)
        return;
    printf("%s:%u: %s ", run->path, event->at.line, report_time(run, run->machine->now_ns).text);
    if (event->kind == EVENT_PACKET) {
        packet_format(&event->packet, text);
        puts(text);
    } else if (event->kind == EVENT_CALL) {
        printf("%s()\n", event->call.name);
    } else {
        puts(event->kind == EVENT_SHELL ? "`...`" : "%{ }%");
    }
}
