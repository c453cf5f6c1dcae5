// Command echo is an echo server on a UNIX socket, at which it waits for a peer: echo PATH. bench/bindings.py measures it.
package main

import (
	"io"
	"leat"
	"log"
	"net"
	"os"
)

func echo(conn net.Conn) {
	defer conn.Close()
	io.Copy(conn, conn)
}

func main() {
	stack, err := leat.Open(leat.Config{Path: os.Args[1], Listen: true, Addresses: []string{"10.0.0.1/24"}})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := stack.Listen("tcp", ":7")
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(conn)
	}
}
