//! TLS for the server of the benchmark.

use harness::OwnPostgres;
use rcgen::generate_simple_self_signed;

/// Turns it on, with a certificate that nobody verifies; connections choose by `sslmode`.
pub(crate) fn enable(postgres: &OwnPostgres) {
    let Ok(made) = generate_simple_self_signed(vec!["localhost".to_owned()]) else {
        println!("no certificate could be made: the rates over TLS are missing");
        return;
    };
    postgres.write("server.crt", &made.cert.pem());
    postgres.write("server.key", &made.signing_key.serialize_pem());
    postgres.configure(&[("ssl", "on")]);
    postgres.reload();
}
