//! An echo server on a UNIX socket, at which it waits for a peer: echo PATH. bench/bindings.py measures it.

fn main() -> leat::Result<()> {
    let mut device = leat::Socket::path(&std::env::args().nth(1).expect("the path of a socket"));
    device.listen = true;
    let stack = leat::Config::new().address("10.0.0.1/24")?.open(device)?;
    let listener = stack.listen(7)?;
    let tasks = stack.handle();
    let ended = stack.block_on(async move {
        while let Ok(stream) = listener.accept().await {
            tasks.spawn(async move {
                while let Ok(Some(data)) = stream.receive().await {
                    if stream.send(data).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    match ended {
        Err(error) if error.code() != leat::sys::LEAT_ERR_CANCELLED => Err(error),
        _ => Ok(()), // a signal
    }
}
