package leat

// #include "glue.h"
import "C"

import (
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Conn is a connection, a net.Conn. Several goroutines may use it.
type Conn struct {
	stack          *Stack
	number         C.uint64_t
	c              *C.struct_glue_item // nil: released
	reader, writer waiter
	isReadable     bool // a read may give something
	local, remote  net.Addr
	writing        sync.Mutex // a Write is not mixed with others
}

// init reads the ends; the mutex is held.
func (c *Conn) init() {
	c.reader.init(c.stack)
	c.writer.init(c.stack)
	c.isReadable = true
	var local, remote C.struct_leat_endpoint
	C.glue_ends(c.c, &local, &remote)
	c.local = &net.TCPAddr{IP: ipOf(local.ip), Port: int(local.port)}
	c.remote = &net.TCPAddr{IP: ipOf(remote.ip), Port: int(remote.port)}
}

func (c *Conn) happened(events uint) {
	if events&(C.GLUE_READABLE|C.GLUE_CLOSED) != 0 {
		c.isReadable = true
		c.reader.tell()
	}
	if events&(C.GLUE_WRITABLE|C.GLUE_CLOSED) != 0 {
		c.writer.tell()
	}
}

func (c *Conn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// Read reads some bytes; io.EOF at the end.
func (c *Conn) Read(bytes []byte) (int, error) {
	c.stack.mu.Lock()
	count, err := c.read(bytes)
	c.stack.mu.Unlock()
	return count, err
}

func (c *Conn) at() C.uintptr_t { return C.uintptr_t(uintptr(unsafe.Pointer(c.c))) }

// addressOf is for C, which uses it during one call, without a call of Go. Bytes have no pointers that cgo's check could
// find.
func addressOf(bytes []byte) C.uintptr_t { return C.uintptr_t(uintptr(unsafe.Pointer(&bytes[0]))) }

func (c *Conn) read(bytes []byte) (int, error) {
	for {
		if c.c == nil {
			return 0, c.failed("read", net.ErrClosed)
		}
		if c.reader.isOver() {
			return 0, c.failed("read", os.ErrDeadlineExceeded)
		}
		if len(bytes) == 0 {
			return 0, nil
		}
		if c.isReadable {
			count := C.glue_at_read(c.at(), addressOf(bytes), C.size_t(len(bytes)))
			runtime.KeepAlive(bytes)
			c.isReadable = bool(c.stack.state.has_more)
			switch {
			case count > 0:
				c.stack.consumed(int(count))
				return int(count), nil
			case count == 0:
				return 0, io.EOF
			case count == C.GLUE_FAILED:
				return 0, c.failed("read", c.stack.errorOfItem(c.c))
			}
		}
		c.reader.wait()
	}
}

// Write queues all bytes, and waits for room as often as needed.
func (c *Conn) Write(bytes []byte) (int, error) {
	c.writing.Lock()
	c.stack.mu.Lock()
	count, err := c.write(bytes)
	c.stack.mu.Unlock()
	c.writing.Unlock()
	return count, err
}

func (c *Conn) write(bytes []byte) (int, error) {
	done := 0
	for {
		if c.c == nil {
			return done, c.failed("write", net.ErrClosed)
		}
		if c.writer.isOver() {
			return done, c.failed("write", os.ErrDeadlineExceeded)
		}
		if done == len(bytes) {
			return done, nil
		}
		count := C.glue_at_write(c.at(), addressOf(bytes[done:]), C.size_t(len(bytes)-done))
		runtime.KeepAlive(bytes)
		switch {
		case count > 0:
			done += int(count)
			c.stack.wrote()
		case count == C.GLUE_FAILED:
			return done, c.failed("write", c.stack.errorOfItem(c.c))
		default:
			c.writer.wait()
		}
	}
}

// CloseWrite ends our side; the peer may still send.
func (c *Conn) CloseWrite() error {
	c.stack.mu.Lock()
	defer c.stack.mu.Unlock()
	if c.c == nil {
		return c.failed("close", net.ErrClosed)
	}
	if code := C.glue_end(c.c); code != C.LEAT_OK {
		return c.failed("close", errorOf(code, ""))
	}
	c.stack.poll()
	return nil
}

// Close closes both directions; queued data is still delivered.
func (c *Conn) Close() error { return c.close(false) }

// Abort closes at once; the peer sees a reset.
func (c *Conn) Abort() error { return c.close(true) }

func (c *Conn) close(abort bool) error {
	c.stack.mu.Lock()
	defer c.stack.mu.Unlock()
	if c.c == nil {
		return c.failed("close", net.ErrClosed)
	}
	C.glue_end_item(c.c, C.bool(abort))
	C.glue_release(c.c)
	c.c = nil
	delete(c.stack.objects, uint64(c.number))
	c.reader.end()
	c.writer.end()
	c.stack.poll()
	return nil
}

// LocalAddr is our end.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the peer's.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline limits reads and writes.
func (c *Conn) SetDeadline(at time.Time) error { return c.limit(at, &c.reader, &c.writer) }

// SetReadDeadline limits reads.
func (c *Conn) SetReadDeadline(at time.Time) error { return c.limit(at, &c.reader) }

// SetWriteDeadline limits writes.
func (c *Conn) SetWriteDeadline(at time.Time) error { return c.limit(at, &c.writer) }

func (c *Conn) limit(at time.Time, waiters ...*waiter) error {
	c.stack.mu.Lock()
	defer c.stack.mu.Unlock()
	if c.c == nil {
		return c.failed("set", net.ErrClosed)
	}
	for _, w := range waiters {
		w.set(at)
	}
	return nil
}

// Listener accepts connections, a net.Listener.
type Listener struct {
	stack  *Stack
	number C.uint64_t
	c      *C.struct_glue_item // nil: closed
	waiter waiter
}

func (l *Listener) happened(uint) { l.waiter.tell() }

// Accept returns the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	l.stack.mu.Lock()
	defer l.stack.mu.Unlock()
	for l.c != nil && l.stack.c != nil {
		if l.waiter.isOver() {
			return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.ErrDeadlineExceeded}
		}
		conn := &Conn{stack: l.stack}
		conn.number = l.stack.enter(conn)
		if conn.c = C.glue_accept(l.c, conn.number); conn.c != nil {
			conn.init()
			return conn, nil
		}
		delete(l.stack.objects, uint64(conn.number))
		l.waiter.wait()
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: net.ErrClosed}
}

// SetDeadline limits Accept.
func (l *Listener) SetDeadline(at time.Time) error {
	l.stack.mu.Lock()
	defer l.stack.mu.Unlock()
	l.waiter.set(at)
	return nil
}

// Close stops listening; connections that were not accepted are reset.
func (l *Listener) Close() error {
	l.stack.mu.Lock()
	defer l.stack.mu.Unlock()
	if l.c == nil {
		return &net.OpError{Op: "close", Net: "tcp", Err: net.ErrClosed}
	}
	C.glue_release(l.c)
	l.c = nil
	delete(l.stack.objects, uint64(l.number))
	l.waiter.end()
	l.stack.poll()
	return nil
}

// Addr is our end.
func (l *Listener) Addr() net.Addr {
	l.stack.mu.Lock()
	defer l.stack.mu.Unlock()
	var local, remote C.struct_leat_endpoint
	if l.c != nil {
		C.glue_ends(l.c, &local, &remote)
	}
	return &net.TCPAddr{IP: ipOf(local.ip), Port: int(local.port)}
}

// PacketConn is a socket of UDP, a net.PacketConn.
type PacketConn struct {
	stack  *Stack
	number C.uint64_t
	c      *C.struct_glue_item // nil: closed
	waiter waiter
}

func (p *PacketConn) happened(uint) { p.waiter.tell() }

func failedUDP(op string, err error) error { return &net.OpError{Op: op, Net: "udp", Err: err} }

// ReadFrom returns the next datagram; an error of ICMP about an earlier one that was sent.
func (p *PacketConn) ReadFrom(bytes []byte) (int, net.Addr, error) {
	p.stack.mu.Lock()
	defer p.stack.mu.Unlock()
	room := bytes
	if len(room) == 0 {
		room = make([]byte, 1)
	}
	for p.c != nil {
		if p.waiter.isOver() {
			return 0, nil, failedUDP("read", os.ErrDeadlineExceeded)
		}
		var peer C.struct_leat_endpoint
		count := C.glue_receive(p.c, unsafe.Pointer(&room[0]), C.size_t(len(room)), &peer)
		if count == C.GLUE_FAILED {
			return 0, nil, failedUDP("read", p.stack.errorOfItem(p.c))
		}
		if count >= 0 {
			from := &net.UDPAddr{IP: ipOf(peer.ip), Port: int(peer.port)}
			if int(count) > len(bytes) {
				count = C.int64_t(len(bytes))
			}
			return int(count), from, nil
		}
		p.waiter.wait()
	}
	return 0, nil, failedUDP("read", net.ErrClosed)
}

// WriteTo sends one datagram; UDP never waits.
func (p *PacketConn) WriteTo(bytes []byte, to net.Addr) (int, error) {
	address, ok := to.(*net.UDPAddr)
	if !ok || address.IP.To16() == nil {
		return 0, failedUDP("write", &net.AddrError{Err: "not an address of UDP", Addr: to.String()})
	}
	p.stack.mu.Lock()
	defer p.stack.mu.Unlock()
	if p.c == nil {
		return 0, failedUDP("write", net.ErrClosed)
	}
	peer := C.struct_leat_endpoint{port: C.uint16_t(address.Port)}
	for i, octet := range address.IP.To16() {
		peer.ip.bytes[i] = C.uint8_t(octet)
	}
	var first unsafe.Pointer
	if len(bytes) > 0 {
		first = unsafe.Pointer(&bytes[0])
	}
	if code := C.glue_send(p.c, first, C.size_t(len(bytes)), &peer); code != C.LEAT_OK {
		return 0, failedUDP("write", errorOf(code, to.String()))
	}
	p.stack.poll()
	return len(bytes), nil
}

// Close closes the socket.
func (p *PacketConn) Close() error {
	p.stack.mu.Lock()
	defer p.stack.mu.Unlock()
	if p.c == nil {
		return failedUDP("close", net.ErrClosed)
	}
	C.glue_release(p.c)
	p.c = nil
	delete(p.stack.objects, uint64(p.number))
	p.waiter.end()
	return nil
}

// LocalAddr is our end.
func (p *PacketConn) LocalAddr() net.Addr {
	p.stack.mu.Lock()
	defer p.stack.mu.Unlock()
	var local, remote C.struct_leat_endpoint
	if p.c != nil {
		C.glue_ends(p.c, &local, &remote)
	}
	return &net.UDPAddr{IP: ipOf(local.ip), Port: int(local.port)}
}

// SetDeadline limits ReadFrom; WriteTo never waits.
func (p *PacketConn) SetDeadline(at time.Time) error { return p.SetReadDeadline(at) }

// SetReadDeadline limits ReadFrom.
func (p *PacketConn) SetReadDeadline(at time.Time) error {
	p.stack.mu.Lock()
	defer p.stack.mu.Unlock()
	if p.c == nil {
		return failedUDP("set", net.ErrClosed)
	}
	p.waiter.set(at)
	return nil
}

// SetWriteDeadline does nothing.
func (p *PacketConn) SetWriteDeadline(time.Time) error { return nil }
