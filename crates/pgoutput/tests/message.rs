//! What the decoder promises about any frame: nothing missing, nothing left over, no panic, no
//! content shown.

#[path = "message/arbitrary.rs"]
mod arbitrary;
#[path = "message/frame.rs"]
mod frame;
#[path = "message/layout.rs"]
mod layout;
#[path = "message/model.rs"]
mod model;
#[path = "message/privacy.rs"]
mod privacy;
#[path = "message/round_trip.rs"]
mod round_trip;
#[path = "message/versions.rs"]
mod versions;
