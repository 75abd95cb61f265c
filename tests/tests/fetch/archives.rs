//! Files that come in a zip archive, and files of which no checksum is known.

use std::fs;
use std::io::{Cursor, Write};

use workbench_tests::Signal;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::place::{Place, bytes, file, sha256};
use crate::server::Server;

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(contents).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn member(path: &str, name: &str, most: usize) -> String {
    format!(
        "[[files]]\npath = {path:?}\nat_most = {most}\narchive = 'all.zip'\nmember = {name:?}\n"
    )
}

fn archive_entry(contents: &[u8], addresses: &[String]) -> String {
    file("all.zip", contents, addresses).replace("[[files]]", "[[archives]]")
}

#[test]
fn listed_members_are_unpacked_and_nothing_else() {
    let (a, b) = (bytes(100_000), bytes(500));
    let zip = archive(&[("in/a", &a), ("../../b", &b), ("../c", b"not asked for"), ("in/c", b"")]);
    let server = Server::of(&zip);
    let entry = archive_entry(&zip, &[server.at("all.zip")]);
    let place =
        Place::new(&format!("{}{}{entry}", member("a", "in/a", N), member("b", "../../b", N)));
    let workbench = place.workbench();
    let ended = workbench.command(&["data", "fetch", "thing", "--json"]).ok();
    assert!(ended.stderr.contains("kept in a.sha256"), "{}", ended.stderr);
    let files = ended.json()["files"].as_array().unwrap().clone();
    assert_eq!((files[0]["state"].as_str(), files.len()), (Some("unpacked"), 2));
    assert_eq!(place.names(), ["a", "a.sha256", "b", "b.sha256"], "the archive is not kept");
    assert!(fs::read(place.path("a")).unwrap() == a);
    assert!(fs::read(place.path("b")).unwrap() == b);
    assert_eq!(fs::read_dir(place.root().join("datasets")).unwrap().count(), 1);
    let sums = fs::read_to_string(place.path("a.sha256")).unwrap();
    assert_eq!(sums, format!("{}  a\n", sha256(&a)));

    workbench.command(&["data", "fetch", "thing"]).ok();
    assert_eq!(server.asked().len(), 1);
    workbench.command(&["data", "verify", "thing"]).ok();
    fs::write(place.path("a"), "damaged").unwrap();
    workbench
        .command(&["data", "verify", "thing"])
        .exits(2)
        .says(&["1 of 2 files", "`workbench data fetch thing` gets them"]);
    workbench.command(&["data", "fetch", "thing"]).ok();
    assert!(fs::read(place.path("a")).unwrap() == a);
}

const N: usize = 200_000;

#[test]
fn a_member_that_is_not_there_or_too_large_is_refused_and_the_archive_is_kept() {
    let zip = archive(&[("a", &bytes(N + 1))]);
    let server = Server::of(&zip);
    let entry = archive_entry(&zip, &[server.at("all.zip")]);
    let place = Place::new("");
    for (name, why) in [("a", "more than 200000 bytes"), ("b", "its member b")] {
        place.card(&format!("{}{entry}", member("a", name, N)));
        let workbench = place.workbench();
        workbench.command(&["data", "fetch", "thing"]).exits(1).says(&[why]);
        assert_eq!(place.names(), ["all.zip"]);
    }
    assert_eq!(server.asked().len(), 1, "the archive that is there is not fetched again");
}

#[test]
fn a_file_without_a_checksum_is_held_to_what_came_first() {
    let (first, second) = (bytes(3000), bytes(3001));
    let entry = |address: String| {
        format!("[[files]]\npath = 'a'\nat_most = 4000\naddresses = [{address:?}]\n")
    };
    let server = Server::of(&first);
    let place = Place::new(&entry(server.at("a")));
    let workbench = place.workbench();
    let ended = workbench.command(&["data", "fetch", "thing"]).ok();
    assert!(ended.stderr.contains(&sha256(&first)), "{}", ended.stderr);
    assert_eq!(place.names(), ["a", "a.sha256"]);

    let other = Server::of(&second);
    place.card(&entry(other.at("a")));
    workbench.command(&["data", "fetch", "thing", "--force"]).exits(1).says(&["sha256 is"]);
    assert!(fs::read(place.path("a")).unwrap() == first);
    fs::remove_file(place.path("a.sha256")).unwrap();
    workbench.command(&["data", "fetch", "thing", "--force"]).ok();
    assert!(fs::read(place.path("a")).unwrap() == second);
}

#[test]
fn a_file_of_unknown_size_is_gone_on_with_too() {
    let good = bytes(N);
    let contents = good.clone();
    let stalling = Server::start(move |_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
        stream.write_all(&contents)?;
        crate::server::be_silent(stream)
    });
    let sum = sha256(&good);
    let entry = |address: String| {
        format!(
            "[[files]]\npath = 'a'\nat_most = {}\nsha256 = {sum:?}\naddresses = [{address:?}]\n",
            2 * N
        )
    };
    let place = Place::new(&entry(stalling.at("a")));
    let workbench = place.workbench();
    let running = workbench.start(&["data", "fetch", "thing"]);
    workbench_tests::poll("all of it", || {
        let part = fs::metadata(place.path("a.part")).ok()?;
        (part.len() == N as u64).then_some(())
    });
    running.signal(Signal::KILL);
    running.ended();
    // All of it is there already, which only the server can tell.
    let whole = Server::start(move |asked, stream| match asked.from {
        Some(N) => crate::server::only(
            stream,
            "416 Range Not Satisfiable",
            &format!("Content-Range: bytes */{N}\r\n"),
        ),
        _ => crate::server::only(stream, "500 Internal Server Error", ""),
    });
    place.card(&entry(whole.at("a")));
    workbench.command(&["data", "fetch", "thing"]).ok();
    assert!(fs::read(place.path("a")).unwrap() == good);
}
