// hello is a stack with one address and net/http; its device is one end of a UNIX socket.
package main

import (
	"fmt"
	"net/http"
	"os"
	"syscall"

	"leat"
)

func main() {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		panic(err)
	}
	stack, err := leat.Open(leat.Config{Socket: os.NewFile(uintptr(ends[0]), "wire"), Addresses: []string{"10.0.0.1/24"}})
	if err != nil {
		panic(err)
	}
	defer stack.Close()
	listener, err := stack.Listen("tcp", ":80")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.NotFoundHandler()) // a server waits here instead
	fmt.Println("10.0.0.1 serves at port 80")
}
