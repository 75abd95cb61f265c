//! `workbench` alone: Home on a terminal, and a listing elsewhere.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use workbench_tests::{
    DEADLINE, Root, SMALL_MLP, Workbench, poll, repository, with, workbench_binary,
};

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";

/// Home in a terminal. It is ended when this is dropped.
struct Home {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    /// The screen, and when it was last written to.
    seen: Arc<Mutex<(vt100::Parser, Instant)>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Home {
    fn at(workbench: &Workbench, root: &std::path::Path, variables: &[(&str, &str)]) -> Home {
        let (rows, cols) = (24, 80);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(workbench_binary());
        command.args(["--root", root.to_str().unwrap(), "--runs"]);
        command.arg(workbench.runs());
        command.cwd(repository());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("CARGO_NET_OFFLINE", "true");
        command.env("XDG_DATA_HOME", workbench.folder().join("home"));
        for name in ["NO_COLOR", "LC_ALL", "LC_CTYPE", "WORKBENCH_PLUGINS", "VISUAL"] {
            command.env_remove(name);
        }
        variables.iter().for_each(|(name, value)| command.env(name, value));
        let child = pair.slave.spawn_command(command).unwrap();
        let seen = Arc::new(Mutex::new((vt100::Parser::new(rows, cols, 0), Instant::now())));
        let mut output = pair.master.try_clone_reader().unwrap();
        let theirs = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 14];
            // An error is how a terminal ends that nobody writes to any more.
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                let mut seen = theirs.lock().unwrap();
                seen.0.process(&buffer[..n]);
                seen.1 = Instant::now();
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Home { child, keys, seen, _master: pair.master }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).unwrap();
    }

    #[track_caller]
    fn shows(&mut self, words: &[&str]) {
        let began = Instant::now();
        loop {
            let text = self.seen.lock().unwrap().0.screen().contents();
            if words.iter().all(|word| text.contains(word)) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            let is_over = ended.is_some() && began.elapsed() > Duration::from_secs(2);
            assert!(began.elapsed() < DEADLINE && !is_over, "no {words:?} ({ended:?}) on:\n{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn ends(mut self) {
        let status = poll("the end of Home", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}");
        poll("the terminal as it was", || {
            let seen = self.seen.lock().unwrap();
            (!seen.0.screen().alternate_screen() && !seen.0.screen().hide_cursor()).then_some(())
        });
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Fails where it has ended, which is what is wanted.
        let _ = self.child.kill();
    }
}

#[test]
fn without_a_terminal_the_four_sections_are_listed() {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &["train.steps=20", "--name", "one", "--headless"])).ok();
    let listed = workbench.command(&[]).ok().stdout;
    let place = |word: &str| listed.find(word).unwrap_or_else(|| panic!("no {word}:\n{listed}"));
    let sections = ["Runs", "Experiments", "Data sets", "Plugins"].map(place);
    assert!(sections.is_sorted(), "{listed}");
    for words in ["one  finished  20/20", "digits-mlp", "The classic VAE", "Handwritten digits"] {
        place(words);
    }
    let plugins = &listed[sections[3]..];
    let row = plugins.lines().find(|line| line.starts_with("conv-vae"));
    assert!(row.is_some_and(|row| row.contains("architecture")), "{listed}");
}

#[test]
fn an_experiment_starts_and_its_dashboard_comes_back_to_home() {
    let workbench = Workbench::new();
    let mut home = Home::at(&workbench, &repository(), &[]);
    home.shows(&["[1 Runs", "no runs yet"]);
    home.press("2/digits-mlp\r");
    home.shows(&["[2 Experiments", "digits-mlp"]);
    home.press(ENTER);
    home.shows(&["[1 Loss]", "2 Images"]);
    let [name] = &workbench.names()[..] else { panic!("{:?}", workbench.names()) };
    let run = workbench.run(name);
    assert!(run.is_alive());
    home.press("q");
    home.shows(&["[1 Runs 1]", "1 live", name]);
    home.press("SS");
    poll("the end of the run", || (run.state() == "stopped" && !run.is_alive()).then_some(()));
    home.shows(&["■", "stopped", "r resume"]);
    home.press("r");
    home.shows(&["[1 Loss]", "digits-mlp"]);
    poll("the trainer", || run.is_alive().then_some(()));
    home.press("q");
    home.shows(&["[1 Runs 1]", "1 live"]);
    home.press("SS");
    poll("the end of the run", || (run.state() == "stopped" && !run.is_alive()).then_some(()));
    home.shows(&["D delete"]);
    home.press("DD");
    home.shows(&["no runs yet"]);
    assert!(workbench.names().is_empty());
    home.press("q");
    home.ends();
}

#[test]
fn a_mistake_is_shown_and_edited_away() {
    let root = Root::new("home");
    root.copy("datasets/digits/card.toml", "datasets/digits/card.toml");
    root.write("experiments/odd.toml", "# An odd one.\nnmae = \"odd\"\n");
    let script = root.path().join("editor.sh");
    root.write("editor.sh", "printf '# A new word.\\nseed = 1\\n' > \"$2\"\n");
    let workbench = Workbench::at(root.path());
    let editor = format!("sh {} --", script.display());
    let mut home = Home::at(&workbench, root.path(), &[("EDITOR", &editor)]);
    home.press("2");
    home.shows(&["[2 Experiments 1]", "odd", "unknown key `nmae`"]);
    home.press(ENTER);
    home.shows(&["it did not work", "2 | nmae = \"odd\"", "| ^^^^", "did you mean `name`?", "Esc"]);
    home.press(ESCAPE);
    home.shows(&["[2 Experiments 1]", "q leave"]);
    home.press("e");
    home.shows(&["A new word."]);
    home.press("3");
    home.shows(&["missing", "images-idx3-ubyte.gz is missing"]);
    home.press("q");
    home.ends();
    assert!(workbench.names().is_empty());
    // As it was, for the next time.
    root.write("experiments/odd.toml", "# An odd one.\nnmae = \"odd\"\n");
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &["train.steps=20", "--name", "one", "--headless"])).ok();
    let mut home = Home::at(&workbench, &repository(), &[]);
    home.press("4");
    home.shows(&["[4 Plugins", "Convolutional VAE", "Fully connected VAE"]);
    home.press("1");
    home.shows(&["[1 Runs 1]", "one", "finished"]);
    // Three looks at the runs, and as many turns as there are in them, once what came before is drawn.
    poll("a while without a byte", || {
        let quiet = home.seen.lock().unwrap().1.elapsed();
        (quiet > Duration::from_millis(1500)).then_some(())
    });
    home.press("q");
    home.ends();
}
