//! The list of tests that each binding passes: two stacks in one process, on the ends of a UNIX socket.
//! LEAT_TEST_CERTIFICATE and LEAT_TEST_KEY name files with PEM, for server.example.

use leat::{Authorities, Config, Endpoint, Error, Handle, Identity, Ip, Result, Socket, Stack};
use std::cell::{Cell, RefCell};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

const SERVER: Ip = Ip::v4(10, 0, 0, 1);
const CLIENT: Ip = Ip::v4(10, 0, 0, 2);

/// Two stacks. Each block_on() runs the loop of one, so the server's runs in a thread of its own.
fn two<S, C>(server: S, client: C)
where
    S: FnOnce(&Stack) + Send + 'static,
    C: FnOnce(&Stack),
{
    let (a, b) = UnixStream::pair().unwrap();
    let (ready, wait) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let stack = Config::new().address("10.0.0.1/24").unwrap().open(Socket::connected(a)).unwrap();
        ready.send(()).unwrap();
        server(&stack);
    });
    wait.recv().unwrap();
    let config = Config::new().address("10.0.0.2/24").unwrap().name_server("10.0.0.1").unwrap();
    let stack = config.open(Socket::connected(b)).unwrap();
    client(&stack);
    drop(stack);
    thread.join().unwrap();
}

/// Serves until the client sends a datagram to port 999, and answers it.
async fn until_over(stack: &Handle) {
    let udp = stack.udp(999).unwrap();
    let (_, client) = udp.receive().await.unwrap();
    udp.send(b"", client).unwrap();
    stack.sleep(Duration::from_millis(20)).await; // the answer leaves before the stack does
}

/// Tells the server to end, until it answers: the first datagram may wait for the server's address longer than one waits.
async fn over(stack: &Handle) {
    let udp = stack.udp(0).unwrap();
    for _ in 0..100 {
        udp.send(b"", Endpoint::new(SERVER, 999)).unwrap();
        if stack.timeout(Duration::from_millis(100), udp.receive()).await.is_ok() {
            return;
        }
    }
}

fn echo_on(stack: &Handle, port: u16) {
    let listener = stack.listen_with(leat::sys::leat_tcp_listen_config { port, backlog: 1000, ..Default::default() }).unwrap();
    let handle = stack.handle();
    stack.spawn(async move {
        while let Ok(stream) = listener.accept().await {
            handle.spawn(async move {
                while let Ok(Some(data)) = stream.receive().await {
                    if stream.send(data).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
}

fn echo_server(stack: &Stack) {
    echo_on(stack, 7);
    stack.block_on(until_over(stack)).unwrap();
}

#[test]
fn echo_of_many_bytes_both_ways() {
    two(echo_server, |stack| {
        stack
            .block_on(async {
                let sent: Vec<u8> = (0..1 << 20).map(|i: u32| (i.wrapping_mul(2654435761) >> 24) as u8).collect();
                let stream = Rc::new(stack.connect("10.0.0.1", 7).await.unwrap());
                let (writer, bytes) = (stream.clone(), sent.clone());
                stack.spawn(async move {
                    writer.write_all(&bytes).await.unwrap();
                    writer.end().unwrap();
                });
                let mut got = vec![0; sent.len()];
                stream.read_exact(&mut got).await.unwrap();
                assert!(got == sent);
                assert_eq!(stream.read_to_end().await.unwrap(), b"");
                assert_eq!(stream.peer(), SERVER);
                over(stack).await;
            })
            .unwrap();
    });
}

async fn head(stream: &leat::Stream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await.unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn http_in_both_directions() {
    let serve = |stack: &Stack| {
        stack
            .block_on(async {
                let listener = stack.listen(80).unwrap();
                let stream = listener.accept().await.unwrap();
                let request = head(&stream).await;
                let body = format!("you asked for {}", request.split(' ').nth(1).unwrap());
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                until_over(stack).await;
            })
            .unwrap();
    };
    two(serve, |stack| {
        stack
            .block_on(async {
                let stream = connect_soon(stack, 80).await;
                stream.write_all(b"GET /a HTTP/1.1\r\nHost: leat\r\n\r\n").await.unwrap();
                let answer = head(&stream).await;
                assert!(answer.starts_with("HTTP/1.1 200 "), "{}", answer);
                let mut body = [0; 16];
                stream.read_exact(&mut body).await.unwrap();
                assert_eq!(&body, b"you asked for /a");
                over(stack).await;
            })
            .unwrap();
    });
}

/// Connects to a server that may not listen yet.
async fn connect_soon(stack: &Handle, port: u16) -> leat::Stream {
    loop {
        match stack.connect("10.0.0.1", port).await {
            Ok(stream) => return stream,
            Err(error) => assert_eq!(error.code(), leat::sys::LEAT_ERR_REFUSED),
        }
    }
}

#[test]
fn datagrams_and_the_error_of_a_closed_port() {
    let serve = |stack: &Stack| {
        stack
            .block_on(async {
                let udp = stack.udp(9).unwrap();
                let (data, peer) = udp.receive().await.unwrap();
                assert_eq!((&data[..], peer.ip()), (&b"there"[..], CLIENT));
                udp.send(b"", peer).unwrap();
                until_over(stack).await;
            })
            .unwrap();
    };
    two(serve, |stack| {
        stack
            .block_on(async {
                let udp = stack.udp(0).unwrap();
                let there = Endpoint::new(SERVER, 9);
                let answer = loop {
                    udp.send(b"there", there).unwrap();
                    match udp.receive().await {
                        Ok(answer) => break answer,
                        Err(error) => assert_eq!(error.code(), leat::sys::LEAT_ERR_REFUSED),
                    }
                };
                assert_eq!(answer, (vec![], there));
                udp.send(b"nobody", Endpoint::new(SERVER, 10)).unwrap();
                assert_eq!(udp.receive().await.unwrap_err().code(), leat::sys::LEAT_ERR_REFUSED);
                over(stack).await;
            })
            .unwrap();
    });
}

#[test]
fn lookup_and_connect_by_name() {
    let serve = |stack: &Stack| {
        echo_on(stack, 7);
        let names = stack.udp(53).unwrap();
        stack.spawn(async move {
            loop {
                let (query, peer) = match names.receive().await {
                    Ok(received) => received,
                    Err(error) => {
                        // the answer to a question that was asked again came to a closed port
                        assert_eq!(error.code(), leat::sys::LEAT_ERR_REFUSED);
                        continue;
                    }
                };
                let end = query[12..].iter().position(|&byte| byte == 0).unwrap() + 12 + 5;
                let found = query[end - 4..end] == [0, 1, 0, 1];
                let mut answer = query[..2].to_vec();
                answer.extend_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(found), 0, 0, 0, 0]);
                answer.extend_from_slice(&query[12..end]);
                if found {
                    answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1]);
                }
                names.send(&answer, peer).unwrap();
            }
        });
        stack.block_on(until_over(stack)).unwrap();
        let error = stack.block_on(stack.lookup("host.example")).unwrap().unwrap_err();
        assert_eq!(error.code(), leat::sys::LEAT_ERR_NOT_FOUND); // it has no name servers
    };
    two(serve, |stack| {
        stack
            .block_on(async {
                assert_eq!(stack.lookup("host.example").await.unwrap(), [SERVER]);
                let stream = stack.connect("host.example", 7).await.unwrap();
                stream.write_all(b"by name").await.unwrap();
                let mut got = [0; 7];
                stream.read_exact(&mut got).await.unwrap();
                assert_eq!(&got, b"by name");
                over(stack).await;
            })
            .unwrap();
    });
}

fn pem(variable: &str) -> Vec<u8> {
    std::fs::read(std::env::var(variable).unwrap_or_else(|_| panic!("{} names no file", variable))).unwrap()
}

#[test]
fn tls_and_a_server_that_is_not_trusted() {
    let serve = |stack: &Stack| {
        let identity = Identity::pem(&pem("LEAT_TEST_CERTIFICATE"), &pem("LEAT_TEST_KEY"));
        let (listener, handle) = (stack.listen(443).unwrap(), stack.handle());
        stack.spawn(async move {
            while let Ok(below) = listener.accept().await {
                if let Ok(stream) = handle.accept_tls(below, &identity).await {
                    handle.spawn(async move {
                        let mut bytes = [0; 4096];
                        while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                            stream.write_all(&bytes[..count]).await.unwrap();
                        }
                    });
                }
            }
        });
        stack.block_on(until_over(stack)).unwrap();
    };
    two(serve, |stack| {
        stack
            .block_on(async {
                let authorities = Authorities::pem(&pem("LEAT_TEST_CERTIFICATE"));
                drop(connect_soon(stack, 443).await);
                let stream = stack.connect_tls("10.0.0.1", 443, &authorities.clone().name("server.example")).await.unwrap();
                let sent = b"secret".repeat(10000);
                stream.write_all(&sent).await.unwrap();
                let mut got = vec![0; sent.len()];
                stream.read_exact(&mut got).await.unwrap();
                assert!(got == sent);
                let refused = stack.connect_tls("10.0.0.1", 443, &authorities.name("other.example")).await;
                assert_eq!(refused.err().unwrap().code(), leat::sys::LEAT_ERR_TLS);
                over(stack).await;
            })
            .unwrap();
    });
}

#[test]
fn a_deadline_ends_a_wait_and_the_stream_goes_on() {
    two(echo_server, |stack| {
        stack
            .block_on(async {
                let stream = connect_soon(stack, 7).await;
                let mut bytes = [0; 16];
                let over_time = stack.timeout(Duration::from_millis(50), stream.read(&mut bytes)).await;
                assert!(over_time.unwrap_err().is_timeout());
                stream.write_all(b"still").await.unwrap();
                assert_eq!(stream.read(&mut bytes).await.unwrap(), 5);
                over(stack).await;
            })
            .unwrap();
    });
}

#[test]
fn cancelled_connects_leave_nothing() {
    two(echo_server, |stack| {
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let handle = stack.handle();
                stack.spawn(async move {
                    handle.connect("10.0.0.77", 7).await.unwrap();
                })
            })
            .collect();
        stack.block_on(stack.sleep(Duration::from_millis(20))).unwrap();
        // SAFETY: the stack is open
        let count = || unsafe { leat::sys::leat_tcp_count(stack.as_raw().unwrap()) };
        assert_eq!(count(), 10);
        tasks.into_iter().for_each(leat::Task::cancel);
        stack.block_on(stack.sleep(Duration::from_millis(1))).unwrap();
        assert_eq!(count(), 0);
        stack.block_on(over(stack)).unwrap();
    });
}

#[test]
fn refused_and_reset_are_errors() {
    let serve = |stack: &Stack| {
        stack
            .block_on(async {
                let listener = stack.listen(7).unwrap();
                listener.accept().await.unwrap().abort();
                until_over(stack).await;
            })
            .unwrap();
    };
    two(serve, |stack| {
        stack
            .block_on(async {
                let refused = stack.connect("10.0.0.1", 8).await.err().unwrap();
                assert_eq!(std::io::Error::from(refused).kind(), std::io::ErrorKind::ConnectionRefused);
                let reset = connect_soon(stack, 7).await.read(&mut [0]).await.unwrap_err();
                assert_eq!(reset.code(), leat::sys::LEAT_ERR_RESET);
                over(stack).await;
            })
            .unwrap();
    });
}

#[test]
fn close_inside_of_a_task_that_a_callback_woke() {
    two(echo_server, |stack| {
        let got = Rc::new(RefCell::new(Vec::new()));
        let (handle, result) = (stack.handle(), got.clone());
        let ended = stack.block_on(async {
            let stream = connect_soon(stack, 7).await;
            stream.write_all(b"x").await.unwrap();
            handle.sleep(Duration::from_millis(50)).await;
            over(stack).await;
            let inside = handle.clone();
            handle.spawn(async move {
                let mut bytes = [0; 4];
                let count = stream.read(&mut bytes).await.unwrap();
                result.borrow_mut().extend_from_slice(&bytes[..count]);
                stream.close();
                inside.close(); // drops this task, too, once it waits
                assert!(stream.read(&mut bytes).await.unwrap_err().is_closed());
                assert!(inside.listen(1).err().unwrap().is_closed());
            });
            handle.sleep(Duration::from_secs(60)).await;
        });
        assert!(ended.unwrap_err().is_closed());
        assert_eq!(&got.borrow()[..], b"x");
    });
}

#[test]
fn use_after_close_is_an_error() {
    let is_closed = |result: Result<()>| assert!(result.unwrap_err().is_closed());
    two(echo_server, move |stack| {
        let listener = stack.listen(8).unwrap();
        let udp = stack.udp(0).unwrap();
        let handle = stack.handle();
        stack
            .block_on(async {
                let stream = connect_soon(stack, 7).await;
                stream.close();
                stream.close();
                is_closed(stream.write_all(b"x").await);
                is_closed(stream.read(&mut [0; 4]).await.map(|_| ()));
                is_closed(stream.end());
            })
            .unwrap();
        let stream = stack.block_on(connect_soon(stack, 7)).unwrap();
        let data = stack.block_on(async {
            stream.write_all(b"kept").await.unwrap();
            stream.receive().await
        });
        let data = data.unwrap().unwrap().unwrap();
        stack.block_on(over(stack)).unwrap();
        handle.close();
        handle.close();
        assert_eq!(data.to_vec(), b"kept"); // its memory stays
        let closed: Rc<Cell<u32>> = Rc::default();
        let count = closed.clone();
        let all = async {
            for result in [
                stream.write_all(b"x").await,
                stream.read(&mut [0; 4]).await.map(|_| ()),
                stream.send(data).await,
                handle.connect("10.0.0.1", 7).await.map(|_| ()),
                handle.lookup("a").await.map(|_| ()),
                handle.listen(9).map(|_| ()),
                handle.udp(0).map(|_| ()),
                listener.accept().await.map(|_| ()),
                udp.receive().await.map(|_| ()),
                udp.send(b"", Endpoint::new(SERVER, 9)),
            ] {
                assert!(result.unwrap_err().is_closed());
                count.set(count.get() + 1);
            }
        };
        let done: std::result::Result<(), Error> = stack.block_on(all);
        done.unwrap();
        assert_eq!(closed.get(), 10);
    });
}

#[test]
fn another_thread_wakes_a_task() {
    two(echo_server, |stack| {
        let (sender, receiver) = std::sync::mpsc::channel::<u32>();
        let shared = std::sync::Arc::new(std::sync::Mutex::new(None::<std::task::Waker>));
        let waker = shared.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            sender.send(42).unwrap();
            waker.lock().unwrap().take().unwrap().wake();
        });
        struct Receive(std::sync::mpsc::Receiver<u32>, std::sync::Arc<std::sync::Mutex<Option<std::task::Waker>>>);
        impl std::future::Future for Receive {
            type Output = u32;
            fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<u32> {
                *self.1.lock().unwrap() = Some(cx.waker().clone());
                self.0.try_recv().map_or(std::task::Poll::Pending, std::task::Poll::Ready)
            }
        }
        assert_eq!(stack.block_on(Receive(receiver, shared)).unwrap(), 42);
        thread.join().unwrap();
        stack.block_on(over(stack)).unwrap();
    });
}

#[test]
fn a_thousand_connections_at_a_time() {
    two(echo_server, |stack| {
        stack
            .block_on(async {
                drop(connect_soon(stack, 7).await);
                let done: Rc<Cell<u32>> = Rc::default();
                let streams: Rc<RefCell<Vec<leat::Stream>>> = Rc::default();
                for number in 0..1000_u32 {
                    let (handle, done, streams) = (stack.handle(), done.clone(), streams.clone());
                    stack.spawn(async move {
                        let stream = handle.connect("10.0.0.1", 7).await.unwrap();
                        stream.write_all(&number.to_be_bytes()).await.unwrap();
                        let mut got = [0; 4];
                        stream.read_exact(&mut got).await.unwrap();
                        assert_eq!(u32::from_be_bytes(got), number);
                        streams.borrow_mut().push(stream); // all stay open
                        done.set(done.get() + 1);
                    });
                }
                while done.get() < 1000 {
                    stack.sleep(Duration::from_millis(5)).await;
                }
                // SAFETY: the stack is open
                assert!(unsafe { leat::sys::leat_tcp_count(stack.as_raw().unwrap()) } >= 1000);
                streams.borrow_mut().clear();
                over(stack).await;
            })
            .unwrap();
    });
}
