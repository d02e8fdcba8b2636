//! The name that the API gives to a page.

use super::percent::{pairs, query_of, query_safe};

const MAX_TOKEN_BYTES: usize = 4096;

/// The `Page` and `PageToken` of the URL that leads to a page. Both are opaque, and are sent back
/// percent-encoded as they came. Nothing else is taken from that URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageToken {
    pub page: Option<String>,
    pub token: Option<String>,
}

impl PageToken {
    /// Reads the page token of a URL; `None` if it has neither `Page` nor `PageToken`.
    pub(crate) fn from_url(url: &str) -> Result<Option<Self>, String> {
        Self::from_parameters(query_of(url))
    }

    /// Reads the page token of a URL's query.
    pub(super) fn from_parameters(query: &str) -> Result<Option<Self>, String> {
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
                return Err(format!("a {parameter} of more than {MAX_TOKEN_BYTES} bytes"));
            }
            if slot.replace(value).is_some() {
                return Err(format!("two {parameter} parameters"));
            }
        }

        Ok((found.page.is_some() || found.token.is_some()).then_some(found))
    }
}
