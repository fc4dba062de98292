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
pub const STARTER: [(&str, &str); 3] = [
    ("starter/ssh.yaml", include_str!("ssh.yaml")),
    ("starter/web.yaml", include_str!("web.yaml")),
    ("starter/network.yaml", include_str!("network.yaml")),
];
