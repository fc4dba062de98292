use super::BehaviorAnalyzer;
use crate::behavior::observation::Reader;
use crate::behavior::snapshot::{self, BaselineSnapshotError, Snapshot, State};

impl BehaviorAnalyzer {
    /// All that was learned, as bytes: baselines, what is known of everyone, the clients that failed, what analysts' opinions
    /// have moved. They hold hashes and numbers, no text of an event, but also the seed, so keep them as secret as it.
    ///
    /// Left out are the findings that an opinion can still be about, and the challenges that nobody has answered yet.
    ///
    /// The same state gives the same bytes. Meanwhile other threads may go on; each baseline is whole.
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::write(&State {
            seed: self.reader.seed(),
            ageing: &self.ageing,
            times: self.horizon.held(),
            baselines: &self.baselines,
            crowd: &self.crowd,
            sources: self.sources.each(),
            calibrations: self.feedback.calibrations(),
        })
    }

    /// Forgets everything and goes on with what a snapshot holds, its seed included.
    ///
    /// Snapshots of version 3 are read as well; they hold no clients and no opinions.
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
        self.sources.clear();
        self.feedback.clear();
        self.reader = Reader::of_seed(snapshot.seed);
        self.add(&snapshot);
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
        self.add(&snapshot);
        Ok(())
    }

    fn add(&self, snapshot: &Snapshot<'_>) {
        self.horizon.restore(&snapshot.times);
        snapshot.add(&self.baselines, &self.ageing, &self.crowd);
        snapshot.sources.iter().for_each(|(client, source)| self.sources.add(*client, *source, &self.ageing));
        self.feedback.add(&snapshot.calibrations);
    }
}
