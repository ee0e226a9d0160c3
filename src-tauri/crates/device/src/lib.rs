//! Talks to devices, and is the only room that can change the outside world: the bench's MQTT broker and its authority, shadows, brokers
//! elsewhere.
//!
//! Invariant: it knows no case, no file of one, no command and no HTTP. What passes is handed to a [`record::Recorder`]; whom a certificate belongs
//! to it asks a [`home::Registry`].

pub mod authority;
pub mod broker;
pub mod certificate;
mod clock;
mod error;
pub mod home;
pub mod kind;
mod mosquitto;
mod packet;
pub mod record;
pub mod remote;
pub mod shadow;
mod topic;

pub use error::Error;
pub use mosquitto::{MosquittoFiles, mosquitto_files};
