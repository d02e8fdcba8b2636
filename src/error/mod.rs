//! Errors.

mod api_error;
mod conversions;
#[expect(clippy::module_inception, reason = "the file is named after the type it defines")]
mod error;
mod kind;
mod transport;

pub use api_error::ApiError;
pub use error::Error;
pub(crate) use error::is_transient_status;
pub use kind::{ErrorKind, InvalidInput, InvalidRecord};
pub(crate) use transport::Seconds;
pub use transport::{Phase, TimeoutError, TransportError};
