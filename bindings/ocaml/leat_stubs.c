/* leat_stubs.c -- glue.h for OCaml.  Stacks and items are nativeints, which leat.ml keeps from use
 * after their end. */
#include <stdlib.h>
#include <string.h>

#define CAML_NAME_SPACE
#include <caml/alloc.h>
#include <caml/bigarray.h>
#include <caml/callback.h>
#include <caml/fail.h>
#include <caml/memory.h>
#include <caml/mlvalues.h>

#include "glue.h"

static void *pointer_of(value v)
{
    return (void *)Nativeint_val(v);
}

static value value_of(const void *pointer)
{
    return caml_copy_nativeint((intnat)pointer);
}

/* Raises Leat.Error (code, detail). */
static void fail(enum leat_err code, const char *detail)
{
    CAMLparam0();
    CAMLlocalN(arguments, 2);

    arguments[0] = Val_int(code);
    arguments[1] = caml_copy_string(detail);
    caml_raise_with_args(*caml_named_value("leat_error"), 2, arguments);
    CAMLnoreturn;
}

/* The item, or its error. */
static value item_or_fail(const struct glue_item *item, enum leat_err err)
{
    if (!item)
        fail(err ? err : LEAT_ERR_MEMORY, "");
    return value_of(item);
}

/* A text of OCaml, or NULL for an empty one. */
static const char *text_of(value v)
{
    return caml_string_length(v) > 0 ? String_val(v) : NULL;
}

/* A list that ends with NULL. */
static const char **list_of(value array)
{
    const mlsize_t count = Wosize_val(array);
    const char **list = calloc(count + 1, sizeof *list);

    for (mlsize_t i = 0; list && i < count; i++)
        list[i] = String_val(Field(array, i));
    return list;
}

/* A record Leat.config: socket, path, listen, datagrams, tap, passt, tcp, udp, addresses, gateways,
 * name_servers, hosts, search, connections.  Nothing here runs OCaml's collector. */
value leat_ml_open(value record)
{
    CAMLparam1(record);
    const char **tcp = list_of(Field(record, 6)), **udp = list_of(Field(record, 7));
    const struct glue_config config = {.fd = Int_val(Field(record, 0)),
                                       .path = text_of(Field(record, 1)),
                                       .listen = Bool_val(Field(record, 2)),
                                       .datagrams = Bool_val(Field(record, 3)),
                                       .tap = text_of(Field(record, 4)),
                                       .passt = Bool_val(Field(record, 5)),
                                       .tcp = tcp,
                                       .udp = udp,
                                       .addresses = String_val(Field(record, 8)),
                                       .gateways = String_val(Field(record, 9)),
                                       .name_servers = String_val(Field(record, 10)),
                                       .hosts = text_of(Field(record, 11)),
                                       .search = text_of(Field(record, 12)),
                                       .connections = (uint32_t)Long_val(Field(record, 13))};
    char why[LEAT_WHY_BYTES];
    struct glue *glue = NULL;
    const enum leat_err err = tcp && udp ? glue_open(&glue, &config, why) : LEAT_ERR_MEMORY;

    free(tcp);
    free(udp);
    if (err)
        fail(err, why);
    CAMLreturn(value_of(glue));
}

value leat_ml_close(value glue)
{
    glue_close(pointer_of(glue));
    return Val_unit;
}

value leat_ml_free(value glue)
{
    glue_free(pointer_of(glue));
    return Val_unit;
}

value leat_ml_descriptor(value glue)
{
    return Val_int(glue_descriptor(pointer_of(glue)));
}

/* In ns; -1: never. */
value leat_ml_poll(value glue)
{
    const uint64_t ns = glue_poll(pointer_of(glue));

    return ns > (uint64_t)Max_long ? Val_long(-1) : Val_long((intnat)ns);
}

/* The number and the events as number * 256 + events; -1: none. */
value leat_ml_event(value glue)
{
    uint64_t number;
    unsigned events;

    if (!glue_event(pointer_of(glue), &number, &events))
        return Val_long(-1);
    return Val_long((intnat)(number << 8 | events));
}

value leat_ml_connect(value glue, value number, value host, value port)
{
    enum leat_err err;
    const struct glue_item *item = glue_connect(pointer_of(glue), (uint64_t)Long_val(number),
                                                String_val(host), (uint16_t)Int_val(port), &err);

    return item_or_fail(item, err);
}

/* Raises the reason of an item. */
static void fail_by(const struct glue_item *item)
{
    char detail[LEAT_CONNECT_TEXT_BYTES];
    const enum leat_err err = glue_error(item, detail);

    fail(err ? err : LEAT_ERR_CLOSED, detail);
}

value leat_ml_connected(value item, value number)
{
    const struct glue_item *stream = glue_connected(pointer_of(item), (uint64_t)Long_val(number));

    if (!stream)
        fail_by(pointer_of(item));
    return value_of(stream);
}

value leat_ml_lookup(value glue, value number, value name, value type)
{
    enum leat_err err;
    const struct glue_item *item = glue_lookup(pointer_of(glue), (uint64_t)Long_val(number),
                                               String_val(name), (uint16_t)Int_val(type), &err);

    return item_or_fail(item, err);
}

/* An array of texts. */
value leat_ml_found(value item)
{
    CAMLparam1(item);
    CAMLlocal1(array);
    struct leat_ip found[GLUE_FOUND_MAX];
    const unsigned count = glue_found(pointer_of(item), found);
    char text[LEAT_IP_TEXT_BYTES];

    if (count == 0)
        fail_by(pointer_of(item));
    array = caml_alloc(count, 0);
    for (unsigned i = 0; i < count; i++) {
        leat_ip_format(found[i], text);
        Store_field(array, i, caml_copy_string(text));
    }
    CAMLreturn(array);
}

value leat_ml_listen(value glue, value number, value ip, value port)
{
    enum leat_err err;
    const struct glue_item *item = glue_listen(pointer_of(glue), (uint64_t)Long_val(number),
                                               String_val(ip), (uint16_t)Int_val(port), 0, &err);

    return item_or_fail(item, err);
}

/* 0: none waits. */
value leat_ml_accept(value item, value number)
{
    return value_of(glue_accept(pointer_of(item), (uint64_t)Long_val(number)));
}

value leat_ml_read(value item, value buffer, value at, value len)
{
    unsigned char *bytes = Caml_ba_data_val(buffer);

    return Val_long(glue_read(pointer_of(item), bytes + Long_val(at), (size_t)Long_val(len)));
}

value leat_ml_write(value item, value buffer, value at, value len)
{
    const unsigned char *bytes = Caml_ba_data_val(buffer);

    return Val_long(glue_write(pointer_of(item), bytes + Long_val(at), (size_t)Long_val(len)));
}

value leat_ml_end(value item)
{
    return Val_int(glue_end(pointer_of(item)));
}

/* The code and the detail. */
value leat_ml_error(value item)
{
    CAMLparam1(item);
    CAMLlocal1(pair);
    char detail[LEAT_CONNECT_TEXT_BYTES];
    const enum leat_err err = glue_error(pointer_of(item), detail);

    pair = caml_alloc_tuple(2);
    Store_field(pair, 0, Val_int(err));
    Store_field(pair, 1, caml_copy_string(detail));
    CAMLreturn(pair);
}

/* An address and a port. */
static value endpoint_of(const struct leat_endpoint *endpoint)
{
    CAMLparam0();
    CAMLlocal1(pair);
    char text[LEAT_IP_TEXT_BYTES];

    leat_ip_format(endpoint->ip, text);
    pair = caml_alloc_tuple(2);
    Store_field(pair, 0, caml_copy_string(text));
    Store_field(pair, 1, Val_int(endpoint->port));
    CAMLreturn(pair);
}

/* Both ends. */
value leat_ml_ends(value item)
{
    CAMLparam1(item);
    CAMLlocal1(pair);
    struct leat_endpoint local, remote;

    glue_ends(pointer_of(item), &local, &remote);
    pair = caml_alloc_tuple(2);
    Store_field(pair, 0, endpoint_of(&local));
    Store_field(pair, 1, endpoint_of(&remote));
    CAMLreturn(pair);
}

value leat_ml_udp(value glue, value number, value ip, value port)
{
    enum leat_err err;
    const struct glue_item *item = glue_udp(pointer_of(glue), (uint64_t)Long_val(number),
                                            String_val(ip), (uint16_t)Int_val(port), &err);

    return item_or_fail(item, err);
}

/* The code. */
value leat_ml_send(value item, value bytes, value ip, value port)
{
    struct leat_endpoint peer = {.port = (uint16_t)Int_val(port)};

    if (!leat_ip_parse(String_val(ip), &peer.ip))
        return Val_int(LEAT_ERR_FORMAT);
    return Val_int(
        glue_send(pointer_of(item), String_val(bytes), caml_string_length(bytes), &peer));
}

/* Some (bytes, (ip, port)), or None: nothing waits. */
value leat_ml_receive(value item)
{
    CAMLparam1(item);
    CAMLlocal2(some, pair);
    struct leat_endpoint peer;
    char *bytes = malloc(UINT16_MAX);
    const int64_t count =
        bytes ? glue_receive(pointer_of(item), bytes, UINT16_MAX, &peer) : GLUE_WAIT;

    if (!bytes)
        fail(LEAT_ERR_MEMORY, "");
    if (count < 0) {
        free(bytes);
        if (count == GLUE_FAILED)
            fail_by(pointer_of(item));
        CAMLreturn(Val_int(0));
    }
    pair = caml_alloc_tuple(2);
    Store_field(pair, 0, caml_alloc_initialized_string((mlsize_t)count, bytes));
    free(bytes);
    Store_field(pair, 1, endpoint_of(&peer));
    some = caml_alloc(1, 0);
    Store_field(some, 0, pair);
    CAMLreturn(some);
}

value leat_ml_tls_connect(value below, value number, value name, value authorities)
{
    enum leat_err err;
    const struct glue_item *item =
        glue_tls_connect(pointer_of(below), (uint64_t)Long_val(number), String_val(name),
                         String_val(authorities), caml_string_length(authorities), &err);

    return item_or_fail(item, err);
}

value leat_ml_tls_accept(value below, value number, value certificates, value key)
{
    enum leat_err err;
    const struct glue_item *item = glue_tls_accept(
        pointer_of(below), (uint64_t)Long_val(number), String_val(certificates),
        caml_string_length(certificates), String_val(key), caml_string_length(key), &err);

    return item_or_fail(item, err);
}

value leat_ml_release(value item, value abort)
{
    glue_end_item(pointer_of(item), Bool_val(abort));
    glue_release(pointer_of(item));
    return Val_unit;
}

value leat_ml_text(value code)
{
    return caml_copy_string(leat_err_text((enum leat_err)Int_val(code)));
}
