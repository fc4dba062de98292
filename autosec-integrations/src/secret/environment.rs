use std::env;
use std::io;

use async_trait::async_trait;
use secrecy::SecretString;

use super::{SecretSource, checked, missing};

/// Secrets in the environment of the process: `edge-key` with the prefix `AUTOSEC_` is in `AUTOSEC_EDGE_KEY`.
#[derive(Clone, Debug)]
pub struct EnvironmentSecrets {
    prefix: String,
}

impl EnvironmentSecrets {
    /// Those whose variables begin like this.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    fn variable(&self, name: &str) -> String {
        let upper =
            |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
        self.prefix.chars().chain(name.chars().map(upper)).collect()
    }
}

#[async_trait]
impl SecretSource for EnvironmentSecrets {
    async fn secret(&self, name: &str) -> io::Result<SecretString> {
        let variable = self.variable(name);
        let Some(value) = env::var_os(&variable) else {
            return Err(missing(name, &format!("the environment has no `{variable}`")));
        };
        checked(name, value.into_encoded_bytes())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn reads_variables_by_their_usual_spelling() {
        assert_eq!(EnvironmentSecrets::new("AUTOSEC_").variable("edge.key-1"), "AUTOSEC_EDGE_KEY_1");
        let own = EnvironmentSecrets::new("CARGO_").secret("pkg name").await.unwrap();
        assert_eq!(own.expose_secret(), env!("CARGO_PKG_NAME"));
        let none = EnvironmentSecrets::new("AUTOSEC_").secret("surely-not-set").await.unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        assert!(none.to_string().contains("`AUTOSEC_SURELY_NOT_SET`"), "{none}");
    }
}
