// Package leat is a TCP/IP stack in user space, as net.Conn, net.Listener and net.PacketConn: net/http, crypto/tls and
// all else that takes these runs on it.
//
//	stack, err := leat.Open(leat.Config{Passt: true, TCP: []string{"8080:80"},
//		Addresses: []string{"10.0.2.15/24"}, Gateways: []string{"10.0.2.2"}})
//	listener, err := stack.Listen("tcp", ":80")
//	http.Serve(listener, handler)
//
// leat itself has one thread. A mutex makes the functions here usable from any goroutine. One of those that wait drives
// the stack, in a thread; a stack has one more for times in which nobody waits. The package needs libleat.so
// (pkg-config leat-shared).
package leat

// #cgo pkg-config: leat-shared
// #cgo CFLAGS: -D_GNU_SOURCE -O2
// #include <stdlib.h>
// #include "glue.h"
import "C"

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

// Config is the device of a stack, one of Socket, Path, Tap and Passt, and its addresses.
type Config struct {
	Socket      *os.File // a connected UNIX socket, which is taken
	Path        string   // of a UNIX socket, of QEMU or another program
	Listen      bool     // wait at Path for a peer
	Datagrams   bool     // the socket has a datagram for each frame
	Tap         string   // the name of a TAP device
	Passt       bool     // the network of this machine without root, by passt
	TCP, UDP    []string // ports that passt forwards: "[ADDRESS/]PORT[:OURS]"
	Addresses   []string // with their prefixes: "10.0.2.15/24"
	Gateways    []string // to all other addresses, one for each family
	NameServers []string // that recurse
	Hosts       string   // the text of a hosts file
	Search      string   // domains for names without a dot
	Connections uint32   // at a time; 0: 4,096
	Seed        []byte   // of 32 bytes, only for runs that shall be repeated
}

// Stack is a TCP/IP stack on one device.
type Stack struct {
	mu       sync.Mutex
	c        *C.struct_glue       // nil: closed
	state    *C.struct_glue_state // memory of C; valid as long as c, or any item
	next     uint64
	objects  map[uint64]object
	leader   *waiter // who drives the stack; nil: nobody
	watcher  waiter  // of the stack's own goroutine
	isAsleep bool    // the leader waits for the device, and wasn't woken
	until    uint64  // the end of its wait
	sleepers int     // threads that wait for the device: the leader, and a watcher that leads no more
	awake    sync.Cond
	hasTold  bool // a goroutine that follows was woken
	isDue    bool // the stack is to be polled before anyone waits
	unread   int  // bytes that were read since the last poll
	done     chan struct{}
}

// An object of a stack gets the events of its item, with the stack's mutex held.
type object interface {
	happened(events uint)
}

func cString(text string) *C.char {
	if text == "" {
		return nil
	}
	return C.CString(text)
}

// A list of C's that ends with NULL.
func cList(texts []string) **C.char {
	if len(texts) == 0 {
		return nil
	}
	list := (*[1 << 20]*C.char)(C.calloc(C.size_t(len(texts)+1), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	for i, text := range texts {
		list[i] = C.CString(text)
	}
	return &list[0]
}

func freeList(list **C.char, count int) {
	if list == nil {
		return
	}
	for _, text := range (*[1 << 20]*C.char)(unsafe.Pointer(list))[:count] {
		C.free(unsafe.Pointer(text))
	}
	C.free(unsafe.Pointer(list))
}

// Open opens a stack.
func Open(config Config) (*Stack, error) {
	c := C.struct_glue_config{fd: -1, passt: C.bool(config.Passt), listen: C.bool(config.Listen),
		datagrams: C.bool(config.Datagrams), connections: C.uint32_t(config.Connections)}
	texts := []struct {
		to   **C.char
		text string
	}{{&c.path, config.Path}, {&c.tap, config.Tap}, {&c.addresses, strings.Join(config.Addresses, " ")},
		{&c.gateways, strings.Join(config.Gateways, " ")}, {&c.name_servers, strings.Join(config.NameServers, " ")},
		{&c.hosts, config.Hosts}, {&c.search, config.Search}}
	for _, text := range texts {
		*text.to = cString(text.text)
		defer C.free(unsafe.Pointer(*text.to))
	}
	c.tcp, c.udp = cList(config.TCP), cList(config.UDP)
	defer freeList(c.tcp, len(config.TCP))
	defer freeList(c.udp, len(config.UDP))
	if config.Seed != nil {
		if len(config.Seed) != C.LEAT_SEED_BYTES {
			return nil, fmt.Errorf("leat: a seed has %d bytes", C.LEAT_SEED_BYTES)
		}
		c.seed = (*C.uint8_t)(C.CBytes(config.Seed))
		defer C.free(unsafe.Pointer(c.seed))
	}
	if config.Socket != nil {
		fd, err := syscall.Dup(int(config.Socket.Fd()))
		config.Socket.Close()
		if err != nil {
			return nil, err
		}
		c.fd = C.int(fd)
	}
	stack := &Stack{objects: map[uint64]object{}, done: make(chan struct{})}
	why := (*C.char)(C.calloc(1, C.LEAT_WHY_BYTES))
	defer C.free(unsafe.Pointer(why))
	if code := C.glue_open(&stack.c, &c, why); code != C.LEAT_OK {
		return nil, errorOf(code, C.GoString(why))
	}
	if err := stack.start(); err != nil {
		C.glue_close(stack.c)
		C.glue_free(stack.c)
		return nil, err
	}
	return stack, nil
}

// start lets goroutines wait.
func (s *Stack) start() error {
	if code := C.glue_wait_open(s.c); code != C.LEAT_OK {
		return errorOf(code, "")
	}
	s.state, s.isDue = C.glue_state(s.c), true
	s.watcher.init(s)
	s.awake.L = &s.mu
	go s.watch(s.c)
	return nil
}

// number enters an object, for the events of its item.
func (s *Stack) enter(of object) C.uint64_t {
	s.next++
	s.objects[s.next] = of
	return C.uint64_t(s.next)
}

// Close closes everything at once. Whatever waits gets net.ErrClosed. It does nothing to a stack that is closed.
func (s *Stack) Close() error {
	s.mu.Lock()
	if s.c == nil {
		s.mu.Unlock()
		return nil
	}
	c := s.c
	s.c = nil // nobody begins to wait
	for s.sleepers > 0 {
		C.glue_kick(c)
		s.awake.Wait()
	}
	C.glue_watch_end(c)
	C.glue_close(c)
	var number C.uint64_t
	var events C.uint
	for C.glue_event(c, &number, &events) {
		if of := s.objects[uint64(number)]; of != nil {
			of.happened(uint(events))
		}
	}
	s.mu.Unlock()
	<-s.done
	C.glue_free(c)
	return nil
}

// Listen listens on a port of all our addresses, ":80", or of one, "10.0.0.2:80". The network is "tcp".
func (s *Stack) Listen(network, address string) (net.Listener, error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil, net.UnknownNetworkError(network)
	}
	listener := &Listener{stack: s}
	listener.waiter.init(s)
	err := s.bound(address, func(ip *C.char, port C.uint16_t, code *C.enum_leat_err) *C.struct_glue_item {
		listener.number = s.enter(listener)
		listener.c = C.glue_listen(s.c, listener.number, ip, port, 0, code)
		return listener.c
	})
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return listener, nil
}

// ListenPacket opens a socket of UDP on a port of all our addresses, or one; port 0: any. The network is "udp".
func (s *Stack) ListenPacket(network, address string) (net.PacketConn, error) {
	if !strings.HasPrefix(network, "udp") {
		return nil, net.UnknownNetworkError(network)
	}
	conn := &PacketConn{stack: s}
	conn.waiter.init(s)
	err := s.bound(address, func(ip *C.char, port C.uint16_t, code *C.enum_leat_err) *C.struct_glue_item {
		conn.number = s.enter(conn)
		conn.c = C.glue_udp(s.c, conn.number, ip, port, code)
		return conn.c
	})
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return conn, nil
}

// bound reads "IP:PORT", and calls @open with the mutex held.
func (s *Stack) bound(address string, open func(*C.char, C.uint16_t, *C.enum_leat_err) *C.struct_glue_item) error {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return err
	}
	ip := C.CString(host)
	defer C.free(unsafe.Pointer(ip))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return net.ErrClosed
	}
	code := C.enum_leat_err(C.LEAT_OK)
	if open(ip, C.uint16_t(port), &code) == nil {
		delete(s.objects, s.next)
		return errorOf(code, address)
	}
	s.poll()
	return nil
}

// A question is a connect or a lookup without an answer yet.
type question struct {
	waiter waiter
	isDone bool
}

func (q *question) happened(uint) {
	q.isDone = true
	q.waiter.tell()
}

// ask begins a question, and waits for its answer; @take reads that with the mutex held.
func (s *Stack) ask(ctx context.Context, detail string, begin func(C.uint64_t, *C.enum_leat_err) *C.struct_glue_item,
	take func(*C.struct_glue_item) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q := &question{}
	q.waiter.init(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return net.ErrClosed
	}
	number, code := s.enter(q), C.enum_leat_err(C.LEAT_OK)
	item := begin(number, &code)
	if item == nil {
		delete(s.objects, uint64(number))
		return errorOf(code, detail)
	}
	defer C.glue_release(item) // cancels it, if it has no answer
	s.poll()
	if ctx.Done() != nil {
		ended := make(chan struct{})
		defer close(ended)
		go q.cancel(ctx, ended)
	}
	for !q.isDone && ctx.Err() == nil {
		q.waiter.wait()
	}
	delete(s.objects, uint64(number))
	if !q.isDone {
		return ctx.Err()
	}
	return take(item)
}

// cancel tells the question when the context ends.
func (q *question) cancel(ctx context.Context, ended chan struct{}) {
	select {
	case <-ctx.Done():
		q.waiter.L.Lock()
		q.waiter.tell()
		q.waiter.L.Unlock()
	case <-ended:
	}
}

// Dial connects to "HOST:PORT" over "tcp", by name or address.
func (s *Stack) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

// DialContext is Dial with a limit, for http.Transport and others.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	return conn, nil
}

func (s *Stack) dial(ctx context.Context, network, address string) (conn *Conn, err error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(network, "tcp") {
		return nil, net.UnknownNetworkError(network)
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return nil, err
	}
	name := C.CString(host)
	defer C.free(unsafe.Pointer(name))
	err = s.ask(ctx, address, func(number C.uint64_t, code *C.enum_leat_err) *C.struct_glue_item {
		return C.glue_connect(s.c, number, name, C.uint16_t(port), code)
	}, func(item *C.struct_glue_item) error {
		conn = &Conn{stack: s}
		conn.number = s.enter(conn)
		conn.c = C.glue_connected(item, conn.number)
		if conn.c == nil {
			delete(s.objects, uint64(conn.number))
			return s.errorOfItem(item)
		}
		conn.init()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// LookupHost returns the addresses of a name, from the name servers: first IPv6, then IPv4.
func (s *Stack) LookupHost(ctx context.Context, name string) (found []string, err error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	for _, of := range []C.uint16_t{C.LEAT_DNS_AAAA, C.LEAT_DNS_A} {
		failed := s.ask(ctx, name, func(number C.uint64_t, code *C.enum_leat_err) *C.struct_glue_item {
			return C.glue_lookup(s.c, number, text, of, code)
		}, func(item *C.struct_glue_item) error {
			var ips [C.GLUE_FOUND_MAX]C.struct_leat_ip
			count := C.glue_found(item, &ips[0])
			for _, ip := range ips[:count] {
				found = append(found, ipOf(ip).String())
			}
			if count == 0 {
				return s.errorOfItem(item)
			}
			return nil
		})
		if failed != nil {
			err = failed
		}
	}
	if len(found) > 0 {
		err = nil
	}
	return found, err
}
