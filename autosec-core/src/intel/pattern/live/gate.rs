use std::collections::HashMap;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::super::event::base_name;
use super::super::program::Program;
use super::need::{Need, needs};
use crate::event::{Event, Value, field};

/// Which patterns an event may concern. Asking costs a look-up for each value of a field that some pattern needs.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// By the field's number.
    fields: Vec<Option<Box<Wanted>>>,
}

/// The numbers of patterns, each once and in order.
pub(super) type Numbers = SmallVec<[u32; 32]>;

/// The patterns that need a field, by what they need of it.
#[derive(Debug, Default)]
struct Wanted {
    with_any: Vec<u32>,
    with_text: HashMap<Box<str>, Vec<u32>>,
    /// Those of the texts that are addresses, which events have as such.
    with_address: HashMap<IpAddr, Vec<u32>>,
}

impl Gate {
    /// Lets the pattern of this number be asked for events that it may take.
    pub(super) fn add(&mut self, number: u32, program: &Program) {
        for need in needs(program) {
            self.add_need(number, &need);
        }
    }

    /// The patterns that must be asked; no memory is taken if there are few of them.
    pub(super) fn asked(&self, event: &Event<'_>) -> Numbers {
        let mut asked = Numbers::new();
        for (id, value) in event.fields() {
            let Some(wanted) = self.fields.get(id.index()).and_then(Option::as_deref) else { continue };
            asked.extend_from_slice(&wanted.with_any);
            for one in value.each() {
                asked.extend_from_slice(match one {
                    Value::Text(text) if id == field::PROCESS_EXECUTABLE => wanted.text(base_name(text)),
                    Value::Text(text) => wanted.text(text),
                    Value::Address(address) => found(wanted.with_address.get(address)),
                    Value::List(_) => wanted.text(&one.to_string()),
                    _ => &[],
                });
            }
        }
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    fn add_need(&mut self, number: u32, need: &Need<'_>) {
        for id in &need.fields {
            if self.fields.len() <= id.index() {
                self.fields.resize_with(id.index() + 1, || None);
            }
            let Some(place) = self.fields.get_mut(id.index()) else { continue };
            let wanted = place.get_or_insert_default();
            let Some(texts) = &need.texts else {
                push(&mut wanted.with_any, number);
                continue;
            };
            for text in texts {
                push(wanted.with_text.entry((*text).into()).or_default(), number);
                if let Ok(address) = text.parse() {
                    push(wanted.with_address.entry(address).or_default(), number);
                }
            }
        }
    }
}

impl Wanted {
    fn text(&self, text: &str) -> &[u32] {
        found(self.with_text.get(text))
    }
}

fn found(numbers: Option<&Vec<u32>>) -> &[u32] {
    numbers.map_or(&[], Vec::as_slice)
}

/// Patterns are added one after another, so one that is there is the last.
fn push(numbers: &mut Vec<u32>, number: u32) {
    if numbers.last() != Some(&number) {
        numbers.push(number);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Matcher, Pattern};
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn asks_only_patterns_that_may_take_the_event() {
        let patterns = [
            "[user-account:account_login = 'root'] FOLLOWEDBY [process:name LIKE 'nc%']",
            "[user-account:account_login IN ('eve', 'root') AND network-traffic:dst_port > 1]",
            "[ipv4-addr:value = '198.51.100.7']",
            "[process:image_ref.name = 'b.exe' OR mutex:name = 'x']",
            "[mutex:name = 'x']",
            "[user-account:account_login != 'root']",
        ];
        let mut gate = Gate::default();
        for (number, text) in (0_u32..).zip(patterns) {
            gate.add(number, &Matcher::new(&Pattern::parse(text).unwrap()).unwrap().program);
        }
        let event = || Event::new(Timestamp::EPOCH);
        let asked = |event: Event<'_>| gate.asked(&event).to_vec();
        assert_eq!(asked(event().with(field::USER_NAME, "root")), [0, 1, 5]);
        assert_eq!(asked(event().with(field::USER_NAME, "bob")), [5]);
        assert_eq!(asked(event().with(field::PROCESS_NAME, "sh")), [0]);
        assert_eq!(asked(event().with(field::PROCESS_EXECUTABLE, "C:\\a\\b.exe")), [3]);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(asked(event().with(field::DESTINATION_IP, address("198.51.100.7"))), [2]);
        assert_eq!(asked(event().with(field::RELATED_IP, "198.51.100.7")), [2]);
        assert_eq!(asked(event().with(field::DESTINATION_IP, address("198.51.100.8"))), [0; 0]);
        assert_eq!(asked(event().with(field::MESSAGE, "root")), [0; 0]);
    }
}
