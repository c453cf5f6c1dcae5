//! A stack with one address and an echo server; its device is one end of a UNIX socket.

use std::os::unix::net::UnixStream;
use std::time::Duration;

fn main() -> leat::Result<()> {
    let (wire, _peer) = UnixStream::pair().expect("a pair of sockets");
    let stack = leat::Config::new().address("10.0.0.1/24")?.open(leat::Socket::connected(wire))?;
    let listener = stack.listen(7)?;
    stack.spawn(async move {
        while let Ok(stream) = listener.accept().await {
            while let Ok(Some(data)) = stream.receive().await {
                if stream.send(data).await.is_err() {
                    break;
                }
            }
        }
    });
    println!("10.0.0.1 echoes at port 7");
    stack.block_on(stack.sleep(Duration::from_millis(10))) // a server waits for a peer instead
}
