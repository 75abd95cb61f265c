//! Addresses that give the file, and those that do not.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::place::{Place, bytes, file};
use crate::server::{self, Server};

#[test]
fn a_file_is_fetched_once() {
    let (a, b) = (bytes(300_000), bytes(7));
    let (first, second) = (Server::of(&a), Server::of(&b));
    let files = file("a.gz", &a, &[first.at("a")]) + &file("deep/b.gz", &b, &[second.at("b")]);
    let place = Place::new(&files);
    let workbench = place.workbench();
    let listed = workbench.command(&["data", "list"]).ok();
    assert!(listed.stdout.contains("to fetch"), "{}", listed.stdout);

    let ended = workbench.command(&["data", "fetch", "thing"]).ok();
    for (name, contents) in [("a.gz", &a), ("deep/b.gz", &b)] {
        assert!(ended.stdout.contains(&format!("{}\n", place.path(name).display())), "{ended:?}");
        assert!(fs::read(place.path(name)).unwrap() == *contents, "{name}");
    }
    assert_eq!(place.names(), ["a.gz", "deep"]);
    workbench.command(&["data", "verify", "thing"]).ok();

    let again = workbench.command(&["data", "fetch", "thing", "--json"]).ok().json();
    assert_eq!(again["files"][0]["state"], "there");
    assert_eq!(first.asked().len(), 1, "what is there and right is not asked for");

    fs::write(place.path("a.gz"), "other").unwrap();
    let mended = workbench.command(&["data", "fetch", "thing", "--json"]).ok();
    assert!(mended.stderr.contains("not as its card says"), "{}", mended.stderr);
    let mended = mended.json();
    let states: Vec<_> = mended["files"].as_array().unwrap().iter().collect();
    assert_eq!((&states[0]["path"], &states[0]["state"]), (&"deep/b.gz".into(), &"there".into()));
    assert_eq!((&states[1]["path"], &states[1]["state"]), (&"a.gz".into(), &"fetched".into()));
    assert!(fs::read(place.path("a.gz")).unwrap() == a);

    workbench.command(&["data", "fetch", "thing", "--force"]).ok();
    assert_eq!((first.asked().len(), second.asked().len()), (3, 2));
}

/// Every address but the last is bad in its own way; what is wrong is said, and the last one is asked.
#[test]
fn each_bad_address_is_told_of_and_the_next_one_is_asked() {
    let good = bytes(200_000);
    let mut wrong = good.clone();
    wrong[100_000] ^= 1;
    let mut long = good.clone();
    long.extend(bytes(100_000));
    let bad: Vec<(&str, Server)> = vec![
        ("the server answers 404", Server::start(|_, to| server::only(to, "404 Not Found", ""))),
        ("sha256 is", Server::of(&wrong)),
        ("has 300000 bytes instead of 200000", Server::of(&long)),
        ("has 1000 bytes instead of 200000", Server::of(&bytes(1000))),
        (
            "more came than the 200000 bytes",
            // Without a length, so that only what comes tells.
            Server::start(move |_, to| {
                write!(to, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
                to.write_all(&long)
            }),
        ),
        (
            "it redirects more than 5 times",
            Server::start(|_, to| server::only(to, "302 Found", "Location: /again\r\n")),
        ),
        (
            "nothing came for 1 s",
            Server::start(|_, to| {
                server::head(to, 0, 200_000, "\"x\"")?;
                server::be_silent(to)
            }),
        ),
        ("nothing came for 1 s", Server::start(|_, to| server::be_silent(to))),
        ("http", Server::start(|_, to| to.write_all(b"what is this\r\n\r\n"))),
        ("the server answers 204", Server::start(|_, to| server::only(to, "204 No Content", ""))),
    ];
    let last = Server::of(&good);
    let gone = "http://127.0.0.1:1/a".to_owned();
    let mut addresses: Vec<_> = bad.iter().map(|(_, server)| server.at("a")).collect();
    addresses.extend([gone.clone(), last.at("a")]);
    let place = Place::new(&file("a", &good, &addresses));
    let ended = place.workbench().command(&["data", "fetch", "thing", "--timeout", "1"]).ok();
    for (why, server) in &bad {
        let line = ended
            .stderr
            .lines()
            .find(|line| line.starts_with(&server.at("a")) && line.contains(why));
        assert!(line.is_some(), "{} {why}:\n{}", server.at("a"), ended.stderr);
    }
    assert!(ended.stderr.contains(&format!("{gone}: ")), "{}", ended.stderr);
    assert!(fs::read(place.path("a")).unwrap() == good);
    assert_eq!(place.names(), ["a"]);
    assert_eq!(bad[5].1.asked().len(), 6, "five redirects are followed, a sixth is not");

    // With only bad ones, what had the name stays as it was, and no part of anything else is left.
    fs::write(place.path("a"), "mine").unwrap();
    addresses.retain(|address| *address != last.at("a"));
    place.card(&file("a", &good, &addresses[..6]));
    let ended = place.workbench().command(&["data", "fetch", "thing"]).exits(1);
    assert!(ended.stderr.contains("error: a could not be fetched:\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("{}: the server answers 404", addresses[0])));
    assert_eq!(fs::read_to_string(place.path("a")).unwrap(), "mine");
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn redirects_are_followed() {
    let good = bytes(1000);
    let there = Server::of(&good);
    let to = there.at("there");
    let here = Server::start(move |_, stream| {
        server::only(stream, "301 Moved Permanently", &format!("Location: {to}\r\n"))
    });
    let place = Place::new(&file("a", &good, &[here.at("here")]));
    place.workbench().command(&["data", "fetch", "thing"]).ok();
    assert_eq!(there.asked()[0].path, "/there");
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let good = bytes(1000);
    let contents = good.clone();
    let times = AtomicUsize::new(0);
    let busy = Server::start(move |asked, stream| match times.fetch_add(1, Ordering::SeqCst) {
        0 => server::only(stream, "503 Service Unavailable", ""),
        _ => server::give(asked, stream, &contents, "\"x\""),
    });
    let place = Place::new(&file("a", &good, &[busy.at("a")]));
    place.workbench().command(&["data", "fetch", "thing"]).ok().says(&["503; once more"]);
}

#[test]
fn a_proxy_is_asked_where_there_is_one_and_the_host_is_not_excepted() {
    let good = bytes(50_000);
    let contents = good.clone();
    // A tunnel whose other end is the server itself: nothing has that name.
    let proxy = Server::start(move |asked, stream| {
        assert_eq!((&*asked.method, &*asked.path), ("CONNECT", "data.example.invalid:80"));
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        let inner = server::read_request(stream)?;
        server::give(&inner, stream, &contents, "\"x\"")
    });
    let outside = "http://data.example.invalid/a".to_owned();
    let place = Place::new(&file("a", &good, std::slice::from_ref(&outside)));
    let through = proxy.at("");
    let workbench = place.workbench().with("HTTP_PROXY", Path::new(&through));
    workbench.command(&["data", "fetch", "thing"]).ok();
    assert_eq!(proxy.asked().len(), 1);

    let direct = Server::of(&good);
    place.card(&file("b", &good, &[direct.at("b")]));
    let workbench = place
        .workbench()
        .with("http_proxy", Path::new("http://127.0.0.1:1"))
        .with("no_proxy", Path::new("localhost,127.0.0.1"));
    workbench.command(&["data", "fetch", "thing"]).ok();

    // A proxy that refuses, for https too.
    let refusing = Server::start(|_, stream| server::only(stream, "403 Forbidden", ""));
    place.card(&file("c", &good, &[outside.replace("http://", "https://")]));
    let through = refusing.at("");
    let workbench = place.workbench().with("https_proxy", Path::new(&through));
    workbench.command(&["data", "fetch", "thing"]).exits(1).says(&["the proxy refuses"]);
    assert_eq!(refusing.asked()[0].path, "data.example.invalid:443");
    let workbench = place.workbench().with("https_proxy", Path::new("http://"));
    workbench.command(&["data", "fetch", "thing"]).exits(1).says(&["the proxy is not of the form"]);
    let workbench = place.workbench().with("SSL_CERT_FILE", &place.path("card.toml"));
    workbench.command(&["data", "fetch", "thing"]).exits(2).says(&["certificates"]);
}
