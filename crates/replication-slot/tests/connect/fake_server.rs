//! A server whose every message the test says.

use std::collections::BTreeMap;

use outflow_replication_slot::connect::ConnectConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A port that the test answers on.
pub(crate) struct FakeServer {
    listener: TcpListener,
    pub(crate) port: u16,
}

/// A connection that the test answers.
pub(crate) struct Session<S> {
    pub(crate) stream: S,
}

/// Reads a connection text, over no environment.
pub(crate) fn config(text: &str) -> ConnectConfig {
    ConnectConfig::parse(text, |name| (name == "HOME").then(|| "/nowhere".to_owned())).unwrap()
}

/// A port that nobody listens on.
pub(crate) async fn closed_port() -> u16 {
    FakeServer::start().await.port
}

impl FakeServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// What leads here, without TLS, with `more` in it.
    pub(crate) fn plain(&self, more: &str) -> ConnectConfig {
        self.config(&format!("sslmode=disable {more}"))
    }

    /// What leads here, with `more` in it.
    pub(crate) fn config(&self, more: &str) -> ConnectConfig {
        let port = self.port;
        config(&format!(
            "host=127.0.0.1 port={port} user=me dbname=shop {more}"
        ))
    }

    pub(crate) async fn accept(&self) -> Session<TcpStream> {
        let (stream, _) = self.listener.accept().await.unwrap();
        Session { stream }
    }

    /// Accepts and lets everybody in.
    pub(crate) async fn welcome(&self) -> Session<TcpStream> {
        let mut session = self.accept().await;
        session.startup().await;
        session.let_in().await;
        session
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Reads the startup message, which must not be a request for TLS.
    pub(crate) async fn startup(&mut self) -> BTreeMap<String, String> {
        let body = self.untagged().await;
        assert_eq!(body[..4], [0, 3, 0, 0], "protocol 3.0");
        let text = |field: &[u8]| String::from_utf8(field.to_vec()).unwrap();
        let fields: Vec<_> = body[4..body.len() - 2]
            .split(|&byte| byte == 0)
            .map(text)
            .collect();
        fields
            .chunks_exact(2)
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect()
    }

    /// Reads the request for TLS, and answers it.
    pub(crate) async fn answer_tls_request(&mut self, answer: &[u8]) {
        assert_eq!(
            self.untagged().await,
            80_877_103_u32.to_be_bytes(),
            "a request for TLS"
        );
        self.send(answer).await;
    }

    async fn untagged(&mut self) -> Vec<u8> {
        let length = self.stream.read_u32().await.unwrap();
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        self.stream.read_exact(&mut body).await.unwrap();
        body
    }

    /// Reads a message: its type and its body.
    pub(crate) async fn message(&mut self) -> (char, Vec<u8>) {
        let tag = self.stream.read_u8().await.unwrap();
        (char::from(tag), self.untagged().await)
    }

    /// Sends bytes; a client that has left does not matter.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _sent = self.stream.write_all(bytes).await;
        let _sent = self.stream.flush().await;
    }

    /// Sends an authentication request.
    pub(crate) async fn request(&mut self, code: u32, more: &[u8]) {
        self.send(&message('R', &[&code.to_be_bytes(), more].concat()))
            .await;
    }

    /// Says that the login is done and that commands are taken.
    pub(crate) async fn let_in(&mut self) {
        self.request(0, b"").await;
        self.send(&message('S', b"server_version\x0017.11 (Debian)\0"))
            .await;
        self.send(&message('S', b"server_encoding\0UTF8\0")).await;
        self.send(&message('K', &[0, 0, 0x30, 0x39, 1, 2, 3, 4]))
            .await;
        self.send(&ready()).await;
    }

    /// Refuses with an error.
    pub(crate) async fn refuse(&mut self, code: &str, text: &str) {
        self.send(&error(code, text)).await;
    }

    /// Reads until the client has closed the connection.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _read = self.stream.read_to_end(&mut rest).await;
        rest
    }
}

/// Makes a message.
pub(crate) fn message(tag: char, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[u8::try_from(tag).unwrap()], &length[..], body].concat()
}

/// Makes the message that says that commands are taken.
pub(crate) fn ready() -> Vec<u8> {
    message('Z', b"I")
}

/// Makes an ErrorResponse.
pub(crate) fn error(code: &str, text: &str) -> Vec<u8> {
    message(
        'E',
        format!("SFATAL\0VFATAL\0C{code}\0M{text}\0\0").as_bytes(),
    )
}

/// Makes a row.
pub(crate) fn row(values: &[Option<&str>]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        match value {
            None => body.extend((-1_i32).to_be_bytes()),
            Some(value) => {
                body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
                body.extend(value.as_bytes());
            }
        }
    }
    message('D', &body)
}
