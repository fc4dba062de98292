//! What a plugin asks for and is granted, in lines for a person.

use crate::plugin::manifest::{Asks, ExecAsk, HttpAsk, SecretAsk, SecretSlot, SessionAsk, Site};

/// One line for each thing.
pub(super) fn lines(asks: &Asks) -> Vec<String> {
    let http = asks.http.iter().map(http);
    let lines = http.chain(asks.exec.iter().map(exec)).chain(asks.session.iter().map(session));
    lines.chain(asks.secret.iter().map(secret)).collect()
}

fn http(ask: &HttpAsk) -> String {
    let to = match &ask.to {
        Site::Host(host, Some(port)) => format!("{host}:{port}"),
        Site::Host(host, None) => host.to_string(),
        Site::Origin(origin) => origin.to_string(),
    };
    let paths = ask.paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    because(format!("{} {to} {paths}", ask.methods.join(",")), &ask.why)
}

fn exec(ask: &ExecAsk) -> String {
    let words = std::iter::once(&ask.program).chain(&ask.args).map(ToString::to_string);
    because(format!("run {}", words.collect::<Vec<_>>().join(" ")), &ask.why)
}

fn session(ask: &SessionAsk) -> String {
    because(format!("type {} lines into the session {}", ask.lines.len(), ask.name), &ask.why)
}

fn secret(ask: &SecretAsk) -> String {
    let place = match &ask.slot {
        SecretSlot::Header { name, .. } => format!("in the header {name}"),
        SecretSlot::Basic { .. } => "as a password".to_owned(),
        SecretSlot::SigV4 { .. } => "as the key of a signature".to_owned(),
    };
    because(format!("secret {} {place}", ask.name), &ask.why)
}

fn because(what: String, why: &str) -> String {
    if why.is_empty() { what } else { format!("{what}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::manifest::Grant;

    #[test]
    fn each_ask_is_a_line() {
        let grant = Grant::parse(
            "grant.toml",
            r#"
                [[http]]
                host = "{config.host}"
                port = 8443
                methods = ["GET", "POST"]
                paths = ["/api/**"]
                secrets = ["key"]
                why = "its REST interface"
                [[http]]
                origin = "{config.url}"
                methods = ["GET"]
                paths = ["/health"]
                [[exec]]
                program = "/usr/sbin/nft"
                args = ["add", "{ip}"]
                [[session]]
                name = "console"
                lines = ["show version"]
                [[secret]]
                name = "key"
                use = "header:x-key"
            "#,
        );
        assert_eq!(
            lines(&grant.unwrap().allows),
            [
                "GET,POST {config.host}:8443 /api/**: its REST interface",
                "GET {config.url} /health",
                "run /usr/sbin/nft add {ip}",
                "type 1 lines into the session console",
                "secret key in the header x-key",
            ]
        );
    }
}
