// Command conversation is tests/bindings/conversation.c in Go, with the functions of C: it prints the same frames.
package main

// #cgo pkg-config: leat-shared
// #include <stdlib.h>
// #include "conversation.h"
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"unsafe"
)

const (
	lines       = 10
	memoryBytes = 32 << 20
	endNs       = 20000000000
)

var (
	out  = bufio.NewWriter(os.Stdout)
	sent = 0
)

func must(err C.enum_leat_err) {
	if err != C.LEAT_OK {
		panic(C.GoString(C.leat_err_text(err)))
	}
}

func sendLine(conn *C.struct_leat_tcp) {
	sent++
	line := []byte(fmt.Sprintf("line %d of %d\n", sent, lines))
	var taken C.size_t
	must(C.leat_tcp_write(conn, unsafe.Pointer(&line[0]), C.size_t(len(line)), &taken))
	if int(taken) != len(line) {
		panic("a line was cut")
	}
}

//export conversationFrame
func conversationFrame(fromEnd C.int, nowNs C.uint64_t, frame unsafe.Pointer, length C.uint32_t) {
	fmt.Fprintf(out, "%d %d %x\n", fromEnd, nowNs, C.GoBytes(frame, C.int(length)))
}

//export conversationClientOpen
func conversationClientOpen(conn *C.struct_leat_tcp, arg unsafe.Pointer) {
	sendLine(conn)
}

//export conversationClientReadable
func conversationClientReadable(conn *C.struct_leat_tcp, arg unsafe.Pointer) {
	for data := C.leat_tcp_receive(conn, 4096); data != nil; data = C.leat_tcp_receive(conn, 4096) {
		length := C.leat_buf_total(data)
		C.leat_buf_free(data)
		C.leat_tcp_consumed(conn, length)
		if sent < lines {
			sendLine(conn)
		} else {
			C.leat_tcp_shutdown(conn)
		}
	}
}

//export conversationServerReadable
func conversationServerReadable(conn *C.struct_leat_tcp, arg unsafe.Pointer) {
	for data := C.leat_tcp_receive(conn, 4096); data != nil; data = C.leat_tcp_receive(conn, 4096) {
		length := C.leat_buf_total(data)
		C.leat_tcp_send(conn, data)
		C.leat_tcp_consumed(conn, length)
	}
	if C.leat_tcp_at_end(conn) {
		C.leat_tcp_shutdown(conn)
	}
}

func makeStack(wire *C.struct_leat_link, end C.int) *C.struct_leat {
	faults := C.struct_leat_link_faults{delay_ns: 1000000, loss_per_m: 100000}
	config := C.struct_leat_config{buf_count: 256}
	config.seed[0] = C.uint8_t(end + 1)
	netif := C.leat_link_end(wire, end)
	C.leat_link_set_faults(wire, end, &faults)
	var stack *C.struct_leat
	must(C.leat_init(&stack, C.malloc(memoryBytes), memoryBytes, &config))
	must(C.leat_tcp_register(stack, nil))
	must(C.leat_attach(stack, netif))
	must(C.leat_address_add(stack, netif, C.leat_ip_v4(0x0a000001+C.uint32_t(end)), 24))
	return stack
}

func main() {
	wire := C.leat_link_init(C.malloc(C.leat_link_memory_bytes(64, 1514)), 64, 1514, 7)
	C.leat_link_set_tap(wire, (*C.leat_link_tap)(C.conversation_on_frame), nil)
	one, other := makeStack(wire, 0), makeStack(wire, 1)
	var listener *C.struct_leat_tcp_listener
	must(C.leat_tcp_listen(one, &listener, &C.conversation_listen_config))
	remote := C.leat_endpoint_of(C.leat_ip_v4(0x0a000001), 7)
	var conn *C.struct_leat_tcp
	must(C.leat_tcp_connect(other, &conn, &remote, nil, &C.conversation_client_events, nil))
	for now := C.uint64_t(0); now < endNs; {
		next := C.leat_poll(one, now)
		if later := C.leat_poll(other, now); later < next {
			next = later
		}
		if next <= now {
			next = now + 1000
		}
		now = next
	}
	if sent != lines {
		panic("the conversation has not ended")
	}
	out.Flush()
}
