package leat

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// pairs returns connections with both of their ends, ours first.
func pairs(t testing.TB, count int) (*Stack, [][2]net.Conn) {
	a, b := two(t)
	listener, err := a.Listen("tcp", ":7")
	must(t, err)
	var all [][2]net.Conn
	for i := 0; i < count; i++ {
		ours := dial(t, b)
		theirs, err := listener.Accept()
		must(t, err)
		all = append(all, [2]net.Conn{ours, theirs})
	}
	return b, all
}

func TestOthersAreServedWhileTheLastLeaderIsBusy(t *testing.T) {
	_, conns := pairs(t, 2)
	isBusy, wasServed, waits := make(chan bool), make(chan error), make(chan bool)
	go func() { // it leads, and then uses the stack no more
		conns[0][0].Read(make([]byte, 1))
		isBusy <- true
		<-isBusy
	}()
	time.Sleep(5 * time.Millisecond)
	go func() {
		close(waits)
		_, err := io.ReadFull(conns[1][0], make([]byte, 3))
		wasServed <- err
	}()
	<-waits
	time.Sleep(5 * time.Millisecond)
	conns[0][1].Write([]byte("x"))
	<-isBusy
	for i := 0; i < 3; i++ {
		time.Sleep(5 * time.Millisecond)
		conns[1][1].Write([]byte("y"))
	}
	must(t, <-wasServed)
	isBusy <- true
}

func TestADeadlineEndsTheWaitsOfAllThatReadAConnection(t *testing.T) {
	_, conns := pairs(t, 1)
	ended := make(chan error)
	for i := 0; i < 3; i++ {
		go func() {
			_, err := conns[0][0].Read(make([]byte, 1))
			ended <- err
		}()
	}
	time.Sleep(10 * time.Millisecond)
	must(t, conns[0][0].SetReadDeadline(time.Now().Add(time.Hour)))
	must(t, conns[0][0].SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	for i := 0; i < 3; i++ {
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

func TestSeveralGoroutinesReadAConnection(t *testing.T) {
	_, conns := pairs(t, 1)
	got := make(chan byte)
	const readers, bytes = 5, 100
	for i := 0; i < readers; i++ {
		go func() {
			for {
				one := make([]byte, 1)
				if _, err := io.ReadFull(conns[0][0], one); err != nil {
					return // closed at the end
				}
				got <- one[0]
			}
		}()
	}
	go func() {
		for i := 0; i < bytes; i++ {
			conns[0][1].Write([]byte{byte(i)})
		}
	}()
	var seen [bytes]bool
	for i := 0; i < bytes; i++ {
		seen[<-got] = true
	}
	for i, is := range seen {
		if !is {
			t.Fatal(i, "is missing")
		}
	}
}

func TestSmallReadsOpenTheWindowWhileAnotherGoroutineLeads(t *testing.T) {
	stack, conns := pairs(t, 1)
	listener, err := stack.Listen("tcp", ":8")
	must(t, err)
	go listener.Accept()
	time.Sleep(5 * time.Millisecond)
	const total = 8 << 20
	go func() {
		conns[0][1].Write(make([]byte, total))
		conns[0][1].Close()
	}()
	room, done := make([]byte, 1000), 0
	for {
		count, err := conns[0][0].Read(room)
		done += count
		if err == io.EOF {
			break
		}
		must(t, err)
	}
	if done != total {
		t.Fatal(done)
	}
}

func TestANewDeadlineOrACloseWakesTheLeader(t *testing.T) {
	stack, conns := pairs(t, 1)
	conn := conns[0][0].(*Conn)
	ended := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	asleep := func() { // returns with the mutex held
		for stack.mu.Lock(); !stack.isAsleep || stack.leader != &conn.reader; stack.mu.Lock() {
			stack.mu.Unlock()
			time.Sleep(time.Millisecond)
		}
	}
	asleep()
	conn.reader.set(time.Now().Add(time.Hour))
	if stack.isAsleep {
		t.Error("it would miss its deadline")
	}
	stack.mu.Unlock()
	asleep()
	stack.mu.Unlock()
	must(t, conn.Close())
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}
