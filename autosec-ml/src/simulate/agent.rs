//! Devices and what their browsers say of themselves, as they change over time.

use super::chance::fixed_fraction;
use crate::random::Random;

/// The operating systems.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Platform {
    Windows,
    Mac,
    Linux,
    Android,
    Phone,
    Tablet,
}

/// The browsers, and what scripts name themselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Browser {
    Chrome,
    Edge,
    Firefox,
    Safari,
    Samsung,
    Script,
}

/// What somebody logs in with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Device {
    pub(super) platform: Platform,
    pub(super) browser: Browser,
    /// Which of the phones on the market it is; of Windows, which edition.
    model: u8,
    /// Days after a release until it has it, on average; infinite if it is never updated.
    lag: f64,
    /// What chance of its own begins with.
    number: u64,
    /// When it was bought, in days of the calendar of releases.
    bought: f64,
}

/// What a browser says of itself at some time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Agent {
    pub(super) platform: Platform,
    pub(super) browser: Browser,
    model: u8,
    /// The release of the browser.
    version: u16,
    /// The release of the operating system, where the browser tells it.
    system: u16,
}

/// Shares of the web's use, rounded from StatCounter's for Europe.
const PLATFORMS: [(Platform, f64); 6] = [
    (Platform::Windows, 0.38),
    (Platform::Mac, 0.11),
    (Platform::Linux, 0.02),
    (Platform::Android, 0.24),
    (Platform::Phone, 0.22),
    (Platform::Tablet, 0.03),
];

/// The same for the world, from where attackers take theirs.
const WORLD: [(Platform, f64); 6] = [
    (Platform::Windows, 0.30),
    (Platform::Mac, 0.07),
    (Platform::Linux, 0.02),
    (Platform::Android, 0.42),
    (Platform::Phone, 0.17),
    (Platform::Tablet, 0.02),
];

/// Models of Android phones; their popularity falls as 1 / rank, which is assumed.
const MODELS: usize = 120;
/// Editions of Windows as agents of 2020 name them; rounded from StatCounter's versions, the share of WOW64 assumed.
const EDITIONS: [(u8, f64); 5] = [(0, 0.66), (1, 0.12), (2, 0.13), (3, 0.05), (4, 0.04)];
const EDITION_NAMES: [(&str, &str); 5] = [
    ("10", "Windows NT 10.0; Win64; x64"),
    ("10", "Windows NT 10.0; WOW64"),
    ("7", "Windows NT 6.1; Win64; x64"),
    ("8.1", "Windows NT 6.3; Win64; x64"),
    ("7", "Windows NT 6.1; WOW64"),
];
/// How many devices are never updated, and how many are updated late: assumed.
const FROZEN: f64 = 0.04;
const LATE: f64 = 0.15;
/// Days between releases of browsers, of which three make a main version, and of systems: slower than those of 2020.
const RELEASE: f64 = 28.0;
const SYSTEM_RELEASE: f64 = 45.0;
/// The calendar of releases begins so many of them before the first day.
const FIRST: f64 = 100.0;
/// How many releases back a device is looked for: it has what it was bought with if it has none of them.
const BACK: u8 = 37;
/// The releases that an attacker copies, as how many behind the newest; assumed.
const POPULAR: [(f64, f64); 7] =
    [(0.0, 0.30), (1.0, 0.25), (2.0, 0.15), (3.0, 0.10), (4.0, 0.08), (6.0, 0.07), (9.0, 0.05)];

impl Platform {
    pub(super) fn draw(random: &mut Random) -> Self {
        random.pick(&PLATFORMS, Platform::Windows)
    }

    /// One of those with a keyboard.
    pub(super) fn desk(random: &mut Random) -> Self {
        random.pick(PLATFORMS.get(..3).unwrap_or_default(), Platform::Windows)
    }

    /// One of those in a pocket.
    pub(super) fn pocket(random: &mut Random) -> Self {
        random.pick(PLATFORMS.get(3..5).unwrap_or_default(), Platform::Android)
    }

    pub(super) fn is_mobile(self) -> bool {
        matches!(self, Platform::Android | Platform::Phone | Platform::Tablet)
    }

    /// Which phone, which edition.
    fn model(self, random: &mut Random) -> u8 {
        match self {
            Platform::Windows => random.pick(&EDITIONS, 0),
            Platform::Android => u8::try_from(random.zipf(MODELS)).unwrap_or(0),
            _ => 0,
        }
    }

    pub(super) fn browser(self, random: &mut Random) -> Browser {
        let shares: [(Browser, f64); 3] = match self {
            Platform::Windows => [(Browser::Chrome, 0.66), (Browser::Edge, 0.22), (Browser::Firefox, 0.12)],
            Platform::Mac => [(Browser::Safari, 0.48), (Browser::Chrome, 0.43), (Browser::Firefox, 0.09)],
            Platform::Linux => [(Browser::Firefox, 0.55), (Browser::Chrome, 0.45), (Browser::Edge, 0.0)],
            Platform::Android => {
                [(Browser::Chrome, 0.80), (Browser::Samsung, 0.17), (Browser::Firefox, 0.03)]
            }
            Platform::Phone | Platform::Tablet => {
                [(Browser::Safari, 0.91), (Browser::Chrome, 0.09), (Browser::Edge, 0.0)]
            }
        };
        random.pick(&shares, Browser::Chrome)
    }
}

impl Device {
    /// A device bought on a `day` since the first one of the simulation, which may be negative.
    pub(super) fn draw(random: &mut Random, platform: Platform, day: f64) -> Self {
        let browser = platform.browser(random);
        Self::with_browser(random, platform, browser, day)
    }

    pub(super) fn with_browser(random: &mut Random, platform: Platform, browser: Browser, day: f64) -> Self {
        let lag = match random.fraction() {
            chance if chance < FROZEN => f64::INFINITY,
            chance if chance < FROZEN + LATE => random.between(20.0, 60.0),
            _ => random.between(2.0, 8.0),
        };
        let model = platform.model(random);
        let number = (random.below(1 << 24) as u64) << 24 | random.below(1 << 24) as u64;
        Self { platform, browser, model, lag, number, bought: day }
    }

    /// What it says of itself on a `day` since the first one of the simulation.
    pub(super) fn agent(&self, day: f64) -> Agent {
        Agent {
            platform: self.platform,
            browser: self.browser,
            model: self.model,
            version: self.release(day, RELEASE, 1),
            system: self.release(day, SYSTEM_RELEASE, 2),
        }
    }

    /// The newest release that has reached the device.
    fn release(&self, day: f64, every: f64, purpose: u64) -> u16 {
        let newest_at = |day: f64| libm::floor(day / every) + FIRST;
        let reached = |release: f64| {
            let patience = -libm::log(1.0 - fixed_fraction(self.number ^ u64::from(whole(release)), purpose));
            (release - FIRST) * every + self.lag * patience <= day
        };
        let bought = newest_at(self.bought).max(0.0);
        let newest = newest_at(day).max(bought);
        let backwards =
            (0..BACK).map(|behind| newest - f64::from(behind)).take_while(|release| *release > bought);
        let release = backwards.into_iter().find(|release| reached(*release)).unwrap_or(bought);
        whole(release)
    }
}

impl Agent {
    /// What is common in the world: a platform by its share, a browser by its share, a version that is current or a little behind.
    pub(super) fn popular(random: &mut Random, day: f64) -> Self {
        let platform = random.pick(&WORLD, Platform::Windows);
        let browser = platform.browser(random);
        Self::popular_like(random, platform, browser, day)
    }

    /// What is common among those with this platform and browser.
    pub(super) fn popular_like(random: &mut Random, platform: Platform, browser: Browser, day: f64) -> Self {
        let model = platform.model(random);
        let mut release = |every: f64| {
            let behind = random.pick(&POPULAR, 0.0);
            whole((libm::floor(day / every) + FIRST - behind).max(0.0))
        };
        let (version, system) = (release(RELEASE), release(SYSTEM_RELEASE));
        Self { platform, browser, model, version, system }
    }

    /// A program without a browser's name.
    pub(super) fn script(random: &mut Random) -> Self {
        let version = 20 + u16::try_from(random.below(12)).unwrap_or(0);
        Self { platform: Platform::Linux, browser: Browser::Script, model: 0, version, system: 0 }
    }

    /// Browser, its version, system, its version, device: what parsers of agents make of the text.
    pub(super) fn parsed(&self) -> (&'static str, String, &'static str, String, String) {
        let system = match self.platform {
            Platform::Windows => ("Windows", self.edition().0.to_owned(), "Other".to_owned()),
            Platform::Mac => ("Mac OS X", self.mac('.'), "Mac".to_owned()),
            Platform::Linux => ("Linux", String::new(), "Other".to_owned()),
            Platform::Android => ("Android", self.android().to_string(), format!("Model {:03}", self.model)),
            Platform::Phone => ("iOS", self.apple('.'), "iPhone".to_owned()),
            Platform::Tablet => ("iOS", self.apple('.'), "iPad".to_owned()),
        };
        let (name, version) = match self.browser {
            Browser::Chrome => ("Chrome", self.chromium()),
            Browser::Edge => ("Edge", self.chromium()),
            Browser::Firefox => ("Firefox", self.firefox()),
            Browser::Safari => ("Safari", self.safari()),
            Browser::Samsung => ("Samsung Internet", self.samsung()),
            Browser::Script => ("Python Requests", format!("2.{}", self.version)),
        };
        (name, version, system.0, system.1, system.2)
    }

    /// The text itself, in the form that browsers of 2020 sent it, before they told less of versions and devices.
    pub(super) fn text(&self) -> String {
        let system = match self.platform {
            Platform::Windows => self.edition().1.to_owned(),
            Platform::Mac => format!("Macintosh; Intel Mac OS X {}", self.mac('_')),
            Platform::Linux => "X11; Linux x86_64".to_owned(),
            Platform::Android => format!("Linux; Android {}; Model {:03}", self.android(), self.model),
            Platform::Phone => format!("iPhone; CPU iPhone OS {} like Mac OS X", self.apple('_')),
            Platform::Tablet => format!("iPad; CPU OS {} like Mac OS X", self.apple('_')),
        };
        let engine = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let chromium = format!("Mozilla/5.0 ({system}) {engine} Chrome/{} Safari/537.36", self.chromium());
        match self.browser {
            Browser::Chrome => chromium,
            Browser::Edge => format!("{chromium} Edg/{}", self.chromium()),
            Browser::Samsung => format!("{chromium} SamsungBrowser/{}", self.samsung()),
            Browser::Firefox => {
                let version = self.firefox();
                format!("Mozilla/5.0 ({system}; rv:{version}) Gecko/20100101 Firefox/{version}")
            }
            Browser::Safari => {
                let engine = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
                format!("Mozilla/5.0 ({system}) {engine} Version/{} Safari/605.1.15", self.safari())
            }
            Browser::Script => format!("python-requests/2.{}", self.version),
        }
    }

    fn chromium(&self) -> String {
        let (main, build) = (self.version / 3, self.version % 3);
        format!("{}.0.{}.{}", 48 + main, 2_300 + main * 46, 60 + build * 28)
    }

    fn firefox(&self) -> String {
        format!("{}.0", 44 + self.version / 3)
    }

    fn samsung(&self) -> String {
        format!("{}.0", self.version / 9)
    }

    fn safari(&self) -> String {
        format!("{}.{}", self.system / 12, self.system % 12 / 2)
    }

    fn apple(&self, dot: char) -> String {
        format!("{}{dot}{}", self.system / 12, self.system % 12)
    }

    fn mac(&self, dot: char) -> String {
        format!("10{dot}{}{dot}{}", 7 + self.system / 12, self.system % 12 / 2)
    }

    fn android(&self) -> u16 {
        2 + self.system / 12
    }

    fn edition(&self) -> (&'static str, &'static str) {
        EDITION_NAMES.get(usize::from(self.model)).copied().unwrap_or(EDITION_NAMES[0])
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a release is from 0 to some hundreds"
)]
fn whole(release: f64) -> u16 {
    release as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_updated_and_never_go_back() {
        let mut random = Random::new(1, 0);
        for _ in 0..300 {
            let platform = Platform::draw(&mut random);
            let device = Device::draw(&mut random, platform, -200.0);
            let versions: Vec<u16> = (0..400).map(|day| device.agent(f64::from(day)).version).collect();
            assert!(versions.windows(2).all(|pair| pair[0] <= pair[1]), "{device:?}");
            let updates = versions.windows(2).filter(|pair| pair[0] < pair[1]).count();
            assert!(device.lag.is_infinite() == (updates == 0), "{updates} {device:?}");
        }
    }

    #[test]
    fn agents_say_what_is_parsed() {
        let mut random = Random::new(2, 0);
        for _ in 0..2_000 {
            let agent = Agent::popular(&mut random, 50.0);
            let (_, version, _, _, _) = agent.parsed();
            assert!(agent.text().contains(&version), "{} {version}", agent.text());
        }
        assert!(Agent::script(&mut random).text().starts_with("python-requests/2."));
    }
}
