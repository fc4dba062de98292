//! The starter pack: rules that a host can switch on without reading them first.

/// Name and YAML text of each file of the pack: SSH brute force and sprays, web scans and attacks, port scans.
///
/// Subjects that come back are blocked longer each time by the policy
/// ([`EscalationConfig`](crate::decision::EscalationConfig)), whatever rule caught them.
///
/// ```
/// use autosec_core::rule::STARTER;
///
/// let names: Vec<_> = STARTER.iter().map(|(name, _)| *name).collect();
/// assert_eq!(names, ["starter/ssh.yaml", "starter/web.yaml", "starter/network.yaml"]);
/// ```
///
/// | rule | fires on | asks for |
/// |---|---|---|
/// | `ssh-brute-force` | 5 failed logins of an address in 10 minutes | block, 1 h |
/// | `ssh-slow-brute-force` | 30 in a day | block, 1 d |
/// | `ssh-user-spray` | failed logins of 5 users from an address in 10 minutes | block, 2 h |
/// | `ssh-distributed-guessing` | failed logins of one user from 10 addresses in an hour | alert |
/// | `sudo-refused` | a command that sudo refuses | alert |
/// | `web-path-traversal` | one request that climbs out of the web root | block, 1 h |
/// | `web-code-injection` | one request with a payload for Log4Shell, Shellshock or a template engine | block, 1 d |
/// | `web-sql-injection` | 3 requests in 10 minutes | block, 1 h |
/// | `web-cross-site-scripting` | 3 requests in 10 minutes | block, 1 h |
/// | `web-secret-files` | requests for 3 different secret files in 10 minutes | block, 1 h |
/// | `web-scan` | 20 requests refused in a minute | block, 1 h |
/// | `web-attack-tool` | one request of a tool that gives its name | block, 1 h |
/// | `network-port-scan` | 30 ports tried in a minute | block, 1 h |
/// | `network-host-sweep` | 30 hosts tried for one of some services in a minute | block, 1 h |
/// | `network-ids-alerts` | 3 alerts of the most severe class in 10 minutes | block, 1 h |
///
/// The texts say which events each rule reads; a host without such events loses nothing by keeping the rules.
pub const STARTER: [(&str, &str); 3] = [
    ("starter/ssh.yaml", include_str!("ssh.yaml")),
    ("starter/web.yaml", include_str!("web.yaml")),
    ("starter/network.yaml", include_str!("network.yaml")),
];
