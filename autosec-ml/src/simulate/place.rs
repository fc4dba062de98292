//! Where people and attackers are.

/// A city, where it lies and how far its clocks are from UTC (standard time all year: there is no daylight saving).
#[derive(Debug)]
pub(super) struct Place {
    pub(super) city: &'static str,
    /// The ISO 3166-2 code of its region.
    pub(super) region: &'static str,
    /// Degrees.
    pub(super) latitude: f64,
    /// Degrees.
    pub(super) longitude: f64,
    /// Minutes.
    pub(super) offset: i64,
}

/// A country, its share among users, among the goals of their journeys abroad (these sum to no round number), and among
/// attackers who don't care where they seem to be.
#[derive(Debug)]
pub(super) struct Country {
    pub(super) code: &'static str,
    pub(super) market: f64,
    pub(super) visits: f64,
    pub(super) attacks: f64,
    pub(super) places: &'static [Place],
}

/// What a number of [`COUNTRIES`] stands for; the first one for a number that is too large.
pub(super) fn country(number: usize) -> &'static Country {
    COUNTRIES.get(number).unwrap_or(&COUNTRIES[0])
}

/// City `number` of a country; a point in the Gulf of Guinea if it has none of that number.
pub(super) fn place(country_number: usize, number: usize) -> &'static Place {
    country(country_number).places.get(number).unwrap_or(&NOWHERE)
}

/// Where the degrees begin.
static NOWHERE: Place = at("", "", (0.0, 0.0), 0);

const fn at(
    city: &'static str,
    region: &'static str,
    (latitude, longitude): (f64, f64),
    offset: i64,
) -> Place {
    Place { city, region, latitude, longitude, offset }
}

const fn land(
    code: &'static str,
    (market, visits, attacks): (f64, f64, f64),
    places: &'static [Place],
) -> Country {
    Country { code, market, visits, attacks, places }
}

/// At most 32 countries of at most 8 cities, the largest cities first.
///
/// The market is that of a service of one country, as the largest published data set is: the share of that country is
/// assumed, and so are the shares of attackers.
pub(super) static COUNTRIES: [Country; 20] = [
    land(
        "NO",
        (0.985, 0.05, 0.01),
        &[
            at("Oslo", "NO-03", (59.91, 10.75), 60),
            at("Bergen", "NO-46", (60.39, 5.32), 60),
            at("Trondheim", "NO-50", (63.43, 10.40), 60),
            at("Stavanger", "NO-11", (58.97, 5.73), 60),
            at("Drammen", "NO-33", (59.74, 10.20), 60),
            at("Fredrikstad", "NO-31", (59.22, 10.93), 60),
            at("Kristiansand", "NO-42", (58.15, 8.00), 60),
            at("Tromsø", "NO-55", (69.65, 18.96), 60),
        ],
    ),
    land(
        "SE",
        (0.005, 0.07, 0.02),
        &[
            at("Stockholm", "SE-AB", (59.33, 18.07), 60),
            at("Gothenburg", "SE-O", (57.71, 11.97), 60),
            at("Malmö", "SE-M", (55.60, 13.00), 60),
        ],
    ),
    land(
        "DK",
        (0.003, 0.05, 0.01),
        &[at("Copenhagen", "DK-84", (55.68, 12.57), 60), at("Aarhus", "DK-82", (56.16, 10.20), 60)],
    ),
    land(
        "GB",
        (0.002, 0.04, 0.03),
        &[
            at("London", "GB-LND", (51.51, -0.13), 0),
            at("Manchester", "GB-MAN", (53.48, -2.24), 0),
            at("Edinburgh", "GB-EDH", (55.95, -3.19), 0),
        ],
    ),
    land(
        "DE",
        (0.001, 0.03, 0.06),
        &[
            at("Berlin", "DE-BE", (52.52, 13.40), 60),
            at("Hamburg", "DE-HH", (53.55, 9.99), 60),
            at("Munich", "DE-BY", (48.14, 11.58), 60),
            at("Frankfurt", "DE-HE", (50.11, 8.68), 60),
        ],
    ),
    land(
        "US",
        (0.001, 0.03, 0.20),
        &[
            at("New York", "US-NY", (40.71, -74.01), -300),
            at("Los Angeles", "US-CA", (34.05, -118.24), -480),
            at("Chicago", "US-IL", (41.88, -87.63), -360),
            at("Ashburn", "US-VA", (39.04, -77.49), -300),
        ],
    ),
    land(
        "ES",
        (0.0, 0.02, 0.02),
        &[
            at("Madrid", "ES-MD", (40.42, -3.70), 60),
            at("Barcelona", "ES-CT", (41.39, 2.17), 60),
            at("Málaga", "ES-AN", (36.72, -4.42), 60),
        ],
    ),
    land(
        "PL",
        (0.001, 0.015, 0.02),
        &[at("Warsaw", "PL-14", (52.23, 21.01), 60), at("Kraków", "PL-12", (50.06, 19.94), 60)],
    ),
    land(
        "NL",
        (0.0, 0.01, 0.07),
        &[at("Amsterdam", "NL-NH", (52.37, 4.90), 60), at("Rotterdam", "NL-ZH", (51.92, 4.48), 60)],
    ),
    land(
        "FR",
        (0.0, 0.01, 0.04),
        &[at("Paris", "FR-IDF", (48.86, 2.35), 60), at("Lyon", "FR-ARA", (45.76, 4.84), 60)],
    ),
    land("FI", (0.001, 0.01, 0.01), &[at("Helsinki", "FI-18", (60.17, 24.94), 120)]),
    land(
        "IN",
        (0.001, 0.005, 0.08),
        &[
            at("Mumbai", "IN-MH", (19.08, 72.88), 330),
            at("Delhi", "IN-DL", (28.61, 77.21), 330),
            at("Bengaluru", "IN-KA", (12.97, 77.59), 330),
        ],
    ),
    land("TH", (0.0, 0.003, 0.02), &[at("Bangkok", "TH-10", (13.76, 100.50), 420)]),
    land("TR", (0.0, 0.003, 0.03), &[at("Istanbul", "TR-34", (41.01, 28.98), 180)]),
    land(
        "BR",
        (0.0, 0.002, 0.07),
        &[
            at("São Paulo", "BR-SP", (-23.55, -46.63), -180),
            at("Rio de Janeiro", "BR-RJ", (-22.91, -43.17), -180),
        ],
    ),
    land(
        "CN",
        (0.0, 0.001, 0.12),
        &[at("Shanghai", "CN-SH", (31.23, 121.47), 480), at("Beijing", "CN-BJ", (39.90, 116.41), 480)],
    ),
    land(
        "RU",
        (0.0, 0.001, 0.10),
        &[at("Moscow", "RU-MOW", (55.76, 37.62), 180), at("Saint Petersburg", "RU-SPE", (59.93, 30.34), 180)],
    ),
    land("VN", (0.0, 0.0, 0.05), &[at("Hanoi", "VN-HN", (21.03, 105.85), 420)]),
    land("ID", (0.0, 0.0, 0.03), &[at("Jakarta", "ID-JK", (-6.21, 106.85), 420)]),
    land("NG", (0.0, 0.0, 0.01), &[at("Lagos", "NG-LA", (6.52, 3.38), 60)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_and_places_are_on_earth() {
        let sum = |share: fn(&Country) -> f64| COUNTRIES.iter().map(share).sum::<f64>();
        assert!((sum(|country| country.market) - 1.0).abs() < 1e-9, "{}", sum(|country| country.market));
        assert!((sum(|country| country.attacks) - 1.0).abs() < 1e-9, "{}", sum(|country| country.attacks));
        for country in &COUNTRIES {
            assert!((1..=8).contains(&country.places.len()), "{}", country.code);
            for place in country.places {
                assert!(place.region.starts_with(country.code), "{}", place.city);
                assert!(place.latitude.abs() < 90.0 && place.longitude.abs() < 180.0, "{}", place.city);
            }
        }
    }
}
