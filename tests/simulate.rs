//! The simulator of logins: the same for a seed, in the order of time, with people and attackers as they are described.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use autosec_core::event::field;
use autosec_ml::simulate::{Attacker, Campaign, Login, Simulation, SimulationError};

use crate::support::golden::differs;

/// The first fifty logins of a seed: whatever changes them changes everything that is measured on the simulator.
#[test]
fn a_seed_makes_these_logins() {
    let attacks = Campaign::new(Attacker::Naive).per_day(8.0);
    let simulation = Simulation::builder().seed(1).users(100).days(10).campaign(attacks).build().unwrap();
    let mut text = String::new();
    for login in simulation.logins().take(50) {
        let truth = login.attacker().map_or_else(|| "honest".to_owned(), |attacker| attacker.to_string());
        let _ = write!(text, "{truth} {}", login.time());
        login.event().fields().for_each(|(_, value)| {
            let _ = write!(text, " | {value}");
        });
        text.push('\n');
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/simulated_logins.txt");
    assert_eq!(differs(&golden, &text), None);
}

#[test]
fn seeds_differ_and_repeat() {
    let addresses = |seed| -> Vec<_> {
        let simulation = Simulation::builder().seed(seed).users(50).build().unwrap();
        simulation.logins().take(200).map(|login| (login.time(), login.user(), login.address())).collect()
    };
    assert_eq!(addresses(4), addresses(4));
    assert_ne!(addresses(4), addresses(5));
}

/// Asking for an attack, or for a campaign of attacks, leaves the honest logins as they are.
#[test]
fn attacks_change_nothing_about_the_honest() {
    let plain = Simulation::builder().seed(9).users(80).days(40);
    let attacked = Attacker::ALL.into_iter().fold(plain.clone(), |builder, attacker| {
        builder.campaign(Campaign::new(attacker).days(5.0, 30.0).per_day(20.0))
    });
    let honest = |login: &Login| login.attacker().is_none();
    let key = |login: Login| (login.time(), login.user(), login.address(), login.succeeded());
    let alone: Vec<_> = plain.build().unwrap().logins().map(key).collect();
    let mut logins = attacked.build().unwrap().logins();
    let mut among = Vec::new();
    while let Some(login) = logins.next() {
        logins.attack(Attacker::Targeted, login.user(), 3);
        among.extend(honest(&login).then(|| key(login)));
    }
    assert_eq!(alone, among);
}

#[test]
fn a_hundred_thousand_users_stream_in_order() {
    let simulation = Simulation::builder().users(100_000).days(30).build().unwrap();
    let logins: Vec<Login> = simulation.logins().take(20_000).collect();
    assert_eq!(logins.len(), 20_000);
    assert!(logins.is_sorted_by_key(Login::time));
    let users: HashSet<u32> = logins.iter().map(Login::user).collect();
    assert!(users.len() > 8_000 && users.iter().all(|user| *user < 100_000), "{}", users.len());
}

#[test]
fn people_are_as_described() {
    let simulation = Simulation::builder().seed(2).users(1_500).days(180).build().unwrap();
    let mut users: HashMap<u32, u32> = HashMap::new();
    let (mut all, mut failures, mut at_home, mut listed) = (0.0, 0.0, 0.0, 0.0);
    for login in simulation.logins() {
        let event = login.event();
        all += 1.0;
        failures += f64::from(u8::from(!login.succeeded()));
        at_home += f64::from(u8::from(event.text(field::SOURCE_GEO_COUNTRY_ISO_CODE) == Some("NO")));
        listed += f64::from(u8::from(event.get(field::SOURCE_ANONYMIZER).is_some()));
        *users.entry(login.user()).or_default() += 1;
    }
    let shares = [failures / all, at_home / all, listed / all];
    assert!((0.08..0.20).contains(&shares[0]), "failures {shares:?}");
    assert!((0.93..0.99).contains(&shares[1]), "in the largest country {shares:?}");
    assert!((0.005..0.04).contains(&shares[2]), "behind an anonymizer {shares:?}");
    // The tail is heavy: a tenth of the users makes at least a third of the logins.
    let mut counts: Vec<u32> = users.into_values().collect();
    counts.sort_unstable_by(|left, right| right.cmp(left));
    let busiest: u32 = counts.iter().take(150).sum();
    assert!(f64::from(busiest) > all * 0.33, "{busiest} of {all}");
}

#[test]
fn attackers_know_what_they_know() {
    let simulation = Simulation::builder().seed(3).users(400).days(60).build().unwrap();
    let mut logins = simulation.logins();
    let home: HashMap<u32, Login> = logins.by_ref().map(|login| (login.user(), login)).collect();
    let country = |login: &Login| {
        login.event().text(field::SOURCE_GEO_COUNTRY_ISO_CODE).map(str::to_owned).unwrap_or_default()
    };
    let agent = |login: &Login| login.event().text(field::USER_AGENT_ORIGINAL).map(str::to_owned);
    let share = |attacker, same: &dyn Fn(&Login, &Login) -> bool| {
        let alike = home.iter().filter(|(user, latest)| {
            logins.attack(attacker, **user, 0).is_some_and(|attack| same(&attack, latest))
        });
        alike.count() as f64 / home.len() as f64
    };
    let countries = |attacker| share(attacker, &|attack, latest| country(attack) == country(latest));
    let agents = |attacker| share(attacker, &|attack, latest| agent(attack) == agent(latest));
    assert!(countries(Attacker::Naive) < 0.1, "{}", countries(Attacker::Naive));
    for attacker in [Attacker::Vpn, Attacker::Targeted, Attacker::VeryTargeted] {
        assert!(countries(attacker) > 0.85, "{attacker} {}", countries(attacker));
    }
    let known = [Attacker::Vpn, Attacker::Targeted, Attacker::VeryTargeted].map(agents);
    assert!(known[0] < known[1] && known[1] < known[2] && known[2] > 0.4, "{known:?}");
    assert!(logins.attack(Attacker::Vpn, 400, 0).is_none(), "there is no such user");
}

#[test]
fn campaigns_are_as_described() {
    let campaign = |attacker| {
        let simulation = Simulation::builder().seed(6).users(300).days(30);
        let campaign = Campaign::new(attacker).days(10.0, 20.0).per_day(200.0);
        let simulation = simulation.campaign(campaign).build().unwrap();
        let attacks: Vec<Login> = simulation.logins().filter(|login| login.attacker().is_some()).collect();
        assert!((1_800..2_200).contains(&attacks.len()), "{attacker} {}", attacks.len());
        attacks
    };
    let addresses = |logins: &[Login]| logins.iter().map(Login::address).collect::<HashSet<_>>().len();
    let wins = |logins: &[Login]| logins.iter().filter(|login| login.succeeded()).count();
    let spray = campaign(Attacker::Spray);
    assert!(addresses(&spray) <= 5 && wins(&spray) < 20, "{} {}", addresses(&spray), wins(&spray));
    let stuffing = campaign(Attacker::Stuffing);
    let strangers = stuffing.iter().filter(|login| login.user() >= 300).count();
    assert!((650..950).contains(&strangers) && addresses(&stuffing) > 1_500, "{strangers}");
    let poisoning = campaign(Attacker::Poisoning);
    assert!(poisoning.iter().all(|login| login.user() % 10 == 0 && login.succeeded()));
    assert!(addresses(&poisoning) <= 30, "each victim's attacker comes back with the same address");
}

#[test]
fn refuses_what_makes_no_sense() {
    let builder = Simulation::builder;
    assert_eq!(builder().users(0).build(), Err(SimulationError::Users { users: 0 }));
    assert_eq!(builder().days(4_000).build(), Err(SimulationError::Days { days: 4_000 }));
    for per_day in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let campaign = Campaign::new(Attacker::Spray).per_day(per_day);
        assert!(matches!(builder().campaign(campaign).build(), Err(SimulationError::Campaign { .. })));
    }
    let many = (0..65).fold(builder(), |builder, _| builder.campaign(Campaign::new(Attacker::Naive)));
    let error = many.build().unwrap_err();
    assert_eq!(error.to_string(), "a simulation has at most 64 campaigns, and 65 were asked for");
}
