//! A TCP proxy that fails on demand: between outflow and a server, it cuts, stalls, delays, throttles and garbles.
//!
//! Rules hold for all connections, from the moment they are set. Bytes are counted from a connection's beginning, in
//! each direction for itself.

mod lane;
mod rules;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use self::lane::Lane;
pub use self::rules::Direction;
use self::rules::{Rules, Shared};
use crate::must::must;
use crate::ports;

/// A port that passes everything on to a server, but for what a test wants to go wrong. Closed when dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Its port, on 127.0.0.1.
    port: u16,
    /// What all its threads look at.
    shared: Arc<Shared>,
}

impl Proxy {
    /// Stands before a server of this machine.
    #[must_use]
    #[track_caller]
    pub fn before(server_port: u16) -> Self {
        must(Self::open(server_port).context("cannot open a proxy"))
    }

    /// Listens.
    fn open(server_port: u16) -> anyhow::Result<Self> {
        let port = ports::free()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let shared = Arc::new(Shared::default());
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, server_port));
        let state = Arc::clone(&shared);
        thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || accept(&listener, server, &state))?;
        Ok(Self { port, shared })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were made through it so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.look(|rules| rules.connections)
    }

    /// Ends all connections with a reset, now.
    pub fn cut(&self) {
        self.shared.change(|rules| rules.cuts += 1);
    }

    /// Resets each connection after so many bytes in a direction.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.shared
            .change(|rules| rules.lane(direction).cut_after = Some(bytes));
    }

    /// Flips the lowest bit of a byte, counted from 0, of each connection.
    pub fn flip(&self, direction: Direction, byte: u64) {
        self.shared
            .change(|rules| rules.lane(direction).flip = Some(byte));
    }

    /// Takes nothing more in a direction, so that the sender's buffers fill up.
    pub fn stall(&self, direction: Direction) {
        self.shared
            .change(|rules| rules.lane(direction).stalled = true);
    }

    /// Goes silent, as a machine that lost its power: no byte passes, and no end or reset of a connection.
    pub fn go_silent(&self) {
        self.shared.change(|rules| {
            for direction in [Direction::ToServer, Direction::ToClient] {
                rules.lane(direction).stalled = true;
            }
            rules.silent = true;
        });
    }

    /// Passes on each piece so much later.
    pub fn delay(&self, direction: Direction, by: Duration) {
        self.shared.change(|rules| rules.lane(direction).delay = by);
    }

    /// Passes on at most so many bytes a second.
    pub fn throttle(&self, direction: Direction, bytes_per_sec: u32) {
        self.shared
            .change(|rules| rules.lane(direction).bytes_per_sec = Some(bytes_per_sec));
    }

    /// Passes everything on again; connections that were cut stay so.
    pub fn heal(&self) {
        self.shared.change(Rules::heal);
    }
}

/// Ends its connections, and then its listener, which a last connection wakes.
impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.change(|rules| {
            rules.is_over = true;
            rules.cuts += 1;
        });
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok();
    }
}

/// Takes connections until the proxy is dropped.
fn accept(listener: &TcpListener, server: SocketAddr, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.look(|rules| rules.is_over) {
            return;
        }
        // A client that is gone, or a server that is down, is nothing the proxy has to answer for.
        if let Ok(client) = client {
            connect(client, server, shared).ok();
        }
    }
}

/// Connects a client with the server, in two threads.
fn connect(client: TcpStream, server: SocketAddr, shared: &Arc<Shared>) -> std::io::Result<()> {
    let server = TcpStream::connect(server)?;
    let (client, server) = (Arc::new(client), Arc::new(server));
    let cuts = shared.change(|rules| {
        rules.connections += 1;
        rules.cuts
    });
    let is_reset = Arc::new(AtomicBool::new(false));
    for (direction, from, to) in [
        (Direction::ToServer, &client, &server),
        (Direction::ToClient, &server, &client),
    ] {
        let lane = Lane::new(
            direction,
            Arc::clone(from),
            Arc::clone(to),
            cuts,
            Arc::clone(&is_reset),
        )?;
        let shared = Arc::clone(shared);
        thread::Builder::new()
            .name("proxy-lane".to_owned())
            .spawn(move || lane.run(&shared))?;
    }
    Ok(())
}
