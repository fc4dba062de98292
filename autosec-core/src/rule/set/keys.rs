use super::rules::RuleSet;

impl RuleSet {
    /// Of each rule that remembers events its id and the names of the fields by whose values it tells them apart: one key,
    /// or, of a sequence or a correlation whose parts name them differently, one for each part. In the order of the rules;
    /// those that are off, and those that look at single events, are not among them.
    ///
    /// Whoever divides events over several rule sets divides them by fields that every key has: else a rule sees a part of
    /// what it counts.
    ///
    /// ```
    /// use autosec_core::event::Schema;
    /// use autosec_core::rule::RuleSet;
    ///
    /// let rules = RuleSet::builder(&Schema::ecs()).source("login.yaml", r#"
    /// - { id: root, name: Root, severity: low, when: user.name == "root" }
    /// - id: brute-force
    ///   name: Brute force
    ///   severity: high
    ///   when: event.outcome == "failure"
    ///   count: { by: [source.ip, user.name], within: 1m, at_least: 3 }
    /// "#).build()?;
    /// let keys: Vec<_> = rules.keys().collect();
    /// assert_eq!(keys, [("brute-force", vec![vec!["source.ip", "user.name"]])]);
    /// # Ok::<(), autosec_core::rule::RuleErrors>(())
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = (&str, Vec<Vec<&str>>)> {
        self.compiled.iter().filter_map(|rule| {
            let memory = &rule.remembers.as_ref()?.memory;
            let names =
                memory.by().iter().map(|key| key.iter().map(|field| self.schema.name(*field)).collect());
            Some((rule.id(), names.collect()))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::event::Schema;
    use crate::rule::set::RuleSet;

    fn keys(build: impl FnOnce(&Schema) -> RuleSet) -> Vec<(String, Vec<Vec<String>>)> {
        let rules = build(&Schema::ecs());
        let owned = |key: Vec<&str>| key.into_iter().map(str::to_owned).collect();
        rules.keys().map(|(id, keys)| (id.to_owned(), keys.into_iter().map(owned).collect())).collect()
    }

    #[test]
    fn parts_with_names_of_their_own_have_keys_of_their_own() {
        let text = r#"
- id: lateral
  name: Lateral
  severity: low
  when: event.action == "login"
  sequence:
    by: [source.ip]
    within: 5m
    steps:
      - when: event.outcome == "failure"
      - { when: event.outcome == "success", by: [destination.ip] }
- { id: gone, name: Gone, severity: low, mode: off, when: exists(user.name), count: { by: [user.name], within: 1m, at_least: 3 } }
"#;
        let told = keys(|schema| RuleSet::builder(schema).source("a.yaml", text).build().unwrap());
        let each = [vec!["source.ip".to_owned()], vec!["destination.ip".to_owned()]];
        assert_eq!(told, [("lateral".to_owned(), each.to_vec())]);
    }

    #[test]
    fn correlations_tell_what_they_group_by() {
        let text = "title: Failed\nname: failed\nlogsource: {}\ndetection:\n  s: { user.name: root }\n  condition: s\n---\n\
                    title: Many\nname: many\ncorrelation:\n  type: event_count\n  rules: [failed]\n  group-by: [source.ip]\n  \
                    timespan: 5m\n  condition: { gte: 3 }\n";
        let told = keys(|schema| RuleSet::builder(schema).sigma("a.yml", text).build().unwrap());
        assert_eq!(
            told.iter().map(|(_, keys)| keys).collect::<Vec<_>>(),
            [&[["source.ip".to_owned()].to_vec()]]
        );
    }
}
