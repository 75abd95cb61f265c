//! One request, on a thread of its own: whoever waits for it can stop waiting at any time.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rustls::CertificateError;
use ureq::http::{HeaderMap, Response, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy};

use crate::error::{Error, Trouble};
use crate::fetch::Settings;

const REDIRECTS: u32 = 5;
const CHUNK: usize = 1 << 16;
/// So many chunks wait for the disk at most.
const WAITING: usize = 16;
/// What a connection that was there ends by.
const BROKE: [ErrorKind; 5] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::UnexpectedEof,
    ErrorKind::TimedOut,
];

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub address: String,
    /// Only what comes after so many bytes.
    pub from: u64,
    /// What the server called the file that those bytes are of: where it is another one now, all of it is sent.
    pub validator: Option<String>,
}

/// What comes, in this order: a head, bytes, an end. A failure may come at any time, and nothing after it.
#[derive(Debug)]
pub enum Incoming {
    Head(Head),
    Bytes(Vec<u8>),
    End,
    Failed(Trouble),
}

/// How a server answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    /// Of what follows.
    pub length: Option<u64>,
    /// Of a part: where it begins.
    pub start: Option<u64>,
    /// Of a part, or of what has no such part: the size of the whole.
    pub total: Option<u64>,
    /// Tells this file from what is there at another time.
    pub validator: Option<String>,
}

/// Asks.
///
/// # Errors
/// The certificates can't be read, or no thread can be started.
pub fn ask(settings: &Settings, request: Request) -> Result<Receiver<Incoming>, Error> {
    let roots = settings.certificates.as_deref().map(certificates).transpose()?;
    let (sender, receiver) = sync_channel(WAITING);
    let settings = settings.clone();
    std::thread::Builder::new()
        .name("fetch".to_owned())
        .spawn(move || {
            // Where nobody listens any more, nothing is to be done.
            if let Err(trouble) = transfer(&settings, roots, &request, &sender) {
                let _ = sender.send(Incoming::Failed(trouble));
            }
        })
        .map_err(Error::Thread)?;
    Ok(receiver)
}

fn certificates(pem: &[u8]) -> Result<RootCerts, Error> {
    let mut all = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => all.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(Error::Certificates(error.to_string())),
        }
    }
    match all.is_empty() {
        true => Err(Error::Certificates("there are none in the file".to_owned())),
        false => Ok(RootCerts::new_with_certs(&all)),
    }
}

fn transfer(
    settings: &Settings,
    roots: Option<RootCerts>,
    request: &Request,
    sender: &SyncSender<Incoming>,
) -> Result<(), Trouble> {
    let agent = agent(settings, roots, &request.address)?;
    // The bytes as they are stored, as the card's checksums are of them.
    let mut call = agent.get(&request.address).header("Accept-Encoding", "identity");
    if request.from > 0 {
        call = call.header("Range", format!("bytes={}-", request.from));
        if let Some(validator) = &request.validator {
            call = call.header("If-Range", validator);
        }
    }
    let response = call.call().map_err(|error| trouble(error, settings.silence))?;
    if sender.send(Incoming::Head(head(&response))).is_err() {
        return Ok(());
    }
    if !response.status().is_success() {
        return Ok(());
    }
    let mut body = response.into_body().into_reader();
    loop {
        let mut chunk = vec![0; CHUNK];
        match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => {
                chunk.truncate(n);
                if sender.send(Incoming::Bytes(chunk)).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(trouble(ureq::Error::from(error), settings.silence)),
        }
    }
    let _ = sender.send(Incoming::End);
    Ok(())
}

fn agent(settings: &Settings, roots: Option<RootCerts>, address: &str) -> Result<Agent, Trouble> {
    let uri: Uri = address.parse().map_err(|error| Trouble::Address(format!("{error}")))?;
    let (scheme, host) = (uri.scheme_str().unwrap_or(""), uri.host().unwrap_or(""));
    if !matches!(scheme, "http" | "https") || host.is_empty() {
        return Err(Trouble::Address(
            "it begins neither with http:// nor with https://".to_owned(),
        ));
    }
    let proxy = match settings.proxies.of(scheme, host) {
        Some(proxy) => Some(Proxy::new(proxy).map_err(|_| {
            Trouble::Proxy(
                "is not of the form http://HOST:PORT: look at the variables *_proxy".into(),
            )
        })?),
        None => None,
    };
    let mut config = Agent::config_builder()
        .user_agent(&*settings.user_agent)
        .proxy(proxy)
        .max_redirects(REDIRECTS)
        // What begins encrypted is not to go on otherwise.
        .https_only(scheme == "https")
        .max_idle_connections(0)
        .http_status_as_error(false)
        .timeout_resolve(Some(settings.connect))
        .timeout_connect(Some(settings.connect))
        .timeout_send_request(Some(settings.silence))
        .timeout_recv_response(Some(settings.silence))
        .timeout_per_read(Some(settings.silence));
    if let Some(roots) = roots {
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    Ok(config.build().into())
}

fn head(response: &Response<Body>) -> Head {
    let headers = response.headers();
    let range = text(headers, "content-range").and_then(|range| range.strip_prefix("bytes "));
    let (part, total) = range.and_then(|range| range.split_once('/')).unwrap_or(("", ""));
    // A weak tag says that two files mean the same, not that they are the same bytes.
    let tag = text(headers, "etag").filter(|tag| tag.starts_with('"'));
    Head {
        status: response.status().as_u16(),
        length: text(headers, "content-length").and_then(|length| length.parse().ok()),
        start: part.split_once('-').and_then(|(start, _)| start.trim().parse().ok()),
        total: total.trim().parse().ok(),
        validator: tag.or_else(|| text(headers, "last-modified")).map(str::to_owned),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| text.len() <= 1024)
}

fn trouble(error: ureq::Error, silence: Duration) -> Trouble {
    if let Some(why) = distrust(&error) {
        return Trouble::Certificate(why);
    }
    match error {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            Trouble::Unreachable("no connection in time".to_owned())
        }
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
            Trouble::Unreachable(error.to_string())
        }
        ureq::Error::Io(io) if BROKE.contains(&io.kind()) => Trouble::Connection(io.to_string()),
        // No such host, no way to it, nobody there who listens.
        ureq::Error::Io(io) => Trouble::Unreachable(io.to_string()),
        ureq::Error::Timeout(_) => Trouble::Silence(silence.as_secs()),
        ureq::Error::TooManyRedirects => Trouble::Redirects(REDIRECTS),
        ureq::Error::RequireHttpsOnly(to) => Trouble::Downgrade(to),
        ureq::Error::BadUri(uri) => Trouble::Address(uri),
        ureq::Error::ConnectProxyFailed(why) => Trouble::Proxy(format!("refuses: {why}")),
        error => Trouble::Connection(error.to_string()),
    }
}

/// Why a server's certificate is not believed, and what to do; `None` where something else is wrong.
fn distrust(error: &ureq::Error) -> Option<String> {
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(io) => io.get_ref()?.downcast_ref()?,
        _ => return None,
    };
    let rustls::Error::InvalidCertificate(why) = error else { return None };
    Some(match why {
        CertificateError::UnknownIssuer => {
            "its certificate is issued by none that is trusted; where your network puts certificates of its own in between, \
             let SSL_CERT_FILE name a PEM file of those to trust"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, or the clock of this machine is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or the clock of this machine is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is of another host".to_owned()
        }
        why => format!("its certificate is not valid: {why}"),
    })
}
