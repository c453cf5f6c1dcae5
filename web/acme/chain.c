/* chain.c -- certificates: those of the authority, and those that are kept. */
#include <string.h>

#include "core/assert.h"
#include "core/minmax.h"
#include "core/second.h"
#include "web/acme/acme.h"
#include "web/acme/words.h"

enum {
    AFTER_S = 3600 /* from a new certificate to the next request, at most */
};

/* True if the identity's certificate is for @name. */
static bool has_name(const struct leat_tls_identity *identity, const char *name)
{
    for (unsigned i = 0; i < identity->name_count; i++) {
        if (acme_same(identity->names[i], name))
            return true;
    }
    return false;
}

/* Checks an identity against what was ordered, and takes its times. */
static const char *judge(struct leat_acme *acme, const struct leat_tls_identity *identity)
{
    struct acme_times *times = &acme->times;
    const uint64_t now_s = acme_civil_s(acme);
    const uint64_t begins_s = leat_tls_identity_begins_s(identity);
    const uint64_t ends_s = leat_tls_identity_ends_s(identity);

    for (unsigned i = 0; i < acme->config.name_count; i++) {
        if (!has_name(identity, acme->names[i]))
            return "it isn't for all names";
    }
    if (ends_s == 0 || begins_s >= ends_s)
        return "its times are broken";
    if (now_s > 0 && ends_s <= now_s)
        return "it has expired";
    *times = (struct acme_times){.begins_s = begins_s, .ends_s = ends_s};
    acme_cert_id(identity->chain[0].bytes, identity->chain[0].len, acme->cert_id);
    return NULL;
}

const char *acme_chain_read(struct leat_acme *acme)
{
    /* the buffers of the request are free meanwhile: the reply has been copied */
    struct acme_call *call = &acme->call;
    struct leat_tls_identity *identity = &acme->identity;
    const char *wrong;
    enum leat_err err =
        leat_tls_identity_read(identity, acme->crypto, acme->value, acme->value_len, acme->value,
                               acme->value_len, call->reply, sizeof call->reply);

    if (err)
        return err == LEAT_ERR_ARGUMENT ? "the certificate is for another key" : leat_err_text(err);
    err = leat_tls_identity_read_names(identity, call->post, sizeof call->post);
    wrong = err ? "it has no names, or too many" : judge(acme, identity);
    leat_tls_identity_close(identity, acme->crypto);
    return wrong;
}

/* ---- A new one ------------------------------------------------------------------------------- */

/* Writes the key and the chain to acme->value.  False: they have no room. */
static bool compose(struct leat_acme *acme)
{
    struct text text = {acme->value, 0, sizeof acme->value};

    encode_pem(&text, "EC PRIVATE KEY", acme->key.der, sizeof acme->key.der);
    if (acme->call.reply_len >= text.room - text.len)
        return false;
    memcpy(acme->value + text.len, acme->call.reply, acme->call.reply_len);
    acme->value_len = text.len + acme->call.reply_len;
    return true;
}

/* The certificate in use is the program's already, so acme->value is free.  If the new one is
 * refused, the times of the old one stay. */
void acme_read_chain(ACME_PARAMETERS)
{
    const char *wrong = "the chain is too long";

    if (acme->key.is_open && compose(acme))
        wrong = acme_chain_read(acme);
    if (!wrong) {
        acme_follow(step, ACME_accepted);
        return;
    }
    leat_crypto_wipe(acme->value, sizeof acme->value);
    acme->value_len = 0;
    acme_why(acme, "the authority's certificate: ", wrong);
    acme_follow(step, ACME_flaw);
}

void acme_keep_certificate(ACME_PARAMETERS)
{
    const struct leat_acme_keep *keep = &acme->config.keep;

    (void)step;
    leat_debug_assert(acme->value_len > 0);
    keep->put(keep->context, acme, LEAT_ACME_CERTIFICATE, acme->value, acme->value_len);
}

void acme_use_certificate(ACME_PARAMETERS)
{
    struct text text = acme_line(acme);

    leat_debug_assert(acme->times.begins_s < acme->times.ends_s);
    acme_key_close(&acme->key, acme->crypto);
    acme->attempts = acme->is_forced = false;
    acme->failures = 0;
    /* an authority whose certificates are due at once isn't asked for one after the other */
    acme->retry_ns = leat_now_ns(acme->stack) +
                     min64((acme->times.ends_s - acme->times.begins_s) / 6, AFTER_S) * second_ns;
    acme->info.certificates++;
    acme_plan_by_lifetime(acme);
    text_add(&text, "a new certificate, valid for ");
    text_add_number(&text, (acme->times.ends_s - acme_civil_s(acme)) / 3600);
    text_add(&text, " h");
    if (acme->kept_err) {
        text_add(&text, "; it can't be kept: ");
        text_add(&text, leat_err_text(acme->kept_err));
    }
    acme_line_end(acme, &text);
    step->uses = true;
}

/* ---- A kept one ------------------------------------------------------------------------------ */

void acme_read_kept_certificate(ACME_PARAMETERS)
{
    struct text text = acme_line(acme);
    const char *wrong;

    acme->value_len = acme->kept_len;
    wrong = acme_chain_read(acme);
    if (wrong) {
        leat_crypto_wipe(acme->value, sizeof acme->value);
        acme->value_len = 0;
        text_add(&text, "the kept certificate isn't used: ");
        text_add(&text, wrong);
    } else {
        acme_plan_by_lifetime(acme);
        text_add(&text, "the kept certificate is used");
        step->uses = true;
    }
    acme_line_end(acme, &text);
}
