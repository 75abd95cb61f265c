//! What builders say while they work.

use std::borrow::Cow;

/// A line without the escape sequences that colour it.
pub fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains('\x1b') {
        return Cow::Borrowed(line);
    }
    let mut text = String::new();
    let mut parts = line.split('\x1b');
    text.extend(parts.next());
    for part in parts {
        // `[1;31m`, or what gcc ends each line with: `[K`.
        let coloured = part
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(|c: char| c.is_ascii_alphabetic()));
        text.push_str(coloured.map_or(part, |(_, after)| after));
    }
    Cow::Owned(text)
}

/// A compiler's words without the lines that only say what it is at. make's own compilers print to stdout too.
pub(crate) fn diagnostics(words: &str, output: &str) -> String {
    let noise = [
        "Compiling ",
        "Checking ",
        "Finished ",
        "Blocking ",
        "Locking ",
        "Updating ",
        "Downloading ",
        "Downloaded ",
    ];
    let of_interest = |line: &&str| {
        let line = plain(line);
        !noise.iter().any(|word| line.trim_start().starts_with(word))
    };
    let mut text: Vec<&str> = words.lines().filter(of_interest).collect();
    if text.iter().all(|line| line.trim().is_empty()) {
        text = output.lines().filter(|line| !line.starts_with('{')).collect();
    }
    text.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_off() {
        let line = "\x1b[1m\x1b[92m   Compiling\x1b[0m discs v0.1.0";
        assert_eq!(plain(line), "   Compiling discs v0.1.0");
        assert_eq!(plain("\x1b[01m\x1b[Kdiscs.c:3:\x1b[m\x1b[K error"), "discs.c:3: error");
        assert_eq!(plain("as it is"), "as it is");
        assert_eq!(plain("\x1bno sequence"), "no sequence");
    }

    #[test]
    fn only_what_is_wrong_is_left_and_keeps_its_colours() {
        let error = "\x1b[1m\x1b[91merror\x1b[0m: expected one of";
        let words = format!("\x1b[1m\x1b[92m   Compiling\x1b[0m discs v0.1.0\n{error}\n");
        assert_eq!(diagnostics(&words, ""), error);
        assert_eq!(diagnostics("", "{}\ncc: no such file\n"), "cc: no such file");
    }
}
