/* acme.c -- opens a client of ACME, ends it, and tells about it. */
#include <string.h>

#include "core/minmax.h"
#include "core/second.h"
#include "service.h"
#include "web/acme/acme.h"
#include "web/acme/words.h"

enum {
    ALIGN = 16,
    NAME_BYTES = 253,
    LABEL_BYTES = 63,
    RETRY_MIN_S = 60,
    RETRY_MAX_S = 6 * 3600,
    ATTEMPT_S = 15 * 60
};

size_t leat_acme_memory_bytes(void)
{
    return sizeof(struct leat_acme) + ALIGN;
}

/* ---- The configuration ----------------------------------------------------------------------- */

/* The bytes of the label at @at; 0: it is none (RFC 1123 2.1), or has capital letters. */
static size_t label_of(const char *at, bool *is_number)
{
    size_t len = 0;

    *is_number = true;
    for (; at[len] && at[len] != '.'; len++) {
        const char c = at[len];
        const bool is_digit = c >= '0' && c <= '9';

        if (!is_digit && c != '-' && (c < 'a' || c > 'z'))
            return 0;
        *is_number = *is_number && is_digit;
    }
    return len == 0 || len > LABEL_BYTES || at[0] == '-' || at[len - 1] == '-' ? 0 : len;
}

/* True for a DNS name with a dot in it and none at its end, which is no address. */
static bool is_name(const char *name)
{
    const char *at = name;
    unsigned dots = 0;
    bool is_number;
    size_t len;

    while ((len = label_of(at, &is_number)) > 0 && at[len] == '.') {
        at += len + 1;
        dots++;
    }
    return len > 0 && dots > 0 && !is_number && acme_len(name) <= NAME_BYTES;
}

/* True if @text can be part of a string in JSON as it is. */
static bool is_plain(const char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text >= 0x7f || *text == '"' || *text == '\\')
            return false;
    }
    return true;
}

/* Copies @text to the client's memory.  NULL: it has no room, or is NULL. */
static const char *copy(struct leat_acme *acme, struct text *room, const char *text)
{
    const size_t from = room->len;

    if (!text || acme_len(text) + 1 > room->room - room->len)
        return NULL;
    memcpy(acme->texts + from, text, acme_len(text) + 1);
    room->len += acme_len(text) + 1;
    return acme->texts + from;
}

/* Checks what is sent to the authority. */
static enum leat_err check(const struct leat_acme_config *config)
{
    struct leat_url url;
    size_t bytes = 0;

    for (unsigned i = 0; i < config->name_count; i++) {
        if (!is_name(config->names[i]))
            return LEAT_ERR_FORMAT;
        bytes += acme_len(config->names[i]) + 4;
    }
    if (bytes > ACME_NAMES_BYTES || acme_len(config->directory) >= ACME_URL_BYTES)
        return LEAT_ERR_TOO_BIG;
    if (leat_url_parse(&url, config->directory) || !is_plain(config->directory) ||
        (config->contact && !is_plain(config->contact)) ||
        (config->binding_id && !is_plain(config->binding_id)))
        return LEAT_ERR_FORMAT;
    return LEAT_OK;
}

/* True if a member is missing. */
static bool lacks(const struct leat_acme_config *config)
{
    return LEAT_RESERVED_IS_USED(config) || !config->crypto || !config->client ||
           !config->directory || !config->names || config->name_count == 0 ||
           config->name_count > LEAT_ACME_NAMES_MAX || (config->no_http && !config->tls) ||
           !config->keep.get || !config->keep.put || !config->on_certificate ||
           !config->binding_id != !config->binding_key;
}

/* Copies the strings.  False: they are too long. */
static bool take(struct leat_acme *acme)
{
    struct leat_acme_config *config = &acme->config;
    struct text room = {acme->texts, 0, sizeof acme->texts};
    bool done = true;

    for (unsigned i = 0; i < config->name_count; i++) {
        acme->names[i] = copy(acme, &room, config->names[i]);
        done = done && acme->names[i];
    }
    config->names = acme->names;
    config->directory = copy(acme, &room, config->directory);
    done = done && config->directory;
    if (config->contact)
        done = (config->contact = copy(acme, &room, config->contact)) != NULL && done;
    if (config->binding_id)
        done = (config->binding_id = copy(acme, &room, config->binding_id)) != NULL && done;
    config->binding_key = NULL; /* it is decoded */
    return done;
}

static void set_defaults(struct leat_acme_config *config)
{
    if (config->attempt_ns == 0)
        config->attempt_ns = ATTEMPT_S * second_ns;
    if (config->retry_min_ns == 0)
        config->retry_min_ns = RETRY_MIN_S * second_ns;
    if (config->retry_max_ns == 0)
        config->retry_max_ns = RETRY_MAX_S * second_ns;
}

/* ---- Life ------------------------------------------------------------------------------------ */

enum leat_err leat_acme_open(struct leat_acme **acme, struct leat *stack, void *memory,
                             size_t bytes, const struct leat_acme_config *config)
{
    uint8_t *const at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_acme *made = (struct leat_acme *)(void *)at;
    enum leat_err err;

    if (lacks(config))
        return LEAT_ERR_ARGUMENT;
    err = check(config);
    if (err)
        return err;
    if (bytes < leat_acme_memory_bytes())
        return LEAT_ERR_MEMORY;
    memset(made, 0, sizeof *made);
    made->stack = stack;
    made->config = *config;
    made->crypto = config->crypto;
    set_defaults(&made->config);
    if (config->binding_key) {
        made->binding_len = decode_url(config->binding_key, made->binding, sizeof made->binding);
        if (made->binding_len == 0)
            return LEAT_ERR_FORMAT;
    }
    if (!take(made))
        return LEAT_ERR_TOO_BIG;
    made->is_secure = acme_begins_with(config->directory, "https");
    made->state = ACME_FIRST_STATE;
    made->call.on_end = acme_event;
    made->timer.on_time = acme_on_time;
    made->timer.arg = made;
    leat_timer_set(stack, &made->timer, 0);
    *acme = made;
    return LEAT_OK;
}

void leat_acme_close(struct leat_acme *acme)
{
    struct acme_proof *proof = &acme->proof;

    leat_timer_cancel(acme->stack, &acme->timer);
    acme_call_end(acme);
    acme_proof_hide(acme);
    acme_key_close(&acme->account, acme->crypto);
    acme_key_close(&acme->key, acme->crypto);
    if (proof->key.is_open)
        leat_tls_identity_close(&proof->identity, acme->crypto);
    acme_key_close(&proof->key, acme->crypto);
    leat_crypto_wipe(acme, sizeof *acme);
}

void leat_acme_kept(struct leat_acme *acme, enum leat_err err, size_t len)
{
    leat_debug_assert(len <= sizeof acme->value);
    acme->is_kept = true;
    acme->kept_err = err;
    acme->kept_len = err ? 0 : len;
    leat_timer_set(acme->stack, &acme->timer, 0);
}

void leat_acme_now(struct leat_acme *acme, bool force)
{
    if (acme->state != ACME_IDLE)
        return;
    acme->retry_ns = 0;
    acme->is_forced = force;
    acme->times.check_s = acme->times.ends_s > 0 ? 1 : 0;
    leat_timer_set(acme->stack, &acme->timer, 0);
}

void leat_acme_get_info(const struct leat_acme *acme, struct leat_acme_info *info)
{
    static const char *const names[ACME_NSTATES] = {ACME_STATE_NAMES};
    const struct acme_times *times = &acme->times;
    const uint64_t now_ns = leat_now_ns(acme->stack);

    *info = acme->info;
    info->state = names[acme->state];
    info->busy = acme->state != ACME_IDLE;
    info->ends_s = times->ends_s;
    info->next_s = times->ends_s > 0 ? times->renew_s : 0;
    if (acme->retry_ns > now_ns && acme_civil_s(acme) > 0) /* nothing is done before */
        info->next_s =
            max64(info->next_s, acme_civil_s(acme) + (acme->retry_ns - now_ns) / second_ns);
    info->why = acme->why;
}
