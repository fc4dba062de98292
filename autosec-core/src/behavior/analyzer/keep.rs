use super::BehaviorAnalyzer;
use crate::behavior::observation::Reader;
use crate::behavior::snapshot::{self, BaselineSnapshotError, Snapshot};

impl BehaviorAnalyzer {
    /// All that was learned, as bytes: they hold hashes and numbers, no text of an event, but also the seed, so keep them as
    /// secret as it. What clients failed at lately is left out.
    ///
    /// The same state gives the same bytes. Meanwhile other threads may go on; each baseline is whole.
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::write(self.reader.seed(), &self.ageing, self.horizon.agreed(), &self.baselines, &self.crowd)
    }

    /// Forgets everything and goes on with what a snapshot holds, its seed included.
    ///
    /// # Errors
    /// The bytes are no snapshot, damaged, of another version, or made with other half-lives or another `crowd_bytes`. Nothing
    /// is changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), BaselineSnapshotError> {
        let snapshot = Snapshot::read(bytes)?;
        snapshot.check(&self.ageing, &self.crowd)?;
        self.baselines.clear();
        self.crowd.clear();
        self.horizon.clear();
        self.reader = Reader::of_seed(snapshot.seed);
        self.horizon.restore([snapshot.horizon, 0]);
        snapshot.add(&self.baselines, &self.ageing, &self.crowd);
        Ok(())
    }

    /// Adds what a snapshot holds to what is known: what another process learned with the same seed.
    ///
    /// # Errors
    /// As [`BehaviorAnalyzer::restore`], and if its seed is another one. Nothing is changed then.
    pub fn merge(&self, bytes: &[u8]) -> Result<(), BaselineSnapshotError> {
        let snapshot = Snapshot::read(bytes)?;
        if snapshot.seed != self.reader.seed() {
            return Err(BaselineSnapshotError::Seed);
        }
        snapshot.check(&self.ageing, &self.crowd)?;
        self.horizon.restore([snapshot.horizon, 0]);
        snapshot.add(&self.baselines, &self.ageing, &self.crowd);
        Ok(())
    }
}
