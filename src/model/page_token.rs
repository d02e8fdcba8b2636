//! The name that the API gives to a page.

use std::fmt;

use super::percent::{pairs, query_of, query_safe};

const MAX_TOKEN_BYTES: usize = 4096;

/// The `Page` and `PageToken` of the URL that leads to a page. Both are opaque, and are sent back
/// percent-encoded as they came. Nothing else is taken from that URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageToken {
    page: Option<Box<str>>,
    token: Option<Box<str>>,
}

impl PageToken {
    /// The `PageToken`, percent-encoded.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The `Page`, percent-encoded.
    pub(crate) fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    /// Reads the page token of a URL; `None` if it has neither `Page` nor `PageToken`.
    pub(crate) fn from_url(url: &str) -> Result<Option<Self>, InvalidPageToken> {
        Self::from_parameters(query_of(url))
    }

    /// Reads the page token of a URL's query.
    pub(super) fn from_parameters(query: &str) -> Result<Option<Self>, InvalidPageToken> {
        let mut found = Self { page: None, token: None };

        for (name, value) in pairs(query) {
            let (parameter, slot) = match name {
                "Page" => ("Page", &mut found.page),
                "PageToken" => ("PageToken", &mut found.token),
                _ => continue,
            };
            if value.is_empty() {
                continue;
            }
            let value = query_safe(value);
            if value.len() > MAX_TOKEN_BYTES {
                return Err(InvalidPageToken::TooLong(parameter));
            }
            if slot.replace(value.into()).is_some() {
                return Err(InvalidPageToken::Repeated(parameter));
            }
        }

        Ok((found.page.is_some() || found.token.is_some()).then_some(found))
    }
}

/// A URL's page token that cannot be sent back.
#[derive(Debug)]
pub(crate) enum InvalidPageToken {
    TooLong(&'static str),
    Repeated(&'static str),
}

impl fmt::Display for InvalidPageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(parameter) => {
                write!(f, "a {parameter} of more than {MAX_TOKEN_BYTES} bytes")
            }
            Self::Repeated(parameter) => write!(f, "two {parameter} parameters"),
        }
    }
}
