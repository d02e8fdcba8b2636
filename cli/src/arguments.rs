//! The command line: the commands, and the help that is about all of them.

use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};

use crate::archive::Archive;
use crate::commands::completions::Completions;
use crate::commands::delete::Delete;
use crate::commands::download::Download;
use crate::commands::fetch::Fetch;
use crate::commands::list::List;
use crate::commands::url::Url;
use crate::merge::Merge;
use crate::verify::Verify;

const ENVIRONMENT: &str = "\
Credentials: the first of these pairs with a variable that is set:
  TWILIO_API_KEY, TWILIO_API_SECRET       an API key and its secret
  TWILIO_CLIENT_ID, TWILIO_CLIENT_SECRET  an OAuth client and its secret
  TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN   an account and its auth token

Other environment variables:
  TWILIO_REGION, TWILIO_EDGE              the region, such as ie1, and the edge
  TWILIO_VIDEO_BASE_URL                   replaces https://video.twilio.com
  TWILIO_OAUTH_BASE_URL                   replaces https://oauth.twilio.com
  HTTPS_PROXY, ALL_PROXY, NO_PROXY        a proxy, and hosts that need none
  SSL_CERT_FILE, SSL_CERT_DIR             replace the system's root certificates

Exit status:
  0  everything succeeded
  1  something failed; standard error says what
  2  invalid usage or environment, or missing or malformed credentials;
     nothing was sent
  130 or 143: SIGINT or SIGTERM ended the run";

/// List, archive, fetch and delete the recordings of Twilio Video rooms
#[derive(Parser)]
#[command(name = "twilio-recordings", version, max_term_width = 80, after_help = ENVIRONMENT)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// Reads the command line of the process. The error says what is wrong with it, or is the help that
    /// it asks for.
    pub fn read() -> Result<Self, clap::Error> {
        Self::try_parse().map_err(|mut error| {
            if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
                // No value begins with a hyphen, so `-- --option` would be no help.
                tips.retain(|tip| !tip.to_string().contains("as a value"));
                if !tips.is_empty() {
                    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
                }
            }
            error
        })
    }
}

#[derive(Subcommand)]
pub enum Command {
    List(List),
    Archive(Archive),
    Merge(Merge),
    Verify(Verify),
    Download(Download),
    Url(Url),
    Fetch(Fetch),
    Delete(Delete),
    Completions(Completions),
}
