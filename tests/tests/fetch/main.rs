//! `data fetch`, from servers that behave and servers that do not.

mod archives;
mod cards;
mod interrupted;
mod mirrors;
mod place;
mod server;
mod terminal;
mod tls;
mod tls_server;
