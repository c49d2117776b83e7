//! Which librdkafka this is.

use rdkafka::ClientConfig;
use rdkafka::util::get_rdkafka_version;

/// The librdkafka that the program was built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Its version: `2.12.1`.
    pub version: String,
    /// What was built into it, in its own words (`builtin.features`): `ssl`, `sasl_scram`, `zstd`.
    pub features: Vec<String>,
}

impl Library {
    /// Asks the library itself.
    pub fn linked() -> Self {
        let config = ClientConfig::new().create_native_config();
        let features = config.and_then(|config| config.get("builtin.features"));
        // A library that does not know the question is none that this program can be built with.
        let features = features.unwrap_or_default();
        Self {
            version: get_rdkafka_version().1,
            features: features
                .split(',')
                .filter(|feature| !feature.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_of_what_the_security_of_kafka_needs() {
        let Library { version, features } = Library::linked();
        assert!(version.starts_with("2."), "{version}");
        for needed in ["ssl", "sasl_plain", "sasl_scram", "zstd", "gzip"] {
            assert!(features.iter().any(|f| f == needed), "{features:?}");
        }
    }
}
