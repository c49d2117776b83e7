//! The proxy of the harness does what it is told.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use harness::{Direction, PATIENCE, Proxy, wait_until};

/// A server that sends back all it gets, and its port.
fn echo() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut out = stream.try_clone().unwrap();
                std::io::copy(&mut stream, &mut out).ok();
            });
        }
    });
    port
}

/// A client of the proxy.
fn client(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends and reads back so many bytes.
fn round_trip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(bytes)?;
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back)?;
    Ok(back)
}

#[test]
fn all_passes_and_is_healed() {
    let proxy = Proxy::before(echo());
    let mut stream = client(&proxy);
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut back = stream.try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut read = vec![0; 200_000];
        back.read_exact(&mut read).unwrap();
        read
    });
    stream.write_all(&bytes).unwrap();
    assert_eq!(reader.join().unwrap(), bytes);
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_bit_is_flipped_and_a_connection_cut_at_a_byte() {
    let proxy = Proxy::before(echo());
    proxy.flip(Direction::ToClient, 5);
    assert_eq!(
        round_trip(&mut client(&proxy), b"0123456").unwrap(),
        b"0123446"
    );
    proxy.heal();
    proxy.cut_after(Direction::ToServer, 4);
    let mut stream = client(&proxy);
    stream.write_all(b"0123456").unwrap();
    let mut back = Vec::new();
    let error = stream.read_to_end(&mut back).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(b"0123".starts_with(&back), "{back:?}");
}

#[test]
fn a_stalled_direction_goes_on_when_it_is_healed() {
    let proxy = Proxy::before(echo());
    let mut stream = client(&proxy);
    assert_eq!(round_trip(&mut stream, b"a").unwrap(), b"a");
    proxy.go_silent();
    stream.write_all(b"b").unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut byte = [0];
    assert!(stream.read(&mut byte).is_err(), "nothing passes");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    proxy.heal();
    stream.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"b");
    proxy.cut();
    wait_until(PATIENCE, "the reset", || stream.read(&mut byte).is_err());
}

#[test]
fn pieces_are_delayed_and_the_rate_is_bound() {
    let proxy = Proxy::before(echo());
    proxy.delay(Direction::ToServer, Duration::from_millis(100));
    proxy.throttle(Direction::ToClient, 20_000);
    let mut stream = client(&proxy);
    let start = Instant::now();
    assert_eq!(round_trip(&mut stream, &[7; 8_192]).unwrap(), [7; 8_192]);
    // 100 ms of delay, and seven pieces that wait for 51 ms each.
    assert!(
        start.elapsed() > Duration::from_millis(400),
        "{:?}",
        start.elapsed()
    );
}
