//! A command for a POSIX shell.

use std::ffi::OsStr;

/// Joins words to a line that a shell splits into the same words, whatever bytes they hold.
pub fn line<'a>(words: impl IntoIterator<Item = &'a OsStr>) -> Vec<u8> {
    let quoted: Vec<_> = words.into_iter().map(|it| quoted(it.as_encoded_bytes())).collect();
    quoted.join(&b' ')
}

fn quoted(word: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(byte);
    if !word.is_empty() && word.iter().all(is_plain) {
        return word.to_owned();
    }

    let mut quoted = vec![b'\''];
    for &byte in word {
        match byte {
            b'\'' => quoted.extend(br"'\''"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}
