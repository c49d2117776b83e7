//! libpq's key=value text: `host=db user='o\'neil'`.

use std::iter::Peekable;
use std::str::Chars;

use super::{ConnInfo, ConnInfoError};

/// Reads the text into parameters.
pub(super) fn parse(text: &str, info: &mut ConnInfo) -> Result<(), ConnInfoError> {
    let mut reader = Reader {
        chars: text.chars().peekable(),
        at: 1,
    };
    loop {
        reader.skip_blanks();
        if reader.chars.peek().is_none() {
            return Ok(());
        }
        let name = reader.name()?;
        let value = reader.value()?;
        info.set(&name, value)?;
    }
}

/// Quotes a value for key=value text, so that it is read back as it is.
pub fn quote_value(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A place in the text.
struct Reader<'a> {
    /// What is left.
    chars: Peekable<Chars<'a>>,
    /// The next character's number, from 1.
    at: usize,
}

impl Reader<'_> {
    /// Takes a character.
    fn take(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.at += usize::from(next.is_some());
        next
    }

    /// Passes over white space.
    fn skip_blanks(&mut self) {
        while self.chars.next_if(char::is_ascii_whitespace).is_some() {
            self.at += 1;
        }
    }

    /// Takes a name and the equals sign after it.
    fn name(&mut self) -> Result<String, ConnInfoError> {
        let mut name = String::new();
        while let Some(c) = self
            .chars
            .next_if(|&c| c != '=' && !c.is_ascii_whitespace())
        {
            self.at += 1;
            name.push(c);
        }
        self.skip_blanks();
        match self.take() {
            Some('=') if !name.is_empty() => Ok(name),
            Some('=') => Err(self.error("a value without a name")),
            Some(_) | None => Err(self.error("a name without \"=\" after it")),
        }
    }

    /// Takes a value, quoted or not.
    fn value(&mut self) -> Result<String, ConnInfoError> {
        self.skip_blanks();
        let quoted = self.chars.next_if_eq(&'\'').is_some();
        self.at += usize::from(quoted);
        let mut value = String::new();
        loop {
            match self.chars.peek() {
                None if quoted => return Err(self.error("a quoted value without its end")),
                None => return Ok(value),
                Some(c) if !quoted && c.is_ascii_whitespace() => return Ok(value),
                Some(_) => {}
            }
            match self.take() {
                Some('\'') if quoted => return Ok(value),
                Some('\\') => value.extend(self.take()),
                Some(c) => value.push(c),
                None => {}
            }
        }
    }

    /// Makes an error at this place.
    const fn error(&self, what: &'static str) -> ConnInfoError {
        ConnInfoError::Syntax { what, at: self.at }
    }
}
