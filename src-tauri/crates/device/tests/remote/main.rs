//! Against brokers: mosquitto, where it is installed, and some that answer wrongly.

mod hostile;
mod kept;
mod mosquitto;
