use http::Uri;

/// A URL as it may stand in a text: without what stands before `@` and behind `?`.
#[must_use]
pub fn shown(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme_str().unwrap_or_default(), url.path())
}
