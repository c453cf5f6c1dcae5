package leat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const server = "10.0.0.1"

// two opens two stacks on the ends of a UNIX socket.
func two(t testing.TB) (*Stack, *Stack) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var stacks [2]*Stack
	for i := range stacks {
		config := Config{Socket: os.NewFile(uintptr(fds[i]), "wire"), Addresses: []string{fmt.Sprintf("10.0.0.%d/24", i+1)}}
		if i == 1 {
			config.NameServers = []string{server}
		}
		if stacks[i], err = Open(config); err != nil {
			t.Fatal(err)
		}
		stack := stacks[i]
		t.Cleanup(func() { stack.Close() })
	}
	return stacks[0], stacks[1]
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// echo serves on port 7.
func echo(t testing.TB, stack *Stack) net.Listener {
	listener, err := stack.Listen("tcp", ":7")
	must(t, err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return listener
}

func dial(t testing.TB, stack *Stack) net.Conn {
	t.Helper()
	conn, err := stack.Dial("tcp", server+":7")
	must(t, err)
	return conn
}

func TestEchoOfManyBytesBothWays(t *testing.T) {
	a, b := two(t)
	echo(t, a)
	conn := dial(t, b)
	sent := make([]byte, 1<<20)
	for i := range sent {
		sent[i] = byte(uint32(i) * 2654435761 >> 24)
	}
	go func() {
		conn.Write(sent)
		conn.(*Conn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	must(t, err)
	if string(got) != string(sent) {
		t.Fatal("other bytes came back")
	}
	if conn.RemoteAddr().String() != "10.0.0.1:7" || !strings.HasPrefix(conn.LocalAddr().String(), "10.0.0.2:") {
		t.Fatal(conn.RemoteAddr(), conn.LocalAddr())
	}
	must(t, conn.Close())
}

func TestHTTPInBothDirections(t *testing.T) {
	a, b := two(t)
	listener, err := a.Listen("tcp", ":80")
	must(t, err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked for %s", r.URL.Path)
	}))
	client := http.Client{Transport: &http.Transport{DialContext: b.DialContext}}
	for i := 0; i < 3; i++ {
		answer, err := client.Get("http://10.0.0.1/a")
		must(t, err)
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		answer.Body.Close()
		if answer.StatusCode != 200 || string(body) != "you asked for /a" {
			t.Fatal(answer.Status, string(body))
		}
	}
	client.CloseIdleConnections()
}

func TestDatagramsAndTheErrorOfAClosedPort(t *testing.T) {
	a, b := two(t)
	there, err := a.ListenPacket("udp", ":9")
	must(t, err)
	ours, err := b.ListenPacket("udp", ":0")
	must(t, err)
	_, err = ours.WriteTo([]byte("there"), &net.UDPAddr{IP: net.ParseIP(server), Port: 9})
	must(t, err)
	room := make([]byte, 100)
	count, from, err := there.ReadFrom(room)
	must(t, err)
	if string(room[:count]) != "there" || from.(*net.UDPAddr).Port != ours.LocalAddr().(*net.UDPAddr).Port {
		t.Fatal(string(room[:count]), from)
	}
	_, err = there.WriteTo(nil, from)
	must(t, err)
	if count, _, err = ours.ReadFrom(room); err != nil || count != 0 {
		t.Fatal(count, err)
	}
	_, err = ours.WriteTo([]byte("nobody"), &net.UDPAddr{IP: net.ParseIP(server), Port: 10})
	must(t, err)
	if _, _, err = ours.ReadFrom(room); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatal(err)
	}
}

func TestLookupAndConnectByName(t *testing.T) {
	a, b := two(t)
	echo(t, a)
	names, err := a.ListenPacket("udp", ":53")
	must(t, err)
	go func() {
		query := make([]byte, 512)
		for {
			count, from, err := names.ReadFrom(query)
			if err != nil {
				return
			}
			end := 12
			for end < count && query[end] != 0 {
				end++
			}
			end += 5
			found := binary.BigEndian.Uint16(query[end-4:]) == 1
			answer := append([]byte{}, query[:2]...)
			answer = append(answer, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
			answer = append(answer, query[12:end]...)
			if found {
				answer[7] = 1
				answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1)
			}
			names.WriteTo(answer, from)
		}
	}()
	found, err := b.LookupHost(context.Background(), "host.example")
	must(t, err)
	if len(found) != 1 || found[0] != server {
		t.Fatal(found)
	}
	conn, err := b.Dial("tcp", "host.example:7")
	must(t, err)
	conn.Write([]byte("by name"))
	got := make([]byte, 7)
	if _, err = io.ReadFull(conn, got); err != nil || string(got) != "by name" {
		t.Fatal(string(got), err)
	}
	var failed *Error
	if _, err = a.LookupHost(context.Background(), "host.example"); !errors.As(err, &failed) {
		t.Fatal(err) // it has no name servers
	}
}

func TestTLSAndAServerThatIsNotTrusted(t *testing.T) {
	a, b := two(t)
	pem, err := os.ReadFile(os.Getenv("LEAT_TEST_CERTIFICATE"))
	must(t, err)
	pair, err := tls.LoadX509KeyPair(os.Getenv("LEAT_TEST_CERTIFICATE"), os.Getenv("LEAT_TEST_KEY"))
	must(t, err)
	listener, err := a.Listen("tcp", ":443")
	must(t, err)
	go http.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}}),
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // net/http has no answer beside the rest of a request
			w.Write(body)
		}))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for name, good := range map[string]bool{"server.example": true, "other.example": false} {
		client := http.Client{Transport: &http.Transport{DialContext: b.DialContext,
			TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}}}
		sent := strings.Repeat("secret", 10000)
		answer, err := client.Post("https://10.0.0.1/", "text/plain", strings.NewReader(sent))
		if !good {
			if err == nil {
				t.Fatal("a server was trusted that is not to be trusted")
			}
			continue
		}
		must(t, err)
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != sent {
			t.Fatal(len(body), err)
		}
		answer.Body.Close()
		client.CloseIdleConnections()
	}
}

func TestADeadlineEndsAWaitAndTheStreamGoesOn(t *testing.T) {
	a, b := two(t)
	echo(t, a)
	conn := dial(t, b)
	must(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	must(t, conn.SetReadDeadline(time.Time{}))
	conn.Write([]byte("still"))
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "still" {
		t.Fatal(string(got), err)
	}
	listener, err := a.Listen("tcp", ":8")
	must(t, err)
	listener.(*Listener).SetDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := listener.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestCancelledDialsLeaveNothing(t *testing.T) {
	_, b := two(t)
	ctx, cancel := context.WithCancel(context.Background())
	results := make(chan error)
	for i := 0; i < 10; i++ {
		go func() {
			_, err := b.DialContext(ctx, "tcp", "10.0.0.77:7")
			results <- err
		}()
	}
	time.Sleep(20 * time.Millisecond)
	cancel()
	for i := 0; i < 10; i++ {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.objects) != 0 {
		t.Fatal(len(b.objects), "objects are left")
	}
}

func TestRefusedAndResetAreErrors(t *testing.T) {
	a, b := two(t)
	if _, err := b.Dial("tcp", "10.0.0.1:8"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatal(err)
	}
	listener, err := a.Listen("tcp", ":7")
	must(t, err)
	go func() {
		conn, _ := listener.Accept()
		conn.(*Conn).Abort()
	}()
	conn := dial(t, b)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
}

// The connection is reset while the goroutine that dials waits for the stack's mutex.
func TestAResetBeforeDialReturnsIsAnErrorOfRead(t *testing.T) {
	a, b := two(t)
	listener, err := a.Listen("tcp", ":7")
	must(t, err)
	var aborted atomic.Bool
	go func() {
		conn, _ := listener.Accept()
		conn.(*Conn).Abort()
		aborted.Store(true)
	}()
	dialed := make(chan net.Conn)
	a.mu.Lock() // no answer yet
	go func() { dialed <- dial(t, b) }()
	for begun := false; !begun; {
		b.mu.Lock()
		if begun = len(b.objects) > 0; !begun {
			b.mu.Unlock()
		}
	}
	a.mu.Unlock()
	for turns := 0; turns < 20; turns++ {
		b.poll()
		if !aborted.Load() {
			turns = 0
		}
		time.Sleep(time.Millisecond)
	}
	b.mu.Unlock()
	conn := <-dialed
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	if conn.RemoteAddr().String() != server+":7" {
		t.Fatal(conn.RemoteAddr())
	}
}

func TestCloseWhileOthersWait(t *testing.T) {
	a, b := two(t)
	listener := echo(t, a)
	conn := dial(t, b)
	waiting := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		waiting <- err
	}()
	time.Sleep(10 * time.Millisecond)
	must(t, conn.Close())
	if err := <-waiting; !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	other := dial(t, b)
	go func() {
		_, err := other.Read(make([]byte, 1))
		waiting <- err
	}()
	go func() {
		second, err := a.Listen("tcp", ":8")
		if err == nil {
			_, err = second.Accept()
		}
		waiting <- err
	}()
	time.Sleep(10 * time.Millisecond)
	must(t, b.Close())
	must(t, listener.Close())
	must(t, a.Close())
	for i := 0; i < 2; i++ {
		if err := <-waiting; !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
	}
}

func TestUseAfterCloseIsAnError(t *testing.T) {
	a, b := two(t)
	echo(t, a)
	conn, closed := dial(t, b), dial(t, b)
	udp, err := b.ListenPacket("udp", ":0")
	must(t, err)
	listener, err := b.Listen("tcp", ":9")
	must(t, err)
	must(t, closed.Close())
	use := func(conn net.Conn) {
		t.Helper()
		for what, call := range map[string]func() error{
			"Write": func() error { _, err := conn.Write([]byte("x")); return err },
			"Read":  func() error { _, err := conn.Read(make([]byte, 1)); return err },
			"End":   conn.(*Conn).CloseWrite,
		} {
			if err := call(); !errors.Is(err, net.ErrClosed) {
				t.Fatal(what, err)
			}
		}
	}
	use(closed)
	if err := closed.Close(); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	must(t, b.Close())
	must(t, b.Close())
	use(conn)
	for what, call := range map[string]func() error{
		"Dial":   func() error { _, err := b.Dial("tcp", server+":7"); return err },
		"Listen": func() error { _, err := b.Listen("tcp", ":7"); return err },
		"Lookup": func() error { _, err := b.LookupHost(context.Background(), "a"); return err },
		"Accept": func() error { _, err := listener.Accept(); return err },
		"WriteTo": func() error {
			_, err := udp.WriteTo(nil, &net.UDPAddr{IP: net.ParseIP(server), Port: 1})
			return err
		},
		"ReadFrom": func() error { _, _, err := udp.ReadFrom(make([]byte, 1)); return err },
	} {
		if err := call(); !errors.Is(err, net.ErrClosed) {
			t.Fatal(what, err)
		}
	}
	conn.Close()
	udp.Close()
	listener.Close()
	runtime.GC()
}

func TestAThousandConnectionsAtATime(t *testing.T) {
	a, b := two(t)
	echo(t, a)
	var all, open sync.WaitGroup
	errs := make(chan error, 1000)
	limit := make(chan struct{}, 100) // the backlog of the listener
	open.Add(1000)
	for i := 0; i < 1000; i++ {
		all.Add(1)
		go func(number uint32) {
			defer all.Done()
			limit <- struct{}{}
			conn, err := b.Dial("tcp", server+":7")
			<-limit
			open.Done()
			if err != nil {
				errs <- err
				return
			}
			defer conn.Close()
			open.Wait() // all are open
			sent, got := make([]byte, 4), make([]byte, 4)
			binary.BigEndian.PutUint32(sent, number)
			conn.Write(sent)
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != string(sent) {
				errs <- fmt.Errorf("%d: %v %w", number, got, err)
			}
		}(uint32(i))
	}
	all.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
}

func BenchmarkRequest(b *testing.B) {
	one, other := two(b)
	echo(b, one)
	conn := dial(b, other)
	bytes := make([]byte, 64)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		conn.Write(bytes)
		if _, err := io.ReadFull(conn, bytes); err != nil {
			b.Fatal(err)
		}
	}
}
