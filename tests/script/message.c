/* message.c -- the data arguments of calls, and recvmsg()'s ancillary results. */
#include "sockets.h"

#include "loan.h"
#include "names.h"

static uint32_t bytes_of(const struct value *value)
{
    return value->integer < 0 || value->integer > INT32_MAX ? 0 : (uint32_t)value->integer;
}

/* [{..., 100}, {..., 20}] */
static void add_pieces(struct message *message, const struct value *pieces)
{
    message->is_pattern = pieces != 0;
    for (const struct value *piece = pieces ? pieces->first : 0; piece; piece = piece->next) {
        const struct value *data = piece->first;

        message->is_pattern &= data && data->kind == VALUE_ELLIPSIS;
        if (data && data->next)
            message->len += bytes_of(data->next);
    }
}

struct message call_message(const struct calling *calling)
{
    const enum call_kind kind = calling->call->kind;
    struct message message = {0};

    if (kind == CALL_SENDMSG || kind == CALL_RECVMSG) {
        const struct value *header = call_arg(calling, 1);

        add_pieces(&message, call_field(header, "msg_iov"));
        message.peer = call_field(header, "msg_name");
        message.flags = call_arg(calling, 2)->integer;
        return message;
    }
    message.len = bytes_of(call_arg(calling, 2));
    message.is_pattern = call_arg(calling, 1)->kind == VALUE_ELLIPSIS;
    if (kind != CALL_READ && kind != CALL_WRITE)
        message.flags = call_arg(calling, 3)->integer;
    if (kind == CALL_SENDTO)
        message.peer = call_arg(calling, 4);
    return message;
}

/* True if a field of the script is absent or equals @seen; complains otherwise. */
static bool is_as_said(struct calling *calling, const struct value *said, const char *name,
                       int64_t seen)
{
    const struct value *field = call_field(said, name);

    if (!field || field->kind != VALUE_INT || field->integer == seen)
        return true;
    call_complain(calling, "%s is %lld, not %lld", name, (long long)seen,
                  (long long)field->integer);
    return false;
}

void call_check_header(struct calling *calling, int64_t flags)
{
    const struct value *header = call_arg(calling, 1);
    const struct value *control = call_field(header, "msg_control");

    if (calling->call->kind != CALL_RECVMSG)
        return;
    if (is_as_said(calling, header, "msg_flags", flags) && control && control->first &&
        !(flags & LINUX_MSG_ERRQUEUE))
        call_complain(calling, "nothing stands in msg_control");
}

/* The device decides whether the data was copied, so ee_code isn't compared. */
bool call_take_notice(struct calling *calling)
{
    const struct value *control = call_field(call_arg(calling, 1), "msg_control");
    const struct value *first = control ? control->first : 0;
    const struct value *data = first ? call_field(first, "cmsg_data") : 0;
    uint32_t from, to;

    if (!loan_take_notice(calling->sock, &from, &to))
        return call_fails(calling, LINUX_EAGAIN);
    call_returns(calling, 0);
    call_check_header(calling, LINUX_MSG_ERRQUEUE);
    if (control && (!data || first->next))
        return call_complain(calling, "one notice stands in msg_control, of %u to %u", from, to);
    if (data && is_as_said(calling, data, "ee_errno", 0) &&
        is_as_said(calling, data, "ee_origin", LINUX_SO_EE_ORIGIN_ZEROCOPY) &&
        is_as_said(calling, data, "ee_info", from))
        is_as_said(calling, data, "ee_data", to);
    return true;
}
