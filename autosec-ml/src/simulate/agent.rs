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
    /// Which of the phones on the market it is.
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
    /// The main version of the browser.
    version: u16,
    /// The release of the operating system, where the browser tells it.
    system: u16,
}

/// Shares of the web's use, rounded from StatCounter's for Europe in 2024.
const PLATFORMS: [(Platform, f64); 6] = [
    (Platform::Windows, 0.38),
    (Platform::Mac, 0.11),
    (Platform::Linux, 0.02),
    (Platform::Android, 0.24),
    (Platform::Phone, 0.22),
    (Platform::Tablet, 0.03),
];

/// Models of Android phones; their popularity falls as 1 / rank, which is assumed.
const MODELS: usize = 40;
/// How many devices are never updated, and how many are updated late: assumed.
const FROZEN: f64 = 0.04;
const LATE: f64 = 0.15;
/// Days between main versions of browsers (four weeks for Chrome, Edge and Firefox), and of systems.
const RELEASE: f64 = 28.0;
const SYSTEM_RELEASE: f64 = 60.0;
/// The calendar of releases begins so many of them before the first day.
const FIRST: f64 = 100.0;
/// The versions that an attacker copies: the newest, and how many behind.
const POPULAR: [(f64, f64); 4] = [(0.0, 0.55), (1.0, 0.30), (2.0, 0.10), (4.0, 0.05)];

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
        let model = if platform == Platform::Android { random.zipf(MODELS) } else { 0 };
        let number = (random.below(1 << 24) as u64) << 24 | random.below(1 << 24) as u64;
        Self { platform, browser, model: u8::try_from(model).unwrap_or(0), lag, number, bought: day }
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

    /// The newest release that has reached the device, looking one year back.
    fn release(&self, day: f64, every: f64, purpose: u64) -> u16 {
        let newest_at = |day: f64| libm::floor(day / every) + FIRST;
        let reached = |release: f64| {
            let patience = -libm::log(1.0 - fixed_fraction(self.number ^ u64::from(whole(release)), purpose));
            (release - FIRST) * every + self.lag * patience <= day
        };
        let bought = newest_at(self.bought).max(0.0);
        let newest = newest_at(day).max(bought);
        let backwards =
            (0..13_u8).map(|behind| newest - f64::from(behind)).take_while(|release| *release > bought);
        let release = backwards.into_iter().find(|release| reached(*release)).unwrap_or(bought);
        whole(release)
    }
}

impl Agent {
    /// What is common: a platform by its share, a browser by its share, a version that is current or a little behind.
    pub(super) fn popular(random: &mut Random, day: f64) -> Self {
        let platform = Platform::draw(random);
        let browser = platform.browser(random);
        Self::popular_like(random, platform, browser, day)
    }

    /// What is common among those with this platform and browser.
    pub(super) fn popular_like(random: &mut Random, platform: Platform, browser: Browser, day: f64) -> Self {
        let model = if platform == Platform::Android { random.zipf(MODELS) } else { 0 };
        let mut release = |every: f64| {
            let behind = random.pick(&POPULAR, 0.0);
            whole((libm::floor(day / every) + FIRST - behind).max(0.0))
        };
        let (version, system) = (release(RELEASE), release(SYSTEM_RELEASE));
        Self { platform, browser, model: u8::try_from(model).unwrap_or(0), version, system }
    }

    /// A program without a browser's name.
    pub(super) fn script(random: &mut Random) -> Self {
        let version = 20 + u16::try_from(random.below(12)).unwrap_or(0);
        Self { platform: Platform::Linux, browser: Browser::Script, model: 0, version, system: 0 }
    }

    /// Browser, its version, system, its version, device: what parsers of agents make of the text.
    pub(super) fn parsed(&self) -> (&'static str, String, &'static str, String, String) {
        let system = match self.platform {
            Platform::Windows => ("Windows", "10".to_owned(), "Other".to_owned()),
            Platform::Mac => ("Mac OS X", "10.15.7".to_owned(), "Mac".to_owned()),
            Platform::Linux => ("Linux", String::new(), "Other".to_owned()),
            Platform::Android => ("Android", self.android().to_string(), format!("Model {:02}", self.model)),
            Platform::Phone => ("iOS", self.apple('.'), "iPhone".to_owned()),
            Platform::Tablet => ("iOS", self.apple('.'), "iPad".to_owned()),
        };
        let (name, version) = match self.browser {
            Browser::Chrome => ("Chrome", format!("{}.0.0.0", self.version)),
            Browser::Edge => ("Edge", format!("{}.0.0.0", self.version)),
            Browser::Firefox => ("Firefox", format!("{}.0", self.version)),
            Browser::Safari => ("Safari", self.apple('.')),
            Browser::Samsung => ("Samsung Internet", format!("{}.0", self.version / 4)),
            Browser::Script => ("Python Requests", format!("2.{}", self.version)),
        };
        (name, version, system.0, system.1, system.2)
    }

    /// The text itself, in the form that browsers of 2024 send it.
    pub(super) fn text(&self) -> String {
        let system = match self.platform {
            Platform::Windows => "Windows NT 10.0; Win64; x64".to_owned(),
            Platform::Mac => "Macintosh; Intel Mac OS X 10_15_7".to_owned(),
            Platform::Linux => "X11; Linux x86_64".to_owned(),
            Platform::Android => format!("Linux; Android {}; Model {:02}", self.android(), self.model),
            Platform::Phone => format!("iPhone; CPU iPhone OS {} like Mac OS X", self.apple('_')),
            Platform::Tablet => format!("iPad; CPU OS {} like Mac OS X", self.apple('_')),
        };
        let (version, apple) = (self.version, self.apple('.'));
        let engine = "AppleWebKit/537.36 (KHTML, like Gecko)";
        match self.browser {
            Browser::Chrome => {
                format!("Mozilla/5.0 ({system}) {engine} Chrome/{version}.0.0.0 Safari/537.36")
            }
            Browser::Edge => {
                format!(
                    "Mozilla/5.0 ({system}) {engine} Chrome/{version}.0.0.0 Safari/537.36 Edg/{version}.0.0.0"
                )
            }
            Browser::Firefox => {
                format!("Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0")
            }
            Browser::Safari => {
                format!(
                    "Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{apple} Safari/605.1.15"
                )
            }
            Browser::Samsung => format!("Mozilla/5.0 ({system}) {engine} SamsungBrowser/{}.0", version / 4),
            Browser::Script => format!("python-requests/2.{version}"),
        }
    }

    /// Six releases make a main version.
    fn apple(&self, dot: char) -> String {
        format!("{}{dot}{}", self.system / 6, self.system % 6)
    }

    fn android(&self) -> u16 {
        self.system / 6
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
