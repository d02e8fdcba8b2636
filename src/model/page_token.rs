//! The name that the API gives to a page.

use super::percent::{pairs, query_of, query_safe};

/// The `Page` and `PageToken` of the URL that leads to a page. Both are opaque, and are sent back
/// percent-encoded as they came. Nothing else is taken from that URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageToken {
    pub page: Option<String>,
    pub token: Option<String>,
}

impl PageToken {
    /// Reads the page token of a URL; `None` if it has neither `Page` nor `PageToken`.
    pub(crate) fn from_url(url: &str) -> Option<Self> {
        Self::from_parameters(query_of(url))
    }

    /// Reads the page token of a URL's query.
    pub(super) fn from_parameters(query: &str) -> Option<Self> {
        let value = |wanted| {
            let mut values =
                pairs(query).filter(|(name, value)| *name == wanted && !value.is_empty());
            values.next().map(|(_, value)| query_safe(value))
        };
        let found = Self { page: value("Page"), token: value("PageToken") };
        (found.page.is_some() || found.token.is_some()).then_some(found)
    }
}
