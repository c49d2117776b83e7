//! A PostgreSQL server that says what a test tells it: to begin with the right thing, and then anything.
//!
//! [`Scripted::server`] speaks by script from the first byte on. [`Scripted::after`] stands before a real server and
//! passes everything on until the client has got as far as the test wants; from there on the script speaks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;

use crate::must::must;

/// A port on which a script answers. Closed when dropped.
#[derive(Debug)]
pub struct Scripted {
    /// The port, on 127.0.0.1.
    port: u16,
    /// What its thread and this value share.
    state: Arc<State>,
}

/// What the listening thread is told, and tells.
#[derive(Debug, Default)]
struct State {
    /// Whether it is to end.
    is_over: AtomicBool,
    /// How many connections came to the script.
    scripts: AtomicUsize,
}

/// How far a client gets with the real server before the script speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It has logged in for SQL.
    Sql,
    /// It has logged in for replication.
    Replication,
    /// The stream of a slot has begun.
    CopyBoth,
}

/// One client, from the script's side. A client that has left ends the script quietly.
#[derive(Debug)]
pub struct Dialogue {
    /// Its socket.
    stream: TcpStream,
}

impl Scripted {
    /// Speaks to every client by the script.
    #[must_use]
    pub fn server(script: impl Fn(&mut Dialogue) + Send + Sync + 'static) -> Self {
        Self::listen(move |stream, state| {
            state.scripts.fetch_add(1, Ordering::Relaxed);
            Dialogue { stream }.speak(&script)
        })
    }

    /// Passes everything on to the server at this port of 127.0.0.1, and speaks by the script from `until` on.
    #[must_use]
    pub fn after(
        port: u16,
        until: Until,
        script: impl Fn(&mut Dialogue) + Send + Sync + 'static,
    ) -> Self {
        Self::listen(move |stream, state| {
            if pass_on(&stream, port, until)? {
                state.scripts.fetch_add(1, Ordering::Relaxed);
                Dialogue { stream }.speak(&script)?;
            }
            Ok(())
        })
    }

    /// The port, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many clients have come as far as the script.
    #[must_use]
    pub fn scripts(&self) -> usize {
        self.state.scripts.load(Ordering::Relaxed)
    }

    /// Gives every client a thread.
    fn listen(serve: impl Fn(TcpStream, &State) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = must(TcpListener::bind(("127.0.0.1", 0)).context("no port for a script"));
        let port = must(listener.local_addr().context("no port for a script")).port();
        let (state, serve) = (Arc::new(State::default()), Arc::new(serve));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (serve, state) = (Arc::clone(&serve), Arc::clone(&shared));
                // A client that leaves is the end of most scripts, and no news.
                thread::spawn(move || serve(stream, &state).unwrap_or_default());
            }
        });
        Self { port, state }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Dialogue {
    /// Speaks by the script to its end, and closes so that the client reads it all.
    fn speak(mut self, script: impl Fn(&mut Self)) -> io::Result<()> {
        script(&mut self);
        // With something unread, a plain close would be a reset, which takes what was said with it.
        self.stream.shutdown(Shutdown::Write)?;
        self.hold();
        Ok(())
    }

    /// Reads a message without a type: the startup message, or the request for TLS. Gives its body.
    pub fn startup(&mut self) -> Vec<u8> {
        self.body().unwrap_or_default()
    }

    /// Reads a message. Gives its type and body; a type of 0 says that the client has left.
    pub fn message(&mut self) -> (u8, Vec<u8>) {
        let mut tag = [0];
        match self.stream.read_exact(&mut tag) {
            Ok(()) => (tag[0], self.body().unwrap_or_default()),
            Err(_) => (0, Vec::new()),
        }
    }

    /// Reads the startup message and lets the client in without a password.
    pub fn let_in(&mut self) {
        self.startup();
        self.say(b'R', &[0; 4]);
        for parameter in ["server_version\x0017.0\x00", "server_encoding\x00UTF8\x00"] {
            self.say(b'S', parameter.as_bytes());
        }
        self.say(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]);
        self.say(b'Z', b"I");
    }

    /// Sends a whole message of this type.
    pub fn say(&mut self, tag: u8, body: &[u8]) {
        self.send(&message(tag, body));
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap_or_default();
    }

    /// Sends the same bytes again and again, until the client has left or `limit` bytes are sent.
    pub fn flood(&mut self, bytes: &[u8], limit: u64) {
        let many = bytes.repeat((FLOOD_BYTES / bytes.len()).max(1));
        let mut sent = 0;
        while sent < limit && self.stream.write_all(&many).is_ok() {
            sent += u64::try_from(many.len()).unwrap_or(u64::MAX);
        }
    }

    /// Says no more, and waits until the client has left.
    pub fn hold(&mut self) {
        io::copy(&mut self.stream, &mut io::sink()).unwrap_or_default();
    }

    /// Reads a length and what belongs to it.
    fn body(&mut self) -> io::Result<Vec<u8>> {
        read_body(&mut self.stream)
    }
}

/// Makes a message.
#[must_use]
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// Makes the `XLogData` of a pgoutput message.
#[must_use]
pub fn xlog_data(payload: &[u8]) -> Vec<u8> {
    message(b'd', &[b"w", &[0; 24][..], payload].concat())
}

/// Stands between a client and the server until the client has got so far; says whether it has.
fn pass_on(client: &TcpStream, port: u16, until: Until) -> io::Result<bool> {
    let server = TcpStream::connect(("127.0.0.1", port))?;
    let mut from_client = client.try_clone()?;
    let startup = read_body(&mut from_client)?;
    let mut to_server = server.try_clone()?;
    let length = u32::try_from(startup.len() + 4).map_err(io::Error::other)?;
    to_server.write_all(&[&length.to_be_bytes()[..], &startup].concat())?;
    let is_replication = startup.windows(11).any(|window| window == b"replication");
    // Where the client is told the script's words, its own go nowhere.
    let is_scripted = Arc::new(AtomicBool::new(false));
    let (told, from) = (Arc::clone(&is_scripted), client.try_clone()?);
    thread::spawn(move || to_the_server(from, to_server, &told));

    let mut from_server = server;
    let mut to_client = client.try_clone()?;
    loop {
        let mut tag = [0];
        if let Err(error) = from_server.read_exact(&mut tag) {
            client.shutdown(Shutdown::Both)?;
            return if error.kind() == ErrorKind::UnexpectedEof {
                Ok(false)
            } else {
                Err(error)
            };
        }
        let body = read_body(&mut from_server)?;
        let is_so_far = match until {
            Until::Sql => tag == *b"Z" && !is_replication,
            Until::Replication => tag == *b"Z" && is_replication,
            Until::CopyBoth => tag == *b"W",
        };
        is_scripted.store(is_so_far, Ordering::Relaxed);
        to_client.write_all(&message(tag[0], &body))?;
        if is_so_far {
            from_server.shutdown(Shutdown::Both)?;
            return Ok(true);
        }
    }
}

/// Passes on what the client says, until the script speaks; then it is left for the script.
fn to_the_server(mut client: TcpStream, mut server: TcpStream, is_scripted: &AtomicBool) {
    let mut bytes = [0; 8192];
    loop {
        match client.peek(&mut bytes) {
            Ok(read) if read > 0 && !is_scripted.load(Ordering::Relaxed) => {
                let Some(part) = bytes.get_mut(..read) else {
                    return;
                };
                if client.read_exact(part).is_err() || server.write_all(part).is_err() {
                    return;
                }
            }
            Ok(0) | Err(_) => {
                drop(server.shutdown(Shutdown::Write));
                return;
            }
            Ok(_) => return,
        }
    }
}

/// Reads a length and what belongs to it.
fn read_body(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
    let mut body = vec![0; length.saturating_sub(4)];
    stream.read_exact(&mut body)?;
    Ok(body)
}

/// How much a flood sends at a time, in bytes.
const FLOOD_BYTES: usize = 64 * 1024;
