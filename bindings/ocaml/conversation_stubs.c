/* conversation_stubs.c -- functions of leat for conversation.ml, which callbacks of C call. */
#include <stdio.h>
#include <stdlib.h>

#define CAML_NAME_SPACE
#include <caml/alloc.h>
#include <caml/callback.h>
#include <caml/fail.h>
#include <caml/memory.h>
#include <caml/mlvalues.h>

#include <leat/leat.h>
#include <leat/link.h>

static void *pointer_of(value v)
{
    return (void *)Nativeint_val(v);
}

static value value_of(const void *pointer)
{
    return caml_copy_nativeint((intnat)pointer);
}

static void must(enum leat_err err)
{
    if (err)
        caml_failwith(leat_err_text(err));
}

/* ---- Callbacks: of the functions that OCaml has registered by name ---- */

static void client_open(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    caml_callback(*caml_named_value("client_open"), value_of(conn));
}

static void client_readable(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    caml_callback(*caml_named_value("client_readable"), value_of(conn));
}

static void server_readable(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    caml_callback(*caml_named_value("server_readable"), value_of(conn));
}

static const struct leat_tcp_events client_events = {.on_open = client_open,
                                                     .on_readable = client_readable};
static const struct leat_tcp_events server_events = {.on_readable = server_readable};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    (void)arg;
    leat_tcp_accept(listener, &server_events, NULL);
}

static void on_frame(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    CAMLparam0();
    CAMLlocal2(time, bytes);

    (void)arg;
    time = caml_copy_int64((int64_t)now_ns);
    bytes = caml_alloc_initialized_string(len, (const char *)frame);
    caml_callback3(*caml_named_value("on_frame"), Val_int(from_end), time, bytes);
    CAMLreturn0;
}

/* ---- Functions ---- */

value conversation_wire(value unit)
{
    struct leat_link *wire = leat_link_init(malloc(leat_link_memory_bytes(64, 1514)), 64, 1514, 7);

    (void)unit;
    leat_link_set_tap(wire, on_frame, NULL);
    return value_of(wire);
}

value conversation_stack(value wire, value of_end)
{
    const struct leat_link_faults faults = {.delay_ns = 1000000, .loss_per_m = 100000};
    const int end = Int_val(of_end);
    const struct leat_config config = {.seed = {(uint8_t)(end + 1)}, .buf_count = 256};
    const size_t bytes = 32u << 20;
    struct leat_netif *netif = leat_link_end(pointer_of(wire), end);
    struct leat *stack;

    leat_link_set_faults(pointer_of(wire), end, &faults);
    must(leat_init(&stack, malloc(bytes), bytes, &config));
    must(leat_tcp_register(stack, NULL));
    must(leat_attach(stack, netif));
    must(leat_address_add(stack, netif, leat_ip_v4(0x0a000001u + (uint32_t)end), 24));
    return value_of(stack);
}

value conversation_listen(value stack)
{
    const struct leat_tcp_listen_config config = {.port = 7, .on_acceptable = on_acceptable};
    struct leat_tcp_listener *listener;

    must(leat_tcp_listen(pointer_of(stack), &listener, &config));
    return Val_unit;
}

value conversation_connect(value stack)
{
    const struct leat_endpoint remote = leat_endpoint_of(LEAT_IP4(10, 0, 0, 1), 7);
    struct leat_tcp *conn;

    must(leat_tcp_connect(pointer_of(stack), &conn, &remote, NULL, &client_events, NULL));
    return value_of(conn);
}

/* The next time; 2^62 - 1 for ever. */
value conversation_poll(value stack, value now_ns)
{
    const uint64_t next_ns = leat_poll(pointer_of(stack), (uint64_t)Long_val(now_ns));

    return Val_long(next_ns > (uint64_t)Max_long ? Max_long : (intnat)next_ns);
}

/* A list of buffers; 0: none. */
value conversation_receive(value conn)
{
    return value_of(leat_tcp_receive(pointer_of(conn), 4096));
}

value conversation_total(value data)
{
    return Val_long(leat_buf_total(pointer_of(data)));
}

value conversation_free(value data)
{
    leat_buf_free(pointer_of(data));
    return Val_unit;
}

value conversation_send(value conn, value data)
{
    leat_tcp_send(pointer_of(conn), pointer_of(data));
    return Val_unit;
}

value conversation_consumed(value conn, value bytes)
{
    leat_tcp_consumed(pointer_of(conn), (uint32_t)Long_val(bytes));
    return Val_unit;
}

value conversation_write(value conn, value text)
{
    size_t taken;

    must(leat_tcp_write(pointer_of(conn), String_val(text), caml_string_length(text), &taken));
    if (taken != caml_string_length(text))
        caml_failwith("a line was cut");
    return Val_unit;
}

value conversation_at_end(value conn)
{
    return Val_bool(leat_tcp_at_end(pointer_of(conn)));
}

value conversation_shutdown(value conn)
{
    leat_tcp_shutdown(pointer_of(conn));
    return Val_unit;
}
