/* order.c -- the order of a certificate, its authorizations, and its end (RFC 8555 7.4, 7.5). */
#include <string.h>

#include "core/assert.h"
#include "web/acme/acme.h"
#include "web/acme/words.h"

/* ---- The order ------------------------------------------------------------------------------- */

void acme_ask_order(ACME_PARAMETERS)
{
    struct text text = acme_payload(acme);
    const bool replaces = acme->directory.renewal_info[0] && acme->cert_id[0] && !acme->no_replaces;

    acme->order = (struct acme_order){.count = 0};
    text_add(&text, "{\"identifiers\":[");
    for (unsigned i = 0; i < acme->config.name_count; i++) {
        text_add(&text,
                 i > 0 ? ",{\"type\":\"dns\",\"value\":\"" : "{\"type\":\"dns\",\"value\":\"");
        text_add(&text, acme->names[i]);
        text_add(&text, "\"}");
    }
    text_add(&text, "]");
    if (replaces) { /* RFC 9773 5 */
        text_add(&text, ",\"replaces\":\"");
        text_add(&text, acme->cert_id);
        text_add(&text, "\"");
    }
    text_add(&text, "}");
    acme->call.payload_len = (uint32_t)text.len;
    /* an authority that refuses it gets the next order without it */
    acme->no_replaces = replaces;
    acme_post(acme, step, acme->directory.new_order);
}

/* Asks for an object: POST-as-GET (6.3). */
static void look_at(struct leat_acme *acme, struct acme_step *step, const char *url)
{
    acme->call.payload_len = 0;
    acme_post(acme, step, url);
}

void acme_look_at_order(ACME_PARAMETERS)
{
    look_at(acme, step, acme->order.url);
}

/* Takes the URLs of a new order.  NULL, or what is wrong. */
static const char *take_order(struct leat_acme *acme)
{
    struct acme_order *order = &acme->order;
    const struct json *json = &acme->json;
    const int list = json_member(json, 0, "authorizations");
    unsigned count = 0;

    leat_debug_assert(order->count == 0);
    if (!acme->call.location[0])
        return "the authority doesn't name the order's URL";
    if (!acme_take_url(acme, json_member(json, 0, "finalize"), order->finalize))
        return "the order has no URL that ends it";
    while (json_item(json, list, count) != JSON_NONE) {
        if (count == LEAT_ACME_NAMES_MAX ||
            !acme_take_url(acme, json_item(json, list, count), order->authorizations[count]))
            return "the order has too many authorizations, or one without a URL";
        count++;
    }
    order->count = (uint8_t)count;
    memcpy(order->url, acme->call.location, sizeof order->url);
    return count > 0 ? NULL : "the order has no authorizations";
}

/* The event for the order's status (7.1.6). */
static void judge_order(struct leat_acme *acme, struct acme_step *step)
{
    const struct json *json = &acme->json;
    const int status = json_member(json, 0, "status");
    const struct acme_order *order = &acme->order;
    char detail[LEAT_ACME_WHY_BYTES];

    if (json_is(json, status, "pending")) {
        acme_follow(step, order->at < order->count ? ACME_is_pending : ACME_is_processing);
    } else if (json_is(json, status, "ready")) {
        acme_follow(step, order->is_finalized ? ACME_is_processing : ACME_is_ready);
    } else if (json_is(json, status, "processing")) {
        acme_follow(step, ACME_is_processing);
    } else if (json_is(json, status, "valid")) {
        if (acme_take_url(acme, json_member(json, 0, "certificate"), acme->order.certificate))
            acme_follow(step, ACME_is_valid);
        else
            acme_flaw(acme, step, "the order has no URL of a certificate");
    } else {
        json_words(json, json_member(json, json_member(json, 0, "error"), "detail"), detail,
                   sizeof detail);
        acme_why(acme,
                 "the order is invalid: ", detail[0] ? detail : "the authority gives no reason");
        acme_follow(step, ACME_flaw);
    }
}

void acme_read_order(ACME_PARAMETERS)
{
    const char *wrong = NULL;

    acme->no_replaces = false;
    if (!acme_parse(acme, step))
        return;
    if (!acme->order.url[0])
        wrong = take_order(acme);
    if (wrong)
        acme_flaw(acme, step, wrong);
    else
        judge_order(acme, step);
}

/* ---- Authorizations -------------------------------------------------------------------------- */

void acme_ask_authorization(ACME_PARAMETERS)
{
    leat_debug_assert(acme->order.at < acme->order.count);
    look_at(acme, step, acme->order.authorizations[acme->order.at]);
}

/* Takes the name that the authorization is for.  False: it is none of ours. */
static bool take_name(struct leat_acme *acme)
{
    const struct json *json = &acme->json;
    const int identifier = json_member(json, 0, "identifier");
    char *name = acme->proof.name;

    if (!json_is(json, json_member(json, identifier, "type"), "dns") ||
        !json_string(json, json_member(json, identifier, "value"), name, sizeof acme->proof.name))
        return false;
    for (unsigned i = 0; i < acme->config.name_count; i++) {
        if (acme_same(name, acme->names[i]))
            return true;
    }
    return false;
}

/* The reason why an authorization can't become valid: that of the challenge which failed. */
static void note_invalid(struct leat_acme *acme, int challenges)
{
    const struct json *json = &acme->json;
    char words[LEAT_ACME_WHY_BYTES];
    struct text text = {words, 0, sizeof words - 1};
    int challenge, detail = JSON_NONE;

    for (unsigned i = 0; detail == JSON_NONE && (challenge = json_item(json, challenges, i)) >= 0;
         i++)
        detail = json_member(json, json_member(json, challenge, "error"), "detail");
    text_add(&text, acme->proof.name);
    text_add(&text, ": ");
    json_words(json, detail, words + text.len, sizeof words - text.len);
    acme_why(acme, "the authority doesn't accept the proof for ", words);
}

void acme_read_authorization(ACME_PARAMETERS)
{
    struct acme_order *order = &acme->order;
    const struct json *json = &acme->json;
    int status, challenges;

    if (!acme_parse(acme, step))
        return;
    status = json_member(json, 0, "status");
    challenges = json_member(json, 0, "challenges");
    if (!take_name(acme)) {
        acme_flaw(acme, step, "an authorization for a name that wasn't ordered");
    } else if (json_is(json, status, "valid")) {
        acme_proof_hide(acme);
        order->is_answered = false;
        order->pauses = 0;
        order->at++;
        acme_follow(step, order->at < order->count ? ACME_others_wait : ACME_is_valid);
    } else if (!json_is(json, status, "pending")) {
        note_invalid(acme, challenges);
        acme_follow(step, ACME_flaw);
    } else if (order->is_answered) {
        acme_follow(step, ACME_is_processing);
    } else if (acme_proof_choose(acme, step, challenges)) {
        acme_follow(step, ACME_is_pending);
    }
}

void acme_answer_challenge(ACME_PARAMETERS)
{
    struct text text = acme_payload(acme);

    leat_debug_assert(!acme->order.is_answered);
    if (!acme_proof_show(acme)) {
        acme_why(acme, "the challenge can't be answered: the provider, or TLS", "");
        acme_follow(step, ACME_broken);
        return;
    }
    acme->order.is_answered = true;
    text_add(&text, "{}");
    acme->call.payload_len = (uint32_t)text.len;
    acme_post(acme, step, acme->proof.url);
}

/* ---- The end --------------------------------------------------------------------------------- */

void acme_finalize(ACME_PARAMETERS)
{
    uint8_t *const der = (uint8_t *)acme->call.post; /* free until the request is signed */
    struct text text = acme_payload(acme);
    const uint8_t *csr;
    size_t len = 0;

    leat_debug_assert(!acme->order.is_finalized);
    acme->order.is_finalized = true;
    acme->order.pauses = 0;
    csr = acme_key_make(&acme->key, acme->crypto)
              ? acme_csr(&acme->key, acme->crypto, acme->names, acme->config.name_count, der, &len)
              : NULL;
    text_add(&text, "{\"csr\":\"");
    if (csr)
        encode_url(&text, csr, len);
    text_add(&text, "\"}");
    acme->call.payload_len = (uint32_t)text.len;
    if (csr && text.len < text.room) {
        acme_post(acme, step, acme->order.finalize);
    } else {
        acme_why(acme, "the provider of cryptography makes no key, or no signature", "");
        acme_follow(step, ACME_broken);
    }
}

void acme_ask_chain(ACME_PARAMETERS)
{
    acme->call.accept = "application/pem-certificate-chain";
    look_at(acme, step, acme->order.certificate);
}
