/*
 * run.c -- runs events in order, and advances the time between them.
 *
 * Relative times count from the end of the last event. Before an event the stack is polled at each
 * of its deadlines up to the event's time. Its packets are queued with their own times, and matched
 * by the next events that expect a packet.
 */
#include "run.h"

#include <inttypes.h>
#include <string.h>

#include "info.h"
#include "names.h"
#include "translate.h"

/* ---- time --------------------------------------------------------------------------------- */

/* The larger of 4 ms and an eighth of the time since the event before. */
uint64_t run_tolerance_ns(const struct run *run, uint64_t at_ns)
{
    const uint64_t now_ns = run->machine->now_ns;
    const uint64_t eighth = at_ns > now_ns ? (at_ns - now_ns) / 8 : 0;

    return eighth > run->settings.tolerance_ns ? eighth : run->settings.tolerance_ns;
}

static bool start_machine(struct run *run, const struct event *event)
{
    const char *why;

    if (run->machine->stack)
        return true;
    if (machine_start(run->machine, &run->settings, &why))
        return true;
    report_failure(run, event->at, "the stack does not start: %s", why);
    return false;
}

/* ---- calls -------------------------------------------------------------------------------- */

static void format_result(int64_t result, int error, char text[64])
{
    if (result < 0 && error > 0)
        snprintf(text, 64, "%lld %s", (long long)result, name_of_errno(error));
    else
        snprintf(text, 64, "%lld", (long long)result);
}

static void check_result(struct run *run)
{
    const struct call *call = run->calling.call;
    const struct calling *calling = &run->calling;
    const struct position at = run->calling_event->at;
    char expected[64], seen[64];

    if (calling->complaint[0]) {
        report_failure(run, at, "%s(): %s", call->name, calling->complaint);
        return;
    }
    if (call->any_result)
        return;
    if (calling->result == call->result && (call->error == 0 || calling->error == call->error))
        return;
    format_result(call->result, call->error, expected);
    format_result(calling->result, calling->error, seen);
    report_failure(run, at, "%s() returned %s, expected %s", call->name, seen, expected);
}

static void check_return_time(struct run *run)
{
    const uint64_t now_ns = run->machine->now_ns, until_ns = run->calling_until_ns;
    const uint64_t eighth = (until_ns - run->calling_from_ns) / 8;
    const uint64_t tolerance_ns =
        eighth > run->settings.tolerance_ns ? eighth : run->settings.tolerance_ns;

    if (run->machine->stack &&
        (now_ns + tolerance_ns < until_ns || now_ns > until_ns + tolerance_ns))
        report_failure(run, run->calling_event->at, "%s() returned at %s, expected at %s",
                       run->calling.call->name, report_time(run, now_ns).text,
                       report_time(run, until_ns).text);
}

static void try_pending(struct run *run)
{
    if (!run->pending || !call_try(&run->sockets, &run->calling))
        return;
    run->pending = false;
    check_result(run);
    check_return_time(run);
    if (run->machine->stack)
        machine_poll(run->machine);
}

void run_settle(struct run *run)
{
    machine_poll(run->machine);
    try_pending(run);
}

void run_until(struct run *run, uint64_t until_ns, bool stop_when_sent)
{
    struct machine *machine = run->machine;

    while (run->outcome == RUN_PASSED && !(stop_when_sent && machine->device.out)) {
        uint64_t step_ns = until_ns;

        if (run->pending && run->calling.until_ns > machine->now_ns &&
            run->calling.until_ns < step_ns)
            step_ns = run->calling.until_ns; /* poll()'s timeout is no deadline of the stack */
        if (!machine_step(machine, step_ns))
            break;
        try_pending(run);
    }
}

/* The blocking call must have returned before the next one begins. */
static void finish_pending(struct run *run)
{
    const uint64_t eighth = (run->calling_until_ns - run->calling_from_ns) / 8;
    const uint64_t tolerance_ns =
        eighth > run->settings.tolerance_ns ? eighth : run->settings.tolerance_ns;
    const uint64_t last_ns = run->calling_until_ns + tolerance_ns;

    while (run->pending && run->outcome == RUN_PASSED) {
        if (!machine_step(run->machine, last_ns)) {
            report_failure(run, run->calling_event->at, "%s() has not returned by %s",
                           run->calling.call->name, report_time(run, last_ns).text);
            run->pending = false;
        }
        try_pending(run);
    }
}

static void run_call(struct run *run, const struct event *event)
{
    const struct when *when = &event->when;

    finish_pending(run);
    if (call_needs_stack(&event->call) && !start_machine(run, event))
        return;
    run->calling = (struct calling){.call = &event->call};
    run->calling_event = event;
    run->calling_from_ns = run->machine->now_ns;
    run->calling_until_ns = run->machine->now_ns + (when->end_ns - when->ns);
    run->pending = true;
    try_pending(run);
    if (run->machine->stack)
        run_settle(run);
    if (!when->is_blocking)
        finish_pending(run);
}

/* ---- code and shell ----------------------------------------------------------------------- */

static void take_snapshot(struct run *run, struct snapshot *snapshot)
{
    const struct sock *sock = run->sockets.latest_tcp;

    *snapshot = (struct snapshot){.before = run->machine->before};
    if (run->machine->stack)
        snapshot->now = *leat_stats(run->machine->stack);
    if (sock && sock->listener)
        snapshot->tcp.state = LEAT_TCP_LISTEN;
    if (!sock || !sock->conn)
        return;
    leat_tcp_get_info(sock->conn, &snapshot->tcp);
    if (run->settings.version == IP_VERSION_6)
        snapshot->tcp.path_mtu_bytes -= TRANSLATE_MTU_MORE;
    for (const struct flow *flow = run->flows; flow < run->flows + FLOWS_MAX; flow++)
        snapshot->syn_data |= flow->used && flow->remote_port == snapshot->tcp.remote.port &&
                              flow->local_port == snapshot->tcp.local.port && flow->syn_data;
}

/* The names in an expression with their values, for a failed assertion. */
static void report_names(struct run *run, const struct snapshot *snapshot, const struct expr *expr)
{
    int64_t value = 0;

    if (!expr)
        return;
    if (expr->kind == EXPR_NAME && info_value(snapshot, expr->text, expr->len, &value))
        fprintf(run->out, "    %.*s is %" PRId64 "\n", (int)expr->len, expr->text, value);
    report_names(run, snapshot, expr->left);
    report_names(run, snapshot, expr->right);
}

/* Formats a message; each of its formats is a letter after %. */
static void print_format(FILE *to, const struct snapshot *snapshot, const struct expr *message)
{
    const struct expr *list = message->right;

    for (size_t i = 0; i < message->len; i++) {
        const char c = message->text[i];
        int64_t value = 0;

        if (c != '%' || !message->right || i + 1 == message->len) {
            fputc(c, to);
            continue;
        }
        i++;
        if (message->text[i] == '%') {
            fputc('%', to);
        } else if (list) {
            if (info_evaluate(snapshot, list->left, &value))
                fprintf(to, "%" PRId64, value);
            list = list->right;
        }
    }
}

static void print_message(FILE *to, const struct snapshot *snapshot, const struct expr *message)
{
    int64_t value = 0;

    fputs("    ", to);
    if (message->kind == EXPR_TEXT)
        print_format(to, snapshot, message);
    else if (info_evaluate(snapshot, message, &value))
        fprintf(to, "%" PRId64, value);
    fputc('\n', to);
}

static void run_code(struct run *run, const struct event *event)
{
    struct snapshot snapshot;

    take_snapshot(run, &snapshot);
    snapshot.variables = run->script->variables;
    for (const struct statement *statement = event->code; statement && run->outcome == RUN_PASSED;
         statement = statement->next) {
        int64_t value = 0;

        if (!statement->condition) {
            print_message(stdout, &snapshot, statement->message);
            continue;
        }
        if (!info_evaluate(&snapshot, statement->condition, &value)) {
            report_failure(run, statement->at, "a division by zero");
        } else if (statement->variable) {
            statement->variable->value = value;
        } else if (!value) {
            const size_t line = strcspn(statement->text, "\r\n");

            report_failure(run, statement->at, "%.*s is false",
                           (int)(line < statement->len ? line : statement->len), statement->text);
            report_names(run, &snapshot, statement->condition);
            if (statement->message)
                print_message(run->out, &snapshot, statement->message);
        }
    }
}

struct note_context {
    struct run *run;
    const struct event *event;
};

static void note_ignored(void *arg, const char *text)
{
    const struct note_context *context = arg;

    report_note(context->run, context->event->at, text);
}

static void run_shell(struct run *run, const struct event *event)
{
    struct note_context context = {run, event};

    if (run->machine->stack)
        report_note(run, event->at, "too late for settings: the stack runs already");
    else
        settings_shell(&run->settings, event->shell, event->shell_len, note_ignored, &context);
}

/* ---- events ------------------------------------------------------------------------------- */

/* Finds errors that are known before the script runs. */
static bool check_script(struct run *run)
{
    for (const struct script_option *option = run->script->options; option; option = option->next) {
        const enum setting_result result =
            settings_option(&run->settings, option->name, option->value);

        if (result == SETTING_DONE)
            continue;
        fprintf(run->out, "%s:%u:%u: %s --%s\n", run->path, option->at.line, option->at.column,
                result == SETTING_UNKNOWN ? "unknown option" : "bad value of", option->name);
        return false;
    }
    for (const struct event *event = run->script->events; event; event = event->next) {
        const struct expr *unknown = info_find_unknown(event->code, run->script->variables);

        if (!unknown)
            continue;
        fprintf(run->out, "%s:%u:%u: unknown name '%.*s'\n", run->path, unknown->at.line,
                unknown->at.column, (int)unknown->len, unknown->text);
        return false;
    }
    return true;
}

/* The caller's version, or the script's, or IPv4; false: these two differ on the wire. */
static bool choose_version(struct run *run)
{
    const enum ip_version wanted = run->mode.version, named = run->settings.version_named;

    run->settings.version = wanted != IP_VERSION_ANY ? wanted : named;
    return wanted == IP_VERSION_ANY || named == IP_VERSION_ANY ||
           (wanted == IP_VERSION_6) == (named == IP_VERSION_6);
}

/* Advances the time up to an event that isn't the stack's. */
static void wait_for(struct run *run, const struct event *event)
{
    struct machine *machine = run->machine;
    const bool relative = event->when.kind == WHEN_RELATIVE;

    /* at time 0 the stack may not exist yet, because settings may follow */
    if (event->when.ns > 0 && !start_machine(run, event))
        return;
    if (!machine->stack)
        return;
    run_until(run, (relative ? machine->now_ns : machine->start_ns) + event->when.ns, false);
    run_check_quiet(run, event);
}

static void run_event(struct run *run, const struct event *event)
{
    const bool outbound = event->kind == EVENT_PACKET && !event->packet.inbound;

    if (!outbound)
        wait_for(run, event);
    if (run->outcome != RUN_PASSED)
        return;
    if (event->kind == EVENT_PACKET && !start_machine(run, event))
        return;
    report_event(run, event);
    if (outbound)
        run_outbound(run, event);
    else if (event->kind == EVENT_PACKET)
        run_inbound(run, event);
    else if (event->kind == EVENT_CALL)
        run_call(run, event);
    else if (event->kind == EVENT_CODE)
        run_code(run, event);
    else
        run_shell(run, event);
}

enum run_outcome script_run(const char *path, const struct script *script, struct machine *machine,
                            struct run_mode mode, FILE *out)
{
    struct run run = {.path = path, .script = script, .machine = machine, .mode = mode, .out = out};
    const struct event *event, *last = 0;
    const char *left;

    settings_init(&run.settings);
    sockets_init(&run.sockets, machine, &run.settings);
    run.sockets.relaxed = run.mode.relaxed;
    if (run.mode.mtu)
        settings_option(&run.settings, "mtu", run.mode.mtu);
    machine->start_ns = machine->now_ns = 0;
    if (!check_script(&run))
        return RUN_UNUSABLE;
    if (!choose_version(&run))
        return RUN_SKIPPED;
    for (event = script->events; event && run.outcome == RUN_PASSED; event = event->next) {
        run_event(&run, event);
        last = event;
    }
    finish_pending(&run);
    if (last && machine->stack && run.outcome == RUN_PASSED)
        run_check_quiet(&run, last);
    sockets_free(&run.sockets);
    left = machine_stop(machine);
    if (left && last)
        report_failure(&run, last->at, "after the script %s", left);
    return run.outcome;
}
