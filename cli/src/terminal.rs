//! Text that is safe to show on a terminal.

/// Returns `true` if a character is invisible and changes the appearance of the text around it.
pub fn acts_on_terminals(char: char) -> bool {
    match char {
        // Nearly all characters: a listing spends less time if they are first.
        ' '..='~' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => char.is_control(),
    }
}

/// A character, escaped if it acts on terminals.
pub fn escaped(char: char) -> impl Iterator<Item = char> {
    let escape = acts_on_terminals(char).then(|| char.escape_unicode());
    let plain = Some(char).filter(|_| escape.is_none());
    plain.into_iter().chain(escape.into_iter().flatten())
}

/// A line of another program, without what acts on a terminal.
pub fn shown(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for char in line.chars() {
        if char == '\t' {
            shown.push(char);
        } else {
            shown.extend(escaped(char));
        }
    }
    shown
}
