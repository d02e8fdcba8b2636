//! The host of the API in a region, and behind an edge.

use super::url::BaseUrl;
use crate::error::Error;

/// The maximum length of a region or an edge. Auth tokens, the secrets of API keys, and SIDs are
/// longer, so that one in the wrong variable does not become part of a host name.
const MAX_LABEL_BYTES: usize = 31;

impl BaseUrl {
    /// The base URL for a region and an edge, as far as they are set.
    pub(crate) fn of_region(region: Option<&str>, edge: Option<&str>) -> Result<Self, Error> {
        check_label("region", region)?;
        check_label("edge", edge)?;

        let host = match (edge, region) {
            (None, None) => "video.twilio.com".to_owned(),
            (None, Some(region)) => format!("video.{region}.twilio.com"),
            (Some(edge), region) => format!("video.{edge}.{}.twilio.com", region.unwrap_or("us1")),
        };
        Self::parse("base URL", &format!("https://{host}"))
    }
}

fn check_label(parameter: &'static str, label: Option<&str>) -> Result<(), Error> {
    let Some(label) = label else { return Ok(()) };

    let is_label_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=MAX_LABEL_BYTES).contains(&label.len()) || !label.bytes().all(is_label_byte) {
        // The value is left out: it may be a secret.
        let expected = format!("1 to {MAX_LABEL_BYTES} letters, digits and hyphens");
        return Err(Error::invalid_input(parameter, "…", expected));
    }
    Ok(())
}
