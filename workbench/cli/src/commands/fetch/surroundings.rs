//! What the environment says of the network.

use workbench_fetch::Proxies;

use crate::failure::{Failure, Result};

/// The usual variables, in small letters before capitals.
pub fn proxies() -> Proxies {
    let all = variable("all_proxy");
    Proxies {
        http: variable("http_proxy").or_else(|| all.clone()),
        https: variable("https_proxy").or(all),
        none: variable("no_proxy").unwrap_or_default(),
    }
}

/// What SSL_CERT_FILE names, for networks that put certificates of their own in between.
///
/// # Errors
/// It can't be read.
pub fn certificates() -> Result<Option<Vec<u8>>> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    match std::fs::read(&path) {
        Ok(pem) => Ok(Some(pem)),
        Err(error) => {
            Err(Failure::usage(format_args!("SSL_CERT_FILE, {}: {error}", path.display())))
        }
    }
}

fn variable(name: &str) -> Option<String> {
    [name.to_owned(), name.to_uppercase()]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
}
