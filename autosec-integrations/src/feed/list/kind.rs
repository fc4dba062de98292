use autosec_core::entity::printable;
use autosec_core::intel::{IndicatorValue, Observable, ObservableKind};
use serde::{Deserialize, Deserializer, de};

use crate::feed::freetext;

/// What kind of values a list has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ListKind {
    /// All of one kind; in settings its name, such as `network` or `sha256`.
    One(ObservableKind),
    /// An address or a name, and a port: `192.0.2.7:4444`; in settings `address-port`.
    AddressPort,
    /// Whatever each looks like; in settings `guess`.
    Guess,
}

impl ListKind {
    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "guess" => Some(Self::Guess),
            "address-port" => Some(Self::AddressPort),
            name => ObservableKind::ALL.into_iter().find(|kind| kind.name() == name).map(Self::One),
        }
    }

    /// The value of this kind that a text is.
    pub(super) fn value(self, text: &str) -> Result<IndicatorValue, String> {
        match self {
            Self::One(kind) => IndicatorValue::new(kind, text).map_err(|error| error.to_string()),
            Self::Guess => {
                freetext::value(text).ok_or_else(|| format!("`{}` looks like no value", printable(text)))
            }
            Self::AddressPort => {
                let (host, port) = text
                    .rsplit_once(':')
                    .ok_or_else(|| format!("`{}` is no address with a port", printable(text)))?;
                let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
                let host = Observable::new(ObservableKind::Network, host)
                    .or_else(|_| Observable::new(ObservableKind::Hostname, host));
                let port = Observable::new(ObservableKind::Port, port);
                let parts = [host, port].into_iter().collect::<Result<Vec<_>, _>>();
                IndicatorValue::all(parts.map_err(|error| error.to_string())?)
                    .map_err(|error| error.to_string())
            }
        }
    }
}

impl ListKind {
    /// A value that was found in prose, if a list of this kind has it.
    pub(super) fn of_found(self, value: &IndicatorValue) -> Option<IndicatorValue> {
        match (self, value.parts()) {
            (Self::Guess, _) => Some(value.clone()),
            (Self::AddressPort, [_, _]) => Some(value.clone()),
            (Self::One(kind), [part]) if part.kind() == kind => Some(value.clone()),
            // A name that is found is taken for itself alone; a list of domains means those below it as well.
            (Self::One(ObservableKind::Domain), [part]) if part.kind() == ObservableKind::Hostname => {
                IndicatorValue::new(ObservableKind::Domain, &part.to_string()).ok()
            }
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for ListKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| {
            let known: Vec<&str> = ObservableKind::ALL.iter().map(|kind| kind.name()).collect();
            let known = known.join("`, `");
            de::Error::custom(format!(
                "`{}` is no kind of value: there are `guess`, `address-port`, `{known}`",
                printable(&name)
            ))
        })
    }
}
