package leat

// #include "glue.h"
import "C"

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// Error is an error of leat. errors.Is() finds Go's own error for it: net.ErrClosed, os.ErrDeadlineExceeded,
// syscall.ECONNREFUSED and others.
type Error struct {
	Code   int // of enum leat_err
	Detail string
}

func (e *Error) Error() string {
	text := C.GoString(C.leat_err_text(C.enum_leat_err(e.Code)))
	if e.Detail == "" {
		return "leat: " + text
	}
	return fmt.Sprintf("leat: %s: %s", text, e.Detail)
}

// Unwrap is Go's error for the number.
func (e *Error) Unwrap() error {
	switch e.Code {
	case C.LEAT_ERR_CLOSED, C.LEAT_ERR_CLOSING:
		return net.ErrClosed
	case C.LEAT_ERR_REFUSED:
		return syscall.ECONNREFUSED
	case C.LEAT_ERR_RESET:
		return syscall.ECONNRESET
	case C.LEAT_ERR_ABORTED:
		return syscall.ECONNABORTED
	case C.LEAT_ERR_TIMEOUT:
		return os.ErrDeadlineExceeded
	case C.LEAT_ERR_UNREACHABLE, C.LEAT_ERR_NO_ROUTE:
		return syscall.EHOSTUNREACH
	case C.LEAT_ERR_IN_USE:
		return syscall.EADDRINUSE
	case C.LEAT_ERR_MEMORY:
		return syscall.ENOBUFS
	case C.LEAT_ERR_TOO_BIG:
		return syscall.EMSGSIZE
	}
	return nil
}

// Timeout is true if the peer did not answer in time.
func (e *Error) Timeout() bool { return e.Code == C.LEAT_ERR_TIMEOUT }

// Temporary is false.
func (e *Error) Temporary() bool { return false }

func errorOf(code C.enum_leat_err, detail string) error {
	return &Error{int(code), detail}
}

// errorOfItem is the reason why an item is closed. The mutex is held.
func (s *Stack) errorOfItem(item *C.struct_glue_item) error {
	var detail [C.LEAT_CONNECT_TEXT_BYTES]C.char
	code := C.glue_error(item, &detail[0])
	return errorOf(code, C.GoString(&detail[0]))
}

func ipOf(ip C.struct_leat_ip) net.IP {
	return net.IP(C.GoBytes(unsafe.Pointer(&ip.bytes[0]), 16))
}
