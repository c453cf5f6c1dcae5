/* account.c -- the directory, renewal information, and the account (RFC 8555 7.1.1, 7.3; RFC 9773).
 */
#include <string.h>

#include "core/assert.h"
#include "core/minmax.h"
#include "web/acme/acme.h"
#include "web/acme/words.h"

/* ---- The store ------------------------------------------------------------------------------- */

void acme_load_account(ACME_PARAMETERS)
{
    const struct leat_acme_keep *keep = &acme->config.keep;

    (void)step;
    acme->why[0] = '\0';
    keep->get(keep->context, acme, LEAT_ACME_ACCOUNT, acme->value, sizeof acme->value);
}

void acme_read_account_key(ACME_PARAMETERS)
{
    (void)step;
    if (!acme_key_read(&acme->account, acme->crypto, acme->value, acme->kept_len)) {
        struct text text = acme_line(acme);

        text_add(&text, "the kept key of the account isn't one of ours; a new account follows");
        acme_line_end(acme, &text);
    }
    leat_crypto_wipe(acme->value, sizeof acme->value);
}

void acme_load_certificate(ACME_PARAMETERS)
{
    const struct leat_acme_keep *keep = &acme->config.keep;

    (void)step;
    keep->get(keep->context, acme, LEAT_ACME_CERTIFICATE, acme->value, sizeof acme->value);
}

void acme_make_account(ACME_PARAMETERS)
{
    const struct leat_acme_keep *keep = &acme->config.keep;
    struct text text = {acme->call.post, 0, sizeof acme->call.post};

    if (!acme_key_make(&acme->account, acme->crypto)) {
        acme_why(acme, "the provider of cryptography makes no key", "");
        acme_follow(step, ACME_keep_failed);
        return;
    }
    leat_debug_assert(!acme->call.http);
    /* the buffer of requests, because none is under way, and acme->value has the certificate */
    encode_pem(&text, "EC PRIVATE KEY", acme->account.der, sizeof acme->account.der);
    leat_debug_assert(text.len < text.room);
    acme->call.post_len = (uint32_t)text.len;
    keep->put(keep->context, acme, LEAT_ACME_ACCOUNT, acme->call.post, text.len);
}

/* ---- The directory --------------------------------------------------------------------------- */

void acme_ask_directory(ACME_PARAMETERS)
{
    acme->why[0] = '\0';
    acme->kid[0] = '\0';
    acme->nonce[0] = '\0'; /* it may be old */
    acme->until_ns = leat_now_ns(acme->stack) + acme->config.attempt_ns;
    acme->left = ACME_REQUESTS_MAX;
    acme_get(acme, step, acme->config.directory);
}

/* Why an account isn't possible here, or NULL. */
static const char *obstacle(struct leat_acme *acme, int meta)
{
    const struct json *json = &acme->json;
    const int terms = json_member(json, meta, "termsOfService");

    if (terms != JSON_NONE && !acme->config.agree) {
        char url[LEAT_ACME_WHY_BYTES / 2];

        json_words(json, terms, url, sizeof url);
        acme_why(acme, "the user must agree to the authority's terms of service: ", url);
        return acme->why;
    }
    if (json_is_true(json, json_member(json, meta, "externalAccountRequired")) &&
        !acme->config.binding_id)
        return "the authority wants an external account";
    return NULL;
}

/* The event that orders a certificate, or that makes a key before. */
static enum acme_event to_order(struct leat_acme *acme)
{
    leat_debug_assert(!acme->attempts);
    acme->attempts = true;
    acme->info.orders++;
    return acme->account.is_open ? ACME_has_account : ACME_lacks_account;
}

void acme_read_directory(ACME_PARAMETERS)
{
    struct acme_directory *directory = &acme->directory;
    const struct json *json = &acme->json;
    const char *wrong;

    if (!acme_parse(acme, step))
        return;
    acme_take_url(acme, json_member(json, 0, "renewalInfo"), directory->renewal_info);
    if (!acme_take_url(acme, json_member(json, 0, "newNonce"), directory->new_nonce) ||
        !acme_take_url(acme, json_member(json, 0, "newAccount"), directory->new_account) ||
        !acme_take_url(acme, json_member(json, 0, "newOrder"), directory->new_order)) {
        acme_flaw(acme, step, "no directory of ACME: it lacks newNonce, newAccount or newOrder");
        return;
    }
    if (acme_wants(acme)) {
        wrong = obstacle(acme, json_member(json, 0, "meta"));
        if (wrong)
            acme_flaw(acme, step, wrong);
        else
            acme_follow(step, to_order(acme));
    } else {
        acme_follow(step, directory->renewal_info[0] && acme->cert_id[0] ? ACME_suggests
                                                                         : ACME_satisfied);
    }
}

/* ---- Renewal information (RFC 9773) ---------------------------------------------------------- */

void acme_ask_renewal(ACME_PARAMETERS)
{
    char *const url = acme->call.payload; /* a GET has none */
    struct text text = {url, 0, ACME_URL_BYTES};

    text_add(&text, acme->directory.renewal_info);
    if (!acme_ends_with(acme->directory.renewal_info, "/"))
        text_add(&text, "/");
    text_add(&text, acme->cert_id);
    if (text.len < text.room) {
        url[text.len] = '\0';
        acme_get(acme, step, url);
    } else {
        acme_why(acme, "the URL of renewal information is too long", "");
        acme_follow(step, ACME_broken);
    }
}

/* Takes a window: a time in it, chosen at random once for each window (4.2). */
static void take_window(struct leat_acme *acme, const uint64_t window[2])
{
    struct acme_times *times = &acme->times;
    const uint64_t latest_s = times->ends_s - (times->ends_s - times->begins_s) / 10;

    leat_debug_assert(times->begins_s < times->ends_s);
    leat_debug_assert(window[0] <= window[1]);
    if (times->window[0] == window[0] && times->window[1] == window[1])
        return;
    times->window[0] = window[0];
    times->window[1] = window[1];
    times->renew_s = window[0] + acme_random(acme, window[1] - window[0] + 1);
    /* an authority can't make us keep a certificate until it is useless */
    times->renew_s = min64(times->renew_s, latest_s);
}

void acme_read_renewal(ACME_PARAMETERS)
{
    const struct json *json = &acme->json;
    char texts[2][40];
    uint64_t window[2] = {0, 0};

    if (json_parse(&acme->json, acme->call.reply, acme->call.reply_len)) {
        const int suggested = json_member(json, 0, "suggestedWindow");

        if (json_string(json, json_member(json, suggested, "start"), texts[0], sizeof texts[0]) &&
            json_string(json, json_member(json, suggested, "end"), texts[1], sizeof texts[1])) {
            window[0] = acme_date(texts[0]);
            window[1] = acme_date(texts[1]);
        }
    }
    if (window[0] > 0 && window[1] >= window[0])
        take_window(acme, window);
    acme_follow(step, acme_wants(acme) ? to_order(acme) : ACME_satisfied);
}

/* ---- The account ----------------------------------------------------------------------------- */

void acme_ask_account(ACME_PARAMETERS)
{
    struct text text = acme_payload(acme);
    bool done = acme_thumbprint(acme);

    text_add(&text, "{");
    if (acme->config.agree)
        text_add(&text, "\"termsOfServiceAgreed\":true,");
    if (acme->config.binding_id) {
        done = done && acme_bind(acme, &text);
        text_add(&text, ",");
    }
    text_add(&text, "\"contact\":[");
    if (acme->config.contact) {
        text_add(&text, "\"");
        text_add(&text, acme->config.contact);
        text_add(&text, "\"");
    }
    text_add(&text, "]}");
    acme->call.payload_len = (uint32_t)text.len;
    if (done && text.len < text.room) {
        acme_post(acme, step, acme->directory.new_account);
    } else {
        acme_why(acme, "the account can't be asked for: the binding, or the provider", "");
        acme_follow(step, ACME_broken);
    }
}

void acme_read_account(ACME_PARAMETERS)
{
    char status[32];

    if (!acme_parse(acme, step))
        return;
    json_words(&acme->json, json_member(&acme->json, 0, "status"), status, sizeof status);
    if (!acme->call.location[0]) {
        acme_flaw(acme, step, "the authority doesn't name the account's URL");
    } else if (!acme_same(status, "valid")) { /* 7.1.6: deactivated, revoked */
        acme_why(acme, "the account's status: ", status);
        acme_follow(step, ACME_flaw);
    } else {
        memcpy(acme->kid, acme->call.location, sizeof acme->kid);
        acme_follow(step, ACME_accepted);
    }
}
