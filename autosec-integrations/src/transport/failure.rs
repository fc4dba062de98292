use std::io;

/// Whether waiting does not help against what a seam failed with: nothing there, no right to it, a key or a certificate
/// that is not the expected one, a URL that is refused, nothing in common.
pub(crate) fn is_final(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Unsupported
    )
}
