//! The URL that a device is set up with: what is allowed in it, and what of it may be shown.

/// Whether a request to this host never leaves this machine, so that it need not be encrypted.
pub(super) fn stays_here(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

/// What may be shown of a URL that is refused: nothing that may be a password, and no query.
pub(super) fn shown(url: &str) -> &str {
    if url.contains('@') {
        return ["https://", "http://"]
            .into_iter()
            .find(|scheme| url.starts_with(scheme))
            .unwrap_or_default();
    }
    url.split_once(['?', '#']).map_or(url, |(shown, _)| shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_url_shows_no_password() {
        for (url, safe) in [
            ("https://user:pa ss@192.0.2.10", "https://"),
            ("user:pa://ss@192.0.2.10", ""),
            ("https://192.0.2.10/?key=se@cret", "https://"),
            ("http://192.0.2.10?key=secret", "http://192.0.2.10"),
            ("https://192.0.2.10#a b", "https://192.0.2.10"),
            ("ftp://[", "ftp://["),
        ] {
            assert_eq!(shown(url), safe);
        }
    }
}
