//! A record that was read back.

use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

/// One record as a read_committed consumer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset in the partition.
    pub offset: i64,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes; none in a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers, in order; a header may have no value, and a name may come twice.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp: Option<i64>,
}

impl Consumed {
    /// A copy of a message.
    pub(super) fn of(message: &BorrowedMessage<'_>) -> Self {
        Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers(message),
            timestamp: message.timestamp().to_millis(),
        }
    }

    /// The key as text; an absent one is empty.
    #[must_use]
    pub fn key_text(&self) -> String {
        text(self.key.as_deref())
    }

    /// The value as text; an absent one is empty.
    #[must_use]
    pub fn value_text(&self) -> String {
        text(self.value.as_deref())
    }

    /// The first header of this name as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| text(value.as_deref()))
    }
}

/// The headers of a message.
fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, Option<Vec<u8>>)> {
    let headers = message.headers();
    headers
        .iter()
        .flat_map(|headers| headers.iter())
        .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        .collect()
}

/// Bytes as text.
fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}
