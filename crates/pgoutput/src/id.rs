//! PostgreSQL's 32-bit identifiers, each a type of its own.

use std::fmt;

/// Makes the type of an identifier.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// Makes it from its number.
            #[inline]
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// Gives its number.
            #[inline]
            pub const fn as_u32(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id! {
    /// A transaction id (PostgreSQL manual, "Transactions and Identifiers").
    Xid
}
id! {
    /// The object id of a relation or a type (PostgreSQL manual, "Object Identifier Types").
    Oid
}
