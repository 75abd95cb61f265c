use std::ops::Range;

/// The most levels of tables and arrays, headers apart: far more than any experiment needs, far fewer than the stack has room for.
pub(crate) const DEEPEST: usize = 64;

/// The place where TOML text nests deeper than [`DEEPEST`], if there is one, found without recursion and before parsing.
///
/// The toml crate bounds brackets and dotted keys each, but not their product: eighty inline tables inside each other, each under a
/// key of eighty parts, parse to a tree whose traversal and drop overflow a thread's stack.
pub(crate) fn too_deep(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // For every open bracket, the dots of the key that is being read in it; the first entry is for the statement itself.
    let mut dots = vec![0_usize];
    let mut depth = 0;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at += 1;
        match bytes[start] {
            b'[' | b'{' => {
                dots.push(0);
                depth += 1;
            }
            b']' | b'}' if dots.len() > 1 => depth -= 1 + dots.pop().unwrap_or(0),
            b'.' => {
                if let Some(last) = dots.last_mut() {
                    *last += 1;
                    depth += 1;
                }
            }
            b',' | b'\n' => {
                if let Some(last) = dots.last_mut() {
                    depth -= std::mem::take(last);
                }
            }
            b'#' => at = end_of_comment(bytes, at),
            quote @ (b'"' | b'\'') => at = end_of_string(bytes, start, quote),
            b']' | b'}' | b'=' | b' ' | b'\t' | b'\r' => {}
            // A bare word: a quote inside it opens no string.
            _ => {
                at = at
                    + bytes[at..]
                        .iter()
                        .take_while(|byte| !b".=,[]{} \t#\r\n".contains(byte))
                        .count()
            }
        }
        if depth > DEEPEST {
            return Some(start..at);
        }
    }
    None
}

fn end_of_comment(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|&&byte| byte != b'\n' && byte != b'\r').count()
}

/// One past the string that opens at `start`; one that is never closed ends with its line, or with the text where it is of the
/// kind that may span lines.
fn end_of_string(bytes: &[u8], start: usize, quote: u8) -> usize {
    let triple = [quote; 3];
    let several_lines = bytes[start..].starts_with(&triple);
    let mut at = start + if several_lines { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => {
                at += if matches!(bytes.get(at + 1), Some(b'\\' | b'"')) { 2 } else { 1 }
            }
            b'\n' if !several_lines => return at,
            byte if byte == quote && !several_lines => return at + 1,
            byte if byte == quote && bytes[at..].starts_with(&triple) => {
                // Up to two quotes right before the closing three belong to the string.
                let more =
                    bytes[at + 3..].iter().take(2).take_while(|&&byte| byte == quote).count();
                return at + 3 + more;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_dots_add_up() {
        assert_eq!(too_deep(&format!("a = {}{}", "[".repeat(64), "]".repeat(64))), None);
        assert_eq!(too_deep(&format!("a = {}", "[".repeat(10_000))), Some(68..69));
        assert!(too_deep(&format!("{}z = 1", "a.".repeat(65))).is_some());
        assert!(too_deep(&"a = { b.c.d.e.f = ".repeat(40)).is_some());
    }

    #[test]
    fn what_is_side_by_side_does_not_add_up() {
        assert_eq!(too_deep(&format!("a = [{}]", "0.5, ".repeat(1000))), None);
        assert_eq!(too_deep(&"a.b.c = { d = 0.5 }\n".repeat(1000)), None);
        assert_eq!(too_deep(&"[a.b]\nx = 1.0\r\n".repeat(1000)), None);
    }

    #[test]
    fn strings_and_comments_do_not_count() {
        let many = "[".repeat(100);
        for text in [
            format!("a = \"{many}\""),
            format!("a = '{many}\\'"),
            format!("a = \"\\\"{many}\""),
            format!("a = \"\"\"\n{many}\"\n\"\"\"\"\""),
            format!("a = '''\n{many}'''"),
            format!("# {many}\na = 1"),
        ] {
            assert_eq!(too_deep(&text), None, "{text}");
            assert!(too_deep(&format!("{text}\nb = {many}")).is_some(), "{text}");
        }
        assert!(
            too_deep(&format!("a = x\"{many}")).is_some(),
            "a quote inside a bare word opens no string"
        );
    }
}
