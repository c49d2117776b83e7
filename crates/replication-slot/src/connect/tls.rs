//! TLS by rustls, verified as libpq's `sslmode` says.

mod certificate;
mod roots;
mod verifier;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::connect::{CertificateProblem, ConnectConfig, ConnectError, Host, SslMode, Stream};
use crate::excerpt::Excerpt;

/// The server that is spoken to.
pub(super) struct Server<'a> {
    /// Its name and port.
    pub(super) host: &'a Host,
    /// Its address.
    pub(super) address: SocketAddr,
    /// How messages call it.
    pub(super) label: &'a str,
}

/// Asks for TLS, as the mode says (PostgreSQL manual, "SSL Session Encryption").
///
/// A single byte is read before the handshake, so nothing that came in the clear behind it is
/// ever taken for protected.
pub(super) async fn negotiate(
    config: &ConnectConfig,
    mode: SslMode,
    server: &Server<'_>,
    mut tcp: TcpStream,
) -> Result<Stream, ConnectError> {
    if mode == SslMode::Disable {
        return Ok(Stream::Tcp(tcp));
    }
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    tcp.write_all(&request).await.map_err(ConnectError::Io)?;
    match tcp.read_u8().await.map_err(ConnectError::Io)? {
        b'S' => handshake(config, mode, server, tcp).await,
        b'N' if mode == SslMode::Prefer => Ok(Stream::Tcp(tcp)),
        b'N' => Err(ConnectError::NoTls {
            address: server.label.to_owned(),
            sslmode: mode,
        }),
        // Its text comes from nobody we know, so it is not shown (CVE-2024-10977).
        b'E' => Err(ConnectError::Protocol(
            "an error where TLS was asked for; see the server's log".to_owned(),
        )),
        other => {
            let mut bytes = [other; 16];
            let [_, rest @ ..] = &mut bytes;
            let more = tcp.try_read(rest).unwrap_or_default();
            let excerpt = Excerpt::of(bytes.get(..=more).unwrap_or_default());
            let what = format!(
                "{:?} where TLS was asked for ({excerpt})",
                char::from(other)
            );
            Err(ConnectError::Protocol(what))
        }
    }
}

/// Protects a connection whose server has agreed to TLS.
async fn handshake(
    config: &ConnectConfig,
    mode: SslMode,
    server: &Server<'_>,
    tcp: TcpStream,
) -> Result<Stream, ConnectError> {
    let failed = |source| match CertificateProblem::find(&source) {
        Some(problem) => ConnectError::Certificate {
            address: server.label.to_owned(),
            problem,
        },
        None => ConnectError::Tls {
            address: server.label.to_owned(),
            source,
        },
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier::choose(config, mode, &provider)?;
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&config.tls_versions.list())
        .map_err(|error| failed(io::Error::other(error)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    client.enable_sni = config.sslsni;
    let name = server_name(mode, server).map_err(failed)?;
    let connected = TlsConnector::from(Arc::new(client))
        .connect(name, tcp)
        .await;
    connected
        .map(|stream| Stream::Tls(Box::new(stream)))
        .map_err(failed)
}

/// Gives the name to verify; where none is verified, the address will do for a strange one.
fn server_name(mode: SslMode, server: &Server<'_>) -> io::Result<ServerName<'static>> {
    let name = match server.host {
        Host::Tcp { name, .. } => name.clone(),
        Host::Unix { .. } => server.address.ip().to_string(),
    };
    match ServerName::try_from(name) {
        Ok(name) => Ok(name),
        Err(_) if mode != SslMode::VerifyFull => Ok(ServerName::from(server.address.ip())),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidInput, error)),
    }
}
