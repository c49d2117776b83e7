//! TLS by rustls, verified as libpq's `sslmode` says.

mod certificate;
mod client;
mod end_point;
mod roots;
mod socket;
mod verifier;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use client::ClientCertificate;
pub use socket::TlsSocket;

use crate::connect::config::Negotiation;
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
    if config.negotiation == Negotiation::Direct {
        return handshake(config, mode, server, tcp).await;
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
    let failed = |source| failure(config, server, source);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier::choose(config, mode, &provider)?;
    let identity = Arc::new(ClientCertificate::read(config.client.as_ref(), &provider)?);
    let resolver: Arc<dyn ResolvesClientCert> = Arc::<ClientCertificate>::clone(&identity);
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&config.tls_versions.list())
        .map_err(|error| failed(io::Error::other(error)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(resolver);
    client.enable_sni = config.sslsni;
    // As libpq since 17; older servers do not look at it.
    client.alpn_protocols = vec![ALPN.to_vec()];
    let name = server_name(mode, server).map_err(failed)?;
    let session = TlsConnector::from(Arc::new(client))
        .connect(name, socket::Buffered::new(tcp))
        .await
        .map_err(|error| failed(explain(config, error)))?;
    // Without it, what answered may be a server of another protocol.
    if config.negotiation == Negotiation::Direct
        && session.get_ref().1.alpn_protocol() != Some(ALPN)
    {
        return Err(failed(io::Error::other(
            "the server did not agree to ALPN \"postgresql\", which sslnegotiation=direct needs",
        )));
    }
    if config.client_is_required && !identity.was_asked() {
        return Err(failed(io::Error::other(
            "the server did not ask for a client certificate, and sslcertmode=require needs it to",
        )));
    }
    Ok(Stream::Tls(Box::new(TlsSocket::new(session))))
}

/// Says of a server that ended a handshake without a word that it may have expected none.
fn explain(config: &ConnectConfig, error: io::Error) -> io::Error {
    let is_silent = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    );
    match config.negotiation {
        Negotiation::Direct if is_silent => io::Error::other(
            "the server closed the connection: sslnegotiation=direct needs PostgreSQL 17 or later",
        ),
        Negotiation::Direct | Negotiation::Postgres => error,
    }
}

/// Sorts what ended a handshake.
fn failure(config: &ConnectConfig, server: &Server<'_>, source: io::Error) -> ConnectError {
    let address = server.label.to_owned();
    if let Some(problem) = CertificateProblem::find(&source) {
        return ConnectError::Certificate { address, problem };
    }
    if let Some(alert) = refused_identity(&source) {
        return ConnectError::ClientCertificateRefused {
            alert,
            was_sent: config.client.is_some(),
        };
    }
    ConnectError::Tls { address, source }
}

/// Finds out whether the other side ended TLS because of the client's certificate.
///
/// With TLS 1.3 it says so only after the client's handshake is over.
pub(super) fn refused_identity(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::AlertReceived(alert) = error else {
        return None;
    };
    let is_about_it = matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
    );
    is_about_it.then(|| format!("{alert:?}"))
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

/// PostgreSQL's name among application protocols.
const ALPN: &[u8] = b"postgresql";
