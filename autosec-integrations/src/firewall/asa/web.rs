use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use secrecy::ExposeSecret;

use super::answer::words;
use super::command::Line;
use super::screen::SCREEN_LIMIT;
use super::trouble::Trouble;
use crate::firewall::origin::{shown, stays_here};
use crate::secret::SecretSource;
use crate::transport::HttpClient;

/// The longest path of a request, in bytes: commands beyond it go into the next one.
const PATH_LIMIT: usize = 1_500;

/// How long a device that gives no time is left alone, and the longest that it may ask for.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Where the HTTPS interface of a device is, and who uses it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AsaWeb {
    /// Scheme, name or address, and port if it is not 443: `https://192.0.2.10`. Plain `http` is taken to this machine alone,
    /// for a tunnel that begins here.
    pub url: String,
    /// A user with privilege 15.
    pub user: String,
    /// The name of the secret that is the user's password.
    pub secret: String,
}

/// The HTTPS interface: commands in the path of a request, configuration as a body.
#[derive(Debug)]
pub(super) struct Web {
    client: Arc<dyn HttpClient>,
    secrets: Arc<dyn SecretSource>,
    place: AsaWeb,
}

impl Web {
    /// The interface, or what is wrong with where it is said to be.
    pub(super) fn new(
        client: Arc<dyn HttpClient>,
        secrets: Arc<dyn SecretSource>,
        mut place: AsaWeb,
    ) -> Result<Self, String> {
        let length = place.url.trim_end_matches('/').len();
        place.url.truncate(length);
        let uri: Uri = place.url.parse().map_err(|_| format!("`{}` is no URL", words(shown(&place.url))))?;
        let is_plain = uri.path() == "/" && uri.query().is_none();
        match uri.scheme_str() {
            _ if !is_plain || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) => {
                Err("the URL has to be a scheme and a host alone".to_owned())
            }
            Some("https") => Ok(()),
            Some("http") if uri.host().is_some_and(stays_here) => Ok(()),
            _ => Err(format!(
                "`{}` is not https: the password would be readable on its way",
                words(shown(&place.url))
            )),
        }?;
        if place.user.contains(':') || place.user.chars().any(char::is_control) {
            return Err("the user's name must not hold `:` or a control character".to_owned());
        }
        Ok(Self { client, secrets, place })
    }

    /// Carries out commands, as many a request as fit, and gives all that is answered.
    pub(super) async fn exec(&self, lines: &[Line]) -> Result<String, Trouble> {
        let mut answer = String::new();
        for path in paths(lines) {
            let request = self.request(Request::get(format!("{}{path}", self.place.url)), Vec::new()).await?;
            answer.push_str(&self.send(request).await?);
            answer.push('\n');
        }
        Ok(answer)
    }

    /// Carries out lines of a configuration in one request.
    pub(super) async fn configure(&self, lines: &[Line]) -> Result<String, Trouble> {
        let mut body = String::new();
        for line in lines {
            body.push_str(line.as_str());
            body.push('\n');
        }
        let request = Request::post(format!("{}/admin/config", self.place.url))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/unknown"));
        let request = self.request(request, body.into_bytes()).await?;
        self.send(request).await
    }

    async fn request(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Request<Vec<u8>>, Trouble> {
        let password = self.secrets.secret(&self.place.secret).await?;
        let plain = format!("{}:{}", self.place.user, password.expose_secret());
        let basic =
            HeaderValue::from_maybe_shared(format!("Basic {}", BASE64_STANDARD.encode(plain.as_bytes())));
        let unfit = |_| Trouble::Absent("a request cannot be written".to_owned());
        let mut basic = basic.map_err(|_| Trouble::Absent("a request cannot be written".to_owned()))?;
        basic.set_sensitive(true);
        // Others are refused Basic authentication.
        let request =
            request.header(USER_AGENT, HeaderValue::from_static("ASDM")).header(AUTHORIZATION, basic);
        request.body(body).map_err(unfit)
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<String, Trouble> {
        let answer = self.client.send(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(&answer));
        }
        if answer.body().len() > SCREEN_LIMIT {
            return Err(Trouble::Rejected(format!("it answers more than {} MiB", SCREEN_LIMIT >> 20)));
        }
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }
}

/// The paths that hold the commands.
fn paths(lines: &[Line]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for line in lines {
        let part = encoded(line.as_str());
        match paths.last_mut() {
            Some(path) if path.len() + 1 + part.len() <= PATH_LIMIT => {
                path.push('/');
                path.push_str(&part);
            }
            _ => paths.push(format!("/admin/exec/{part}")),
        }
    }
    paths
}

/// A command as a part of a path: spaces as `+`, and nothing else that has a meaning there.
fn encoded(command: &str) -> String {
    let mut part = String::with_capacity(command.len());
    for byte in command.bytes() {
        match byte {
            b' ' => part.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => part.push(char::from(byte)),
            _ => part.push_str(&format!("%{byte:02X}")),
        }
    }
    part
}

/// What an answer other than 200 says.
fn refusal(answer: &Response<Vec<u8>>) -> Trouble {
    let status = answer.status();
    match status {
        StatusCode::UNAUTHORIZED => Trouble::Forbidden(
            "it refuses the user's password, or `aaa authentication http console` is missing".to_owned(),
        ),
        StatusCode::BAD_REQUEST => Trouble::Forbidden(
            "it takes no Basic authentication from this client: write `http server basic-auth-client ASDM`"
                .to_owned(),
        ),
        StatusCode::FORBIDDEN => Trouble::Forbidden(
            "the user may not do this (privilege 15), or this machine may not (`http`)".to_owned(),
        ),
        StatusCode::NOT_FOUND => {
            Trouble::Absent("it has no such interface: write `http server enable`".to_owned())
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let asked =
                answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            let after = asked.map_or(PAUSE, Duration::from_secs).min(LONGEST_PAUSE);
            Trouble::Busy(after, format!("it answers {status}"))
        }
        _ if status.is_server_error() => Trouble::Transport(format!("it answers {status}")),
        _ => Trouble::Rejected(format!("it answers {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::{GroupName, clear_connections, show_users};
    use super::*;

    #[test]
    fn puts_commands_into_paths() {
        let lines: Vec<Line> =
            (0..200_u8).map(|n| clear_connections(&std::net::IpAddr::from([192, 0, 2, n]).into())).collect();
        let paths = paths(&lines);
        assert!(paths.len() > 1 && paths.iter().all(|path| path.len() <= PATH_LIMIT), "{paths:?}");
        assert_eq!(paths.iter().map(|path| path.matches("/clear+conn+address+").count()).sum::<usize>(), 200);
        let users = show_users(&GroupName::new("A").unwrap());
        assert_eq!(super::paths(&[users]), ["/admin/exec/show+running-config+access-list+%7C+include+A"]);
        let v6 = clear_connections(&"2001:db8::1/128".parse().unwrap());
        assert_eq!(super::paths(&[v6]), ["/admin/exec/clear+conn+address+2001%3Adb8%3A%3A1"]);
    }
}
