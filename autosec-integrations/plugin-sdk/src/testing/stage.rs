//! A plugin with a cassette for its host.

use std::fmt;
use std::rc::Rc;

use super::player::Player;
use super::{Cassette, Discrepancies, Plan};
use crate::host::{Host, with_host};
use crate::{Context, Entry, Failure, Firewall, Health, Level, Outcome, Page};

/// A configured plugin whose ways out end in a [`Cassette`].
pub struct Stage<F> {
    firewall: F,
    player: Rc<Player>,
    /// The circumstances of each call; the deadline is ten seconds, and nobody watches it.
    pub context: Context,
}

impl<F: Firewall> Stage<F> {
    /// Configures the plugin, which may already have exchanges.
    ///
    /// # Errors
    /// It refuses the configuration, or asks what the cassette does not have.
    pub fn new(config: &str, cassette: Cassette) -> Result<Self, StageError> {
        let player = Rc::new(Player::new(cassette));
        let configured = with_host(Rc::clone(&player) as Rc<dyn Host>, || F::configure(config));
        let firewall = configured.map_err(StageError)?;
        let context = Context { correlation_id: "rehearsal".to_owned(), deadline_ms: 10_000, dry_run: false };
        Ok(Self { firewall, player, context })
    }

    /// What the plugin would do about these entries. The cassette is not used up: it answers what it has, and anything else
    /// is denied.
    pub fn plan(&mut self, entries: Vec<Entry>) -> Plan {
        let targets = entries.iter().map(|entry| entry.target.clone()).collect();
        let context = Context { dry_run: true, ..self.context.clone() };
        let host = Rc::clone(&self.player) as Rc<dyn Host>;
        let (outcomes, asked) =
            self.player.watch(|| with_host(host, || self.firewall.block(&context, entries)));
        Plan { outcomes, targets, asked }
    }

    /// Starts dropping; one result an entry.
    pub fn block(&mut self, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>> {
        self.play(|firewall, context| firewall.block(context, entries))
    }

    /// Stops dropping; one result a target.
    pub fn unblock(&mut self, targets: &[&str]) -> Vec<Result<Outcome, Failure>> {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        self.play(|firewall, context| firewall.unblock(context, targets))
    }

    /// A page of what it says it blocks.
    ///
    /// # Errors
    /// As the plugin says.
    pub fn list_blocked(&mut self, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
        self.play(|firewall, context| firewall.list_blocked(context, cursor.map(str::to_owned), limit))
    }

    /// How it says the device is.
    ///
    /// # Errors
    /// As the plugin says.
    pub fn check_health(&mut self) -> Result<Health, Failure> {
        self.play(|firewall, context| firewall.check_health(context))
    }

    /// What the plugin logged.
    pub fn log(&self) -> Vec<(Level, String)> {
        self.player.log()
    }

    /// Ends the rehearsal.
    ///
    /// # Errors
    /// The plugin asked what the cassette does not have, or did not ask all that it has.
    pub fn finish(self) -> Result<(), Discrepancies> {
        let found = self.player.discrepancies();
        if found.is_empty() { Ok(()) } else { Err(Discrepancies(found)) }
    }

    fn play<T>(&mut self, call: impl FnOnce(&mut F, &Context) -> T) -> T {
        let host = Rc::clone(&self.player) as Rc<dyn Host>;
        with_host(host, || call(&mut self.firewall, &self.context))
    }
}

impl<F> fmt::Debug for Stage<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("player", &self.player).finish_non_exhaustive()
    }
}

/// A plugin that refuses its configuration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the plugin refuses its configuration: {}", .0.message)]
pub struct StageError(pub Failure);

/// An entry for this address or prefix, for an hour.
pub fn entry(target: &str) -> Entry {
    Entry {
        target: target.to_owned(),
        ttl_secs: Some(3_600),
        reason: "a rehearsal".to_owned(),
        idempotency_key: format!("rehearsal {target}"),
        extra: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Effect, FailureKind, Features, HttpRequest, Limits, Metadata, TransportError, exec, fail, http,
        kv_get, kv_set, log, now_ms, random_u64, session_exec,
    };

    /// Puts each address by a request, unless it is a dry run.
    struct Puts(String);

    impl Puts {
        fn request(&self, target: &str) -> HttpRequest {
            HttpRequest {
                method: "PUT".to_owned(),
                url: format!("https://{}/{target}", self.0),
                headers: vec![crate::Header { name: "X-Kind".to_owned(), value: "block".to_owned() }],
                body: format!(r#"{{"ip": "{target}", "at": {}}}"#, now_ms()).into_bytes(),
                timeout_ms: None,
                secrets: vec!["token".to_owned()],
            }
        }

        fn put(&self, context: &Context, target: &str) -> Result<Outcome, Failure> {
            let outcome = |effect| Outcome { effect, remote_id: None, detail: None, extra: Vec::new() };
            if context.dry_run {
                return Ok(outcome(Effect::Planned));
            }
            match http(&self.request(target)) {
                Ok(answer) if answer.status == 201 => Ok(outcome(Effect::Applied)),
                Ok(_) => Ok(outcome(Effect::Already)),
                Err(error) => Err(fail(FailureKind::Unavailable, format!("{error:?}"))),
            }
        }
    }

    impl Firewall for Puts {
        fn describe() -> Metadata {
            let features = Features {
                ttl: false,
                listing: false,
                native_batch: false,
                atomic: false,
                dry_run: true,
                commit_required: false,
            };
            let limits = Limits { max_batch: 1, max_entries: None, max_ttl_secs: None, min_interval_ms: 0 };
            let [name, vendor, version] = ["puts", "nobody", "1"].map(str::to_owned);
            Metadata { name, vendor, version, ipv4: None, ipv6: None, features, limits, extra: Vec::new() }
        }

        fn configure(host: &str) -> Result<Self, Failure> {
            if host.is_empty() {
                Err(fail(FailureKind::InvalidConfig, "no host"))
            } else {
                Ok(Self(host.to_owned()))
            }
        }

        fn block(&mut self, context: &Context, entries: Vec<Entry>) -> Vec<Result<Outcome, Failure>> {
            entries.iter().map(|entry| self.put(context, &entry.target)).collect()
        }

        fn unblock(&mut self, _: &Context, targets: Vec<String>) -> Vec<Result<Outcome, Failure>> {
            let words = ["/bin/lift"].map(str::to_owned);
            let command = crate::Command {
                program: words.concat(),
                args: targets.clone(),
                stdin: Vec::new(),
                timeout_ms: None,
            };
            let done = exec(&command).map(|done| done.exit_code);
            let typed = session_exec("edge", &targets, None);
            log(Level::Warn, &format!("{done:?} {typed:?}"));
            Vec::new()
        }
    }

    const PUTS: &str = r#"
        now-ms = 5
        [[exchange]]
        http = "PUT https://edge.example/192.0.2.7"
        headers = { x-kind = "block" }
        json = '{"at":5,"ip":"192.0.2.7"}'
        secrets = ["token"]
        answer = { status = 201 }

        [[exchange]]
        http = "PUT https://edge.example/192.0.2.8"
        error = "timeout"
    "#;

    fn stage(cassette: &str) -> Stage<Puts> {
        let cassette = Cassette::parse(cassette).unwrap_or_else(|error| panic!("{error}"));
        Stage::new("edge.example", cassette).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn plays_what_was_recorded() {
        let mut stage = stage(PUTS);
        let plan = stage.plan(vec![entry("192.0.2.7")]);
        assert_eq!((plan.to_string().as_str(), plan.exchanges()), ("plan\n  192.0.2.7: would be done", 0));
        let outcomes = stage.block(vec![entry("192.0.2.7"), entry("192.0.2.8")]);
        assert!(
            matches!(&outcomes[..], [Ok(first), Err(second)]
                if first.effect == Effect::Applied && second.message == "TransportError::Timeout"),
            "{outcomes:?}"
        );
        assert_eq!(stage.finish(), Ok(()));
    }

    #[test]
    fn tells_what_differs() {
        let cases = [
            (
                PUTS.replace("192.0.2.7\"\n        headers", "192.0.2.9\"\n        headers"),
                "the request is `PUT",
            ),
            (PUTS.replace("x-kind", "x-other"), "the header `x-other` is missing"),
            (
                PUTS.replace("\"block\"", "\"lift\""),
                "the header `x-kind` is `block`, the cassette has `lift`",
            ),
            (PUTS.replace("\"at\":5", "\"at\":6"), "the body is `{\"at\":5"),
            (PUTS.replace("[\"token\"]", "[]"), "the secrets are [\"token\"], the cassette has []"),
            ("".to_owned(), "exchange 1: the cassette has ended, the plugin asks `PUT"),
        ];
        for (cassette, expected) in cases {
            let mut stage = stage(&cassette);
            let outcomes = stage.block(vec![entry("192.0.2.7")]);
            assert!(matches!(&outcomes[..], [Err(_)]), "{outcomes:?}");
            let told = stage.finish().err().map(|told| told.to_string()).unwrap_or_default();
            assert!(told.contains(expected), "{told}");
        }
        let mut stage = stage(PUTS);
        stage.block(vec![entry("192.0.2.7")]);
        let told = stage.finish().err().unwrap_or(Discrepancies(Vec::new()));
        assert_eq!(told.0, ["exchange 2: `PUT https://edge.example/192.0.2.8` was not asked"]);
    }

    #[test]
    fn plays_programs_and_sessions_from_json() {
        let cassette = r#"{"exchange": [
            {"exec": ["/bin/lift", "192.0.2.7"], "stdin": "", "answer": {"exit": 3}},
            {"session": "edge", "lines": ["192.0.2.7"], "answer": {"lines": ["gone"]}}
        ]}"#;
        let mut stage = stage(cassette);
        assert!(stage.unblock(&["192.0.2.7"]).is_empty());
        assert_eq!(stage.log(), [(Level::Warn, "Ok(3) Ok([\"gone\"])".to_owned())]);
        assert_eq!(stage.finish(), Ok(()));
    }

    #[test]
    fn has_a_clock_numbers_and_values_of_its_own() {
        let player = Player::new(Cassette { random: vec![4, 8], ..Cassette::empty() });
        let (drawn, kept) = with_host(Rc::new(player), || {
            let drawn = [random_u64(), random_u64(), random_u64()];
            (drawn, (kv_get("a"), kv_set("a", b"b"), kv_get("a"), crate::kv_delete("a"), kv_get("a")))
        });
        assert_eq!(drawn, [4, 8, 4]);
        assert_eq!(kept, (Ok(None), Ok(()), Ok(Some(b"b".to_vec())), Ok(()), Ok(None)));
    }

    #[test]
    fn refuses_what_is_no_cassette() {
        let cases = [
            ("[[exchange]]\nhttp = 'GET'", "exchange 1 of the cassette needs `http = \"METHOD url\"`"),
            ("[[exchange]]\nanswer = {}", "needs one of `http`, `exec` and `session`"),
            ("[[exchange]]\nsession = 'a'", "without `lines`"),
            ("[[exchange]]\nexec = ['a']\nerror = 'other'", "none of denied"),
            ("[[exchange]]\nhttp = 'GET a'\njson = '{'", "has a `json` that is none"),
            ("[[exchange]]\nhtp = 'GET a'", "unknown field `htp`"),
            ("{\"exchange\": 1}", "cannot be read"),
        ];
        for (text, expected) in cases {
            let told = Cassette::parse(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(told.contains(expected), "{told}");
        }
        assert!(Cassette::read("/nowhere").is_err_and(|error| error.to_string().starts_with("`/nowhere`")));
        assert!(Stage::<Puts>::new("", Cassette::empty()).is_err_and(|error| error.0.message == "no host"));
        assert_eq!(http(&Puts(String::new()).request("a")), Err(TransportError::Unsupported));
    }
}
