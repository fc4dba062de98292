use std::fmt::Debug;
use std::io;
use std::net::IpAddr;

use async_trait::async_trait;

/// Finds the addresses of names, for who looks at an address before it is connected to.
#[async_trait]
pub trait Resolver: Debug + Send + Sync {
    /// The addresses that a name has now.
    ///
    /// # Errors
    /// It has none, or that could not be found out.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// What this machine resolves names by: its files and its name servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_this_machine() {
        let found = SystemResolver.resolve("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
        assert!(SystemResolver.resolve("no such name").await.is_err());
    }
}
