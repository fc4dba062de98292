//! What the device's answers mean.

use autosec_plugin::{Failure, FailureKind, HttpResponse, TransportError, fail};

/// Whether the device did it.
pub fn expected(answer: &HttpResponse) -> Result<(), Failure> {
    let kind = match answer.status {
        200..=299 => return Ok(()),
        400 | 422 => FailureKind::InvalidTarget,
        401 | 403 => FailureKind::Unauthorized,
        409 => FailureKind::Conflict,
        429 => FailureKind::RateLimited,
        507 => FailureKind::Full,
        500..=599 => FailureKind::Unavailable,
        _ => FailureKind::Protocol,
    };
    let retry_after_ms = retry_after(answer);
    Err(Failure { retry_after_ms, ..fail(kind, format!("the device answered {}", answer.status)) })
}

/// The request did not come to an answer.
pub fn unreachable(error: TransportError) -> Failure {
    match error {
        TransportError::Denied(why) => fail(FailureKind::Denied, why),
        TransportError::Timeout => fail(FailureKind::Timeout, "the device did not answer in time"),
        other => fail(FailureKind::Unavailable, format!("the device cannot be reached: {other:?}")),
    }
}

/// Seconds, as most devices say it.
fn retry_after(answer: &HttpResponse) -> Option<u32> {
    let header =
        answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case("retry-after"))?;
    header.value.trim().parse::<u32>().ok()?.checked_mul(1_000)
}
