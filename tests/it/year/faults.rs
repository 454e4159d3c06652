//! What goes wrong below and around the scheduler: the disk, the process, the clock.

use std::io::ErrorKind;

use counterfoil::domain::letter::Purpose;
use counterfoil::scheduler;
use counterfoil::secrets::Entropy;
use counterfoil::store::crypt::{self, Cipher};
use counterfoil::store::letters::StepOutcome;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;

use super::{Told, World, claim};
use crate::faults::disk::{Call, FaultDisk, Way};
use crate::house::*;

/// Cache of the store in bytes: so small that much is read from the disk.
const CACHE: usize = 1 << 20;

/// Makes an empty data file.
pub(super) fn format(disk: &FaultDisk, seed: u64) {
    crypt::create_on(disk.clone(), &[key()], Cipher::for_this_machine(), &Entropy::seeded(seed)).unwrap();
}

/// Opens what lies on the disk, as a start of the process does.
pub(super) fn open(disk: &FaultDisk) -> Store {
    let opened = crypt::open_on(disk.clone(), &key(), &Entropy::system()).unwrap();
    Store::open(opened.backend, CACHE, opened.needs_check).unwrap()
}

impl World {
    /// A round on a disk whose n-th call fails: an fsync, after which the process ends and starts again; a write that
    /// finds no room; a read.
    pub(super) async fn round_on_a_failing_disk(&mut self) -> Told {
        self.fail_somehow();
        scheduler::tick(&self.house.app).await;
        self.heal().await?;
        self.check_letters()
    }

    /// From now on the n-th call of a kind fails.
    pub(super) fn fail_somehow(&self) {
        let n = usize::try_from(self.chance.below(14)).unwrap();
        match self.chance.below(4) {
            0 => self.disk.fail(Call::Write, n, Way::Once(ErrorKind::StorageFull)),
            1 => self.disk.fail(Call::Read, n, Way::Once(ErrorKind::Other)),
            _ => self.disk.fail(Call::Sync, n, Way::FromThenOn(ErrorKind::Other)),
        }
    }

    /// Nothing fails any more; a process that can't go on starts again.
    pub(super) async fn heal(&mut self) -> Told {
        self.disk.heal();
        let now = self.house.app.now();
        if self.house.app.store.housekeep(now, |_| Ok(())).await.is_err() {
            self.start_again().await;
            self.check_settled()?;
        }
        Ok(())
    }

    /// The process starts on what is on the disk.
    pub(super) async fn start_again(&mut self) {
        self.disk = FaultDisk::of(self.disk.bytes());
        self.house.app.store = open(&self.disk);
        self.forget_the_process();
        scheduler::recover(&self.house.app).await.unwrap();
    }

    /// What is settled as sent has its letters: they are queued in the same commit.
    pub(super) fn check_settled(&self) -> Told {
        for owed in &self.owed {
            let read = |r: &ReadTx| Ok::<_, StoreError>((r.reminder_steps(owed.id)?, r.letters_about(owed.id)?));
            let (steps, letters) = self.house.app.store.read(read).unwrap();
            for (step, _) in steps.into_iter().filter(|x| x.1 == StepOutcome::Sent) {
                let queued = letters.iter().any(|l| l.purpose == Purpose::Reminder(owed.id, step));
                claim(queued, || format!("step {step} of {} is settled as sent and has no letter", owed.id))?;
            }
        }
        Ok(())
    }

    /// The clock leaps two months and more ahead, and somebody sets it right again: nothing was done by it.
    pub(super) async fn leap_and_come_back(&mut self) -> Told {
        self.round().await?;
        let before = self.reminders;
        let leap = SignedDuration::from_hours(24 * (61 + i64::try_from(self.chance.below(300)).unwrap()));
        self.house.later(leap);
        self.house.tick().await;
        let held = self.house.app.store.read(|r| r.clock_leapt()).unwrap();
        claim(held.is_some(), || "the clock leapt ahead unseen".to_owned())?;
        self.house.later(-leap);
        self.house.tick().await;
        self.check_letters()?;
        claim(self.reminders == before, || "a reminder went by a clock that had leapt".to_owned())?;
        self.release().await;
        self.round().await
    }

    /// An owner has looked, and lets the letters go.
    pub(super) async fn release(&mut self) {
        self.house.release_letters().await;
    }
}
