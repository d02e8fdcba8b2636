//! The `User-Agent` header.

use ureq::http::HeaderValue;

use crate::error::Error;

/// The name and version of this crate, after the name of the program.
pub(crate) fn user_agent(program: Option<&str>) -> Result<HeaderValue, Error> {
    let own = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let text = match program {
        None => own.to_owned(),
        Some(program) => format!("{program} {own}"),
    };
    HeaderValue::from_str(&text).map_err(|error| {
        Error::invalid_input("user agent", text, "visible ASCII characters").caused_by(error)
    })
}
