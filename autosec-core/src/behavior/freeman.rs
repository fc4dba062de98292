use std::collections::HashMap;

use crate::event::{Event, FieldId, Value, field};

/// The plain score of risk-based authentication, which other methods are measured against.
///
/// Freeman, Jain, Dürmuth, Biggio and Giacinto ("Who are you?", NDSS 2016), in the form that Wiefling, Jørgensen, Thunem and
/// Lo Iacono ("Pump up password security!", ACM TOPS 26, 2022) made public and evaluated:
///
/// ```text
/// S(u, x) = Π over features k of  p(x_k) / p(x_k | u)  ·  (1 / users) / (logins of u / logins)
/// p(x_k)  = Σ over levels l of  weight_l · (how often the level's value was seen / logins)
/// ```
///
/// | feature | levels and their weights |
/// |---|---|
/// | network | address 0.6, autonomous system 0.3, country 0.1 |
/// | software | user agent 0.5387, browser with version 0.2680, system with version 0.1882, device 0.0051 |
///
/// The first level of p(x_k) is smoothed: a value seen c times in N logins has c/N · (1 − M/(N + M)), one never seen has
/// 1/(N + M), where M is the number of distinct values on the levels below, plus one. Where a user has never had the
/// value of any level, p(x_k | u) is a quarter of p(x_k). All attackers are taken to be equally likely to have any value.
///
/// It is exact and plain on purpose: it neither ages nor doubts what it learns, it knows no distances, times or lists, and
/// it keeps the texts of all values. Use it to compare; [`LIMIT`](Self::LIMIT) bounds it.
///
/// ```
/// use autosec_core::behavior::Freeman;
/// use autosec_core::event::{Event, field};
/// use autosec_core::time::Timestamp;
///
/// let login = |user, country| {
///     Event::new(Timestamp::EPOCH)
///         .with(field::USER_NAME, user)
///         .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, country)
/// };
/// let mut freeman = Freeman::new();
/// (0..10).for_each(|_| freeman.learn(&login("ada", "NO")));
/// (0..10).for_each(|_| freeman.learn(&login("eve", "SE")));
/// assert!(freeman.score(&login("ada", "SE")) > freeman.score(&login("ada", "NO")));
/// assert_eq!(freeman.score(&login("bob", "NO")), None, "nothing is known of bob");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Freeman {
    users: HashMap<Box<str>, History>,
    everyone: History,
    /// Distinct values that users have, and users.
    held: usize,
    left_out: u64,
}

/// How often each value of each level was seen.
#[derive(Clone, Debug, Default)]
struct History {
    logins: u64,
    network: [Counts; 3],
    software: [Counts; 4],
}

type Counts = HashMap<Box<str>, u64>;

/// The values of an event, level by level; a missing one is an empty text.
struct Values {
    network: [String; 3],
    software: [String; 4],
}

const NETWORK: [f64; 3] = [0.6, 0.3, 0.1];
/// As published with the data set of 2022.
const SOFTWARE: [f64; 4] =
    [0.538_665_384_055_135_9, 0.268_045_149_862_566_6, 0.188_182_951_001_095_36, 0.005_106_515_081_202_152];

impl Freeman {
    /// The most users and distinct values of users; logins that would bring more are left out.
    pub const LIMIT: usize = 50_000_000;

    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The risk score of a login: the larger the riskier, without an upper end; around 1 it is as likely somebody else. None
    /// if the event has no `user.name`, or the user no history.
    pub fn score(&self, event: &Event<'_>) -> Option<f64> {
        let history = self.users.get(event.text(field::USER_NAME)?)?;
        let values = Values::of(event);
        let network = ratio(
            &history.network,
            history.logins,
            &self.everyone.network,
            self.everyone.logins,
            &NETWORK,
            &values.network,
        );
        let software = ratio(
            &history.software,
            history.logins,
            &self.everyone.software,
            self.everyone.logins,
            &SOFTWARE,
            &values.software,
        );
        let attacked = 1.0 / self.users.len() as f64;
        let present = history.logins as f64 / self.everyone.logins as f64;
        Some(network * software * attacked / present)
    }

    /// Adds a login to the histories of its user and of everyone. Freeman and Wiefling learn from logins that succeeded.
    pub fn learn(&mut self, event: &Event<'_>) {
        let Some(name) = event.text(field::USER_NAME) else { return };
        if self.held >= Self::LIMIT {
            self.left_out += 1;
            return;
        }
        let values = Values::of(event);
        self.everyone.add(&values);
        let history = self.users.entry(name.into()).or_insert_with(|| {
            self.held += 1;
            History::default()
        });
        self.held += history.add(&values);
    }

    /// How many logins the user has made.
    pub fn logins(&self, user: &str) -> u64 {
        self.users.get(user).map_or(0, |history| history.logins)
    }

    /// How many logins were left out because of [`LIMIT`](Self::LIMIT).
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl History {
    /// How many values are new.
    fn add(&mut self, values: &Values) -> usize {
        self.logins += 1;
        let network = self.network.iter_mut().zip(&values.network);
        let counted = network.chain(self.software.iter_mut().zip(&values.software)).map(|(counts, value)| {
            let before = counts.len();
            *counts.entry(value.as_str().into()).or_default() += 1;
            counts.len() - before
        });
        counted.sum()
    }
}

/// p(x) / p(x | u) of one feature.
fn ratio(
    user: &[Counts],
    user_logins: u64,
    everyone: &[Counts],
    logins: u64,
    weights: &[f64],
    values: &[String],
) -> f64 {
    let share = |counts: &Counts, value: &str, logins: u64| {
        counts.get(value).map_or(0.0, |count| *count as f64 / logins as f64)
    };
    let levels = || weights.iter().zip(values);
    let of_user: f64 =
        levels().zip(user).map(|((weight, value), counts)| weight * share(counts, value, user_logins)).sum();
    let mut of_all: f64 = levels()
        .zip(everyone)
        .skip(1)
        .map(|((weight, value), counts)| weight * share(counts, value, logins))
        .sum();
    if let (Some((weight, value)), Some((first, below))) = (levels().next(), everyone.split_first()) {
        let unseen = 1.0 + below.iter().map(HashMap::len).sum::<usize>() as f64;
        let seen = share(first, value, logins);
        let all = logins as f64 + unseen;
        of_all += weight * if seen > 0.0 { seen * (1.0 - unseen / all) } else { 1.0 / all };
    }
    if of_user == 0.0 { 4.0 } else { of_all / of_user }
}

impl Values {
    fn of(event: &Event<'_>) -> Self {
        let text = |field: FieldId| event.get(field).map(Value::to_string).unwrap_or_default();
        let pair = |name, version| format!("{} {}", text(name), text(version));
        Self {
            network: [
                text(field::SOURCE_IP),
                text(field::SOURCE_AS_NUMBER),
                text(field::SOURCE_GEO_COUNTRY_ISO_CODE),
            ],
            software: [
                text(field::USER_AGENT_ORIGINAL),
                pair(field::USER_AGENT_NAME, field::USER_AGENT_VERSION),
                pair(field::USER_AGENT_OS_NAME, field::USER_AGENT_OS_VERSION),
                text(field::USER_AGENT_DEVICE_NAME),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::time::Timestamp;

    fn login(user: &'static str, address: u8, system: i64, agent: &'static str) -> Event<'static> {
        Event::new(Timestamp::EPOCH)
            .with(field::USER_NAME, user)
            .with(field::SOURCE_IP, IpAddr::V4(Ipv4Addr::new(16, 0, 0, address)))
            .with(field::SOURCE_AS_NUMBER, system)
            .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "NO")
            .with(field::USER_AGENT_ORIGINAL, agent)
            .with(field::USER_AGENT_NAME, agent)
    }

    fn close(left: Option<f64>, right: f64) -> bool {
        left.is_some_and(|left| (left / right - 1.0).abs() < 1e-12)
    }

    /// Three logins of ada and one of eve, worked out by hand.
    #[test]
    fn scores_are_those_worked_out_by_hand() {
        let mut freeman = Freeman::new();
        for event in [
            login("ada", 1, 10, "F"),
            login("ada", 1, 10, "F"),
            login("ada", 2, 10, "F"),
            login("eve", 3, 20, "C"),
        ] {
            freeman.learn(&event);
        }
        // Two users, four logins. Below the address: two systems and a country; below the agent: two browsers, one system,
        // one device.
        let (network_unseen, software_unseen) = (4.0, 5.0);
        let presence = (1.0 / 2.0) / (3.0 / 4.0);
        let agent = |share: f64| SOFTWARE[0] * share * (1.0 - software_unseen / (4.0 + software_unseen));
        let known = agent(0.75) + SOFTWARE[1] * 0.75 + SOFTWARE[2] + SOFTWARE[3];
        let usual =
            (0.6 * 0.5 * (1.0 - network_unseen / 8.0) + 0.3 * 0.75 + 0.1) / (0.6 * 2.0 / 3.0 + 0.3 + 0.1);
        let sum: f64 = SOFTWARE.iter().sum();
        assert!(close(freeman.score(&login("ada", 1, 10, "F")), usual * (known / sum) * presence));
        // From eve's address with her agent.
        let strange = (0.6 * 0.25 * (1.0 - network_unseen / 8.0) + 0.3 * 0.25 + 0.1) / 0.1;
        let other =
            (agent(0.25) + SOFTWARE[1] * 0.25 + SOFTWARE[2] + SOFTWARE[3]) / (SOFTWARE[2] + SOFTWARE[3]);
        assert!(close(freeman.score(&login("ada", 3, 20, "C")), strange * other * presence));
        // From where nobody was.
        let nowhere = (0.6 / 8.0 + 0.1) / 0.1;
        let score = freeman.score(&login("ada", 9, 90, "F"));
        assert!(close(score, nowhere * (known / sum) * presence), "{score:?}");
    }

    #[test]
    fn nothing_in_common_is_four_times_as_likely_for_others() {
        let mut freeman = Freeman::new();
        freeman.learn(&login("ada", 1, 10, "F"));
        let elsewhere =
            login("ada", 1, 10, "F").with(field::SOURCE_IP, "none").with(field::SOURCE_AS_NUMBER, 0_i64);
        let elsewhere = elsewhere.with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "SE");
        let (usual, odd) = (freeman.score(&login("ada", 1, 10, "F")), freeman.score(&elsewhere));
        let network = (0.6 * (1.0 - 3.0 / 4.0) + 0.4) / 1.0;
        assert!(close(odd, usual.unwrap() / network * 4.0), "{usual:?} {odd:?}");
    }

    #[test]
    fn users_without_name_or_history_have_no_score() {
        let mut freeman = Freeman::new();
        freeman.learn(&Event::new(Timestamp::EPOCH));
        assert_eq!(freeman.score(&Event::new(Timestamp::EPOCH)), None);
        assert_eq!(freeman.score(&login("ada", 1, 10, "F")), None);
        freeman.learn(&login("ada", 1, 10, "F"));
        assert_eq!((freeman.logins("ada"), freeman.logins("eve"), freeman.left_out()), (1, 0, 0));
    }
}
