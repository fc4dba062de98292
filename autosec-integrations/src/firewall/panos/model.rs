/// The most addresses that may be registered with tags, by the beginning of a model's name: the first that fits counts.
/// From the vendor's "Use Dynamic Address Groups in Policy", as it stood on 2026-11-22; other software on the firewall that
/// registers addresses shares them.
const LIMITS: &[(&str, usize)] = &[
    ("Panorama", 500_000),
    ("M-", 500_000),
    ("PA-5450", 100_000),
    ("PA-54", 500_000),
    ("PA-52", 500_000),
    ("PA-7", 100_000),
    ("VM-700", 300_000),
    ("VM-500", 300_000),
    ("VM-300", 200_000),
    ("VM-100", 2_500),
    ("VM-50", 1_000),
    ("PA-3430", 200_000),
    ("PA-3440", 200_000),
    ("PA-3410", 150_000),
    ("PA-3420", 150_000),
    ("PA-32", 200_000),
    ("PA-460", 100_000),
    ("PA-450", 100_000),
    ("PA-440", 50_000),
    ("PA-410", 1_000),
    ("PA-850", 2_500),
    ("PA-820", 1_000),
    ("PA-220", 1_000),
];

/// How many addresses and prefixes a model holds that are registered with tags, all together; `None` for models that the
/// vendor's list does not name. A PA-7000 is taken to have no SMC-B, with which it holds 500,000. A VM-Series firewall says
/// `PA-VM` for its model, whatever its size: name the size, such as `VM-300`.
///
/// ```
/// use autosec_integrations::firewall::panos::registered_limit;
///
/// assert_eq!(registered_limit("PA-5410"), Some(500_000));
/// assert_eq!(registered_limit("PA-5450"), Some(100_000));
/// assert_eq!(registered_limit("PA-220"), Some(1_000));
/// assert_eq!(registered_limit("PA-9999"), None);
/// ```
pub fn registered_limit(model: &str) -> Option<usize> {
    LIMITS.iter().find(|(prefix, _)| model.starts_with(prefix)).map(|(_, limit)| *limit)
}
