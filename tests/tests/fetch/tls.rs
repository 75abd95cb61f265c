//! Encrypted addresses: who is believed, and who is not.

use std::io::{self, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::place::{Place, bytes, file};
use crate::server::{self, Server};
use crate::tls_server::Authority;

/// Certificates that are valid until then are valid now.
const LATER: i32 = 2099;

/// `HOST:PORT` of a server.
fn host(server: &Server) -> String {
    server.at("").trim_start_matches("http://").trim_end_matches('/').to_owned()
}

#[test]
fn an_authority_that_ssl_cert_file_names_is_trusted_and_no_other() {
    let good = bytes(300_000);
    let behind = Server::of(&good);
    let (known, unknown) = (Authority::new("known"), Authority::new("unknown"));
    let [trusted, distrusted] =
        [&known, &unknown].map(|authority| authority.serve("127.0.0.1", LATER, &host(&behind)));
    let place = Place::new(&file("a", &good, &[distrusted.at("a"), trusted.at("a")]));
    let roots = place.root().join("ca.pem");
    known.write(&roots);
    let workbench = place.workbench().with("SSL_CERT_FILE", &roots);
    let ended = workbench.command(&["data", "fetch", "thing"]).ok();
    let line = ended.stderr.lines().find(|line| line.starts_with(&distrusted.at("a")));
    let line = line.unwrap_or_else(|| panic!("{}", ended.stderr));
    assert!(
        line.contains("issued by none that is trusted") && line.contains("SSL_CERT_FILE"),
        "{line}"
    );
    assert!(std::fs::read(place.path("a")).unwrap() == good);
    assert_eq!(behind.asked().len(), 1, "whoever is not trusted is asked for nothing");

    // Without it, neither is: the usual authorities know nothing of them.
    place.card(&file("b", &good, &[distrusted.at("b"), trusted.at("b")]));
    let ended = place.workbench().command(&["data", "fetch", "thing"]).exits(1);
    assert_eq!(
        ended.stderr.matches("issued by none that is trusted").count(),
        4,
        "{}",
        ended.stderr
    );
    assert_eq!(place.names(), ["a"], "no part of it is left");
}

#[test]
fn a_certificate_of_the_past_or_of_another_host_is_refused() {
    let good = bytes(1000);
    let behind = Server::of(&good);
    let authority = Authority::new("known");
    let expired = authority.serve("127.0.0.1", 2001, &host(&behind));
    let other = authority.serve("elsewhere.example", LATER, &host(&behind));
    let place = Place::new(&file("a", &good, &[expired.at("a"), other.at("a")]));
    let roots = place.root().join("ca.pem");
    authority.write(&roots);
    let workbench = place.workbench().with("SSL_CERT_FILE", &roots);
    let ended = workbench.command(&["data", "fetch", "thing"]).exits(1);
    for (server, why) in [(&expired, "has expired, or the clock"), (&other, "is of another host")] {
        let told = format!("{}: its certificate {why}", server.at("a"));
        assert!(ended.stderr.contains(&told), "{told}: {}", ended.stderr);
    }
    assert!(place.names().is_empty() && behind.asked().is_empty());
}

#[test]
fn a_redirect_may_lead_to_encryption_and_not_out_of_it() {
    let good = bytes(1000);
    let plain = Server::of(&good);
    let authority = Authority::new("known");
    let encrypted = authority.serve("127.0.0.1", LATER, &host(&plain));
    let redirect = |to: String| {
        Server::start(move |_, stream| {
            server::only(stream, "302 Found", &format!("Location: {to}\r\n"))
        })
    };
    let (up, down) = (redirect(encrypted.at("up")), redirect(plain.at("down")));
    let down = authority.serve("127.0.0.1", LATER, &host(&down));
    let place = Place::new(&file("a", &good, &[down.at("a"), up.at("a")]));
    let roots = place.root().join("ca.pem");
    authority.write(&roots);
    let workbench = place.workbench().with("SSL_CERT_FILE", &roots);
    let ended = workbench.command(&["data", "fetch", "thing"]).ok();
    assert!(ended.stderr.contains("redirects from https to http://"), "{}", ended.stderr);
    let asked: Vec<String> = plain.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, ["/up"]);
}

#[test]
fn a_proxy_is_a_tunnel_that_sees_nothing() {
    let good = bytes(100_000);
    let behind = Server::of(&good);
    let authority = Authority::new("known");
    let encrypted = authority.serve("data.example", LATER, &host(&behind));
    let port = encrypted.port();
    let proxy = Server::start(move |asked, stream| {
        assert_eq!((&*asked.method, &*asked.path), ("CONNECT", "data.example:443"));
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        let mut there = TcpStream::connect(("127.0.0.1", port))?;
        let (mut up, mut to) = (stream.try_clone()?, there.try_clone()?);
        std::thread::spawn(move || io::copy(&mut up, &mut to));
        io::copy(&mut there, stream).map(drop)
    });
    let place = Place::new(&file("a", &good, &["https://data.example/a".to_owned()]));
    let roots = place.root().join("ca.pem");
    authority.write(&roots);
    let workbench = place
        .workbench()
        .with("SSL_CERT_FILE", &roots)
        .with("HTTPS_PROXY", Path::new(&proxy.at("")));
    workbench.command(&["data", "fetch", "thing"]).ok();
    assert!(std::fs::read(place.path("a")).unwrap() == good);
    assert_eq!((proxy.asked().len(), behind.asked().len()), (1, 1));
}
