//! Text of JSON.

use std::borrow::Cow;

use serde::Deserialize;

/// Text that is borrowed if nothing in it is escaped.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);
