//! What is cut off is gone on with.

use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use workbench_tests::{Running, Signal, Workbench, poll};

use crate::place::{Place, bytes, file};
use crate::server::{self, Asked, Server};

const N: usize = 400_000;

/// Gives so many bytes of what is asked for, and then says nothing more.
fn stalling(good: &[u8], after: usize) -> Server {
    let good = good.to_vec();
    Server::start(move |asked, stream| {
        let from = asked.from.unwrap_or(0);
        server::head(stream, from, good.len(), "\"good\"")?;
        stream.write_all(&good[from..(from + after).min(good.len())])?;
        server::be_silent(stream)
    })
}

/// A fetch that has come so far, as the file that it writes tells.
fn fetching(place: &Place, workbench: &Workbench, bytes: usize) -> Running {
    let running = workbench.start(&["data", "fetch", "thing"]);
    poll("the part", || {
        let part = fs::metadata(place.path("a.part")).ok()?;
        (part.len() == bytes as u64).then_some(())
    });
    running
}

fn from(asked: &[Asked]) -> Vec<Option<usize>> {
    asked.iter().map(|asked| asked.from).collect()
}

#[test]
fn a_connection_that_breaks_is_gone_on_from_where_it_broke() {
    let good = bytes(N);
    let contents = good.clone();
    let times = AtomicUsize::new(0);
    let breaking = Server::start(move |asked, stream| {
        let from = asked.from.unwrap_or(0);
        server::head(stream, from, N, "\"good\"")?;
        // A third at a time.
        let most = if times.fetch_add(1, Ordering::SeqCst) < 2 { N / 3 } else { N };
        stream.write_all(&contents[from..(from + most).min(N)])
    });
    let place = Place::new(&file("a", &good, &[breaking.at("a")]));
    let ended = place.workbench().command(&["data", "fetch", "thing"]).ok();
    assert!(fs::read(place.path("a")).unwrap() == good);
    assert!(ended.stderr.contains("once more"), "{}", ended.stderr);
    let asked = breaking.asked();
    assert_eq!(from(&asked), [None, Some(N / 3), Some(2 * (N / 3))]);
    assert_eq!(asked[1].if_range.as_deref(), Some("\"good\""));
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn ctrl_c_leaves_a_part_that_the_next_call_goes_on_from() {
    let good = bytes(N);
    for signal in [Signal::INT, Signal::TERM] {
        let stalling = stalling(&good, N / 2);
        let place = Place::new(&file("a", &good, &[stalling.at("a")]));
        let workbench = place.workbench();
        let running = fetching(&place, &workbench, N / 2);
        running.signal(signal);
        let ended = running.ended().exits(4);
        assert!(ended.stderr.contains("`workbench data fetch thing` goes on"), "{}", ended.stderr);
        assert_eq!(place.names(), ["a.part", "a.part.json"]);

        let whole = Server::of(&good);
        place.card(&file("a", &good, &[whole.at("a")]));
        let ended = workbench.command(&["data", "fetch", "thing", "--json"]).ok().json();
        assert_eq!(ended["files"][0]["resumed"], N / 2);
        assert!(fs::read(place.path("a")).unwrap() == good);
        assert_eq!(from(&whole.asked()), [Some(N / 2)]);
        // Another address: what the first one called the file says nothing here.
        assert_eq!(whole.asked()[0].if_range, None);
        assert_eq!(place.names(), ["a"]);
    }
}

#[test]
fn a_fetch_that_is_killed_again_and_again_arrives() {
    let good = bytes(N);
    let step = 60_000;
    let stalling = stalling(&good, step);
    let place = Place::new(&file("a", &good, &[stalling.at("a")]));
    let workbench = place.workbench();
    for done in (step..N).step_by(step) {
        let running = fetching(&place, &workbench, done);
        running.signal(Signal::KILL);
        assert_eq!(running.ended().code(), None);
        assert!(!place.path("a").exists(), "a part never has the file's name");
    }
    workbench.command(&["data", "fetch", "thing"]).ok();
    assert!(fs::read(place.path("a")).unwrap() == good);
    let expected: Vec<_> = (0..N).step_by(step).map(|from| (from > 0).then_some(from)).collect();
    assert_eq!(from(&stalling.asked()), expected);
}

/// Killed between the last byte and the file's name: nothing is asked for.
#[test]
fn a_part_that_is_whole_needs_no_server() {
    let good = bytes(N);
    let stalling = stalling(&good, N - 1);
    let place = Place::new(&file("a", &good, &[stalling.at("a")]));
    let workbench = place.workbench();
    let running = fetching(&place, &workbench, N - 1);
    running.signal(Signal::KILL);
    running.ended();
    fs::write(place.path("a.part"), &good).unwrap();
    workbench.command(&["data", "fetch", "thing"]).ok();
    assert_eq!(stalling.asked().len(), 1);
    assert!(fs::read(place.path("a")).unwrap() == good);
}

#[test]
fn a_part_with_a_wrong_byte_is_found_out_and_fetched_anew() {
    let good = bytes(N);
    let place = Place::new("");
    let workbench = place.workbench();
    let begin = || {
        let stalling = stalling(&good, N / 2);
        place.card(&file("a", &good, &[stalling.at("a")]));
        let running = fetching(&place, &workbench, N / 2);
        running.signal(Signal::KILL);
        running.ended();
        let mut part = fs::read(place.path("a.part")).unwrap();
        part[N / 4] ^= 1;
        fs::write(place.path("a.part"), part).unwrap();
    };
    begin();
    let whole = Server::of(&good);
    place.card(&file("a", &good, &[whole.at("a")]));
    workbench.command(&["data", "fetch", "thing"]).ok().says(&["sha256 is"]);
    assert_eq!(from(&whole.asked()), [Some(N / 2), None]);
    assert!(fs::read(place.path("a")).unwrap() == good);

    // Without what tells where it is from, or asked for anew, it is not gone on from at all.
    for (n, force) in [(1, false), (2, true)] {
        fs::remove_file(place.path("a")).unwrap();
        begin();
        let whole = Server::of(&good);
        place.card(&file("a", &good, &[whole.at("a")]));
        if force {
            workbench.command(&["data", "fetch", "thing", "--force"]).ok();
        } else {
            fs::remove_file(place.path("a.part.json")).unwrap();
            workbench.command(&["data", "fetch", "thing"]).ok();
        }
        assert_eq!(from(&whole.asked()), [None], "{n}");
    }
}

/// Each answers a question for the second half in its own way.
#[test]
fn a_server_that_gives_no_parts_or_another_one_or_another_file_is_no_harm() {
    let good = bytes(N);
    type Answer = fn(&[u8], &Asked, &mut std::net::TcpStream) -> std::io::Result<()>;
    let answers: [(&str, Answer); 4] = [
        ("all of it", |good, _, stream| {
            server::head(stream, 0, N, "\"good\"")?;
            stream.write_all(good)
        }),
        ("the file that it is now", |good, asked, stream| {
            server::give(asked, stream, good, "\"newer\"")
        }),
        ("a part that begins elsewhere", |good, asked, stream| match asked.from {
            None => server::give(asked, stream, good, "\"good\""),
            Some(from) => {
                server::head(stream, from / 2, N, "\"good\"")?;
                stream.write_all(&good[from / 2..])
            }
        }),
        ("no such part", |good, asked, stream| match asked.from {
            None => server::give(asked, stream, good, "\"good\""),
            Some(_) => {
                server::only(stream, "416 Range Not Satisfiable", "Content-Range: bytes */5\r\n")
            }
        }),
    ];
    for (what, answer) in answers {
        let contents = good.clone();
        let times = AtomicUsize::new(0);
        let server =
            Server::start(move |asked, stream| match times.fetch_add(1, Ordering::SeqCst) {
                0 => {
                    server::head(stream, 0, N, "\"good\"")?;
                    stream.write_all(&contents[..N / 2])
                }
                _ => answer(&contents, asked, stream),
            });
        let place = Place::new(&file("a", &good, &[server.at("a")]));
        place.workbench().command(&["data", "fetch", "thing"]).ok();
        assert!(fs::read(place.path("a")).unwrap() == good, "{what}");
        assert_eq!(from(&server.asked())[1], Some(N / 2), "{what}");
        assert_eq!(place.names(), ["a"], "{what}");
    }
}

#[test]
fn two_at_once_do_not_meet() {
    let good = bytes(N);
    let stalling = stalling(&good, N / 2);
    let place = Place::new(&file("a", &good, &[stalling.at("a")]));
    let workbench = place.workbench();
    let running = fetching(&place, &workbench, N / 2);
    workbench
        .command(&["data", "fetch", "thing"])
        .exits(2)
        .says(&["another process is fetching into"]);
    running.signal(Signal::INT);
    running.ended().exits(4);
}
