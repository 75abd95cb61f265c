//! What a person at a terminal sees.

use std::fs;
use std::io::{Read, Write};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use workbench_tests::{Disk, workbench_binary};

use crate::place::{Place, bytes, file};
use crate::server::{self, Server};

#[test]
fn a_bar_is_drawn_and_ctrl_c_ends_it() {
    let good = bytes(2 << 20);
    let contents = good.clone();
    let stalling = Server::start(move |_, stream| {
        server::head(stream, 0, contents.len(), "\"x\"")?;
        stream.write_all(&contents[..1 << 20])?;
        server::be_silent(stream)
    });
    let place = Place::new(&file("a", &good, &[stalling.at("a")]));
    let size = PtySize { rows: 24, cols: 100, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(workbench_binary());
    command.args(["data", "fetch", "thing"]);
    command.cwd(place.root());
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut seen, mut block) = (String::new(), [0; 4096]);
    let mut asked = false;
    // Linux ends the reading of a terminal that nobody holds any more with an error.
    while let Ok(n @ 1..) = reader.read(&mut block) {
        seen.push_str(&String::from_utf8_lossy(&block[..n]));
        if !asked && seen.contains("1.00 MiB/2.00 MiB") {
            writer.write_all(b"\x03").unwrap();
            asked = true;
        }
    }
    let status = child.wait().unwrap();
    assert!(asked, "no bar half full:\n{seen}");
    assert_eq!(status.exit_code(), 4, "{seen}");
    assert!(seen.contains("goes on from there"), "{seen}");
    assert_eq!(place.names(), ["a.part", "a.part.json"]);
}

#[test]
fn a_full_disk_is_named_and_the_part_is_gone_on_from_once_there_is_room() {
    let Some(disk) = Disk::mounted("data", "size=2m") else { return };
    let good = bytes(1 << 20);
    let server = Server::of(&good);
    let place = Place::new("");
    fs::remove_dir_all(place.root().join("datasets/thing")).unwrap();
    std::os::unix::fs::symlink(disk.path(), place.root().join("datasets/thing")).unwrap();
    place.card(&file("a", &good, &[server.at("a")]));
    disk.fill(600_000);
    let workbench = place.workbench();
    workbench.command(&["data", "fetch", "thing"]).exits(1).says(&["a.part", "No space left"]);
    assert!(!place.path("a").exists());
    disk.free();
    let ended = workbench.command(&["data", "fetch", "thing", "--json"]).ok().json();
    assert!(ended["files"][0]["resumed"].as_u64().unwrap() > 100_000, "{ended}");
    assert!(fs::read(place.path("a")).unwrap() == good);
}
