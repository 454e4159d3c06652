//! What happens while letters are on their way: people act between the beginning of a letter and its last dot, or
//! before the mail server's answer is heard; or the process dies there.

use counterfoil::mail::{Mailer, Moment, Verdict};
use counterfoil::scheduler;
use counterfoil::secrets::Entropy;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;

use super::{Told, World};

/// Commits after which whatever can be under way has come to its moment.
const SETTLES: usize = 8;

impl World {
    /// A round of the scheduler that stops at one moment of the first letters that go.
    pub(super) async fn round_with_acts(&mut self) -> Told {
        let moment = if self.one_in(3) { Moment::BeforeTheAnswer } else { Moment::BeforeTheEnd };
        let (mut stopped, app) = (self.house.mail.stop_at(moment), self.house.app.clone());
        let mut round = tokio::spawn(async move { scheduler::tick(&app).await });
        let letter = tokio::select! {
            biased;
            letter = stopped.recv() => letter,
            _ = &mut round => None,
        };
        if letter.is_some() {
            // At most as many letters are under way as the mailer takes at once; then each of them waits.
            for _ in 0..SETTLES {
                tokio::task::yield_now().await;
                let now = self.house.app.now();
                self.house.app.store.housekeep(now, |_| Ok(())).await.unwrap();
            }
            self.check_letters()?;
            if self.one_in(4) {
                self.start_again().await;
                self.check_settled()?;
            } else {
                // The mail server takes its time.
                self.house.later(SignedDuration::from_mins(1 + i64::try_from(self.chance.below(20)).unwrap()));
                for _ in 0..self.chance.below(4) {
                    self.act().await?;
                }
                self.note_holds();
            }
        }
        drop((stopped, letter));
        if !round.is_finished() {
            let _ = round.await.unwrap();
        }
        self.check_letters()
    }

    /// What a process that starts has of its own: another way out, and other chances. What the one before it had under
    /// way reaches nobody.
    pub(super) fn forget_the_process(&mut self) {
        let old = std::mem::take(&mut self.house.mail);
        self.unseen.extend(old.letters().into_iter().filter(|x| x.number > self.seen));
        self.house.app.mailer = std::sync::Arc::new(Mailer::Memory(self.house.mail.clone()));
        self.house.app.entropy = Entropy::seeded(self.chance.below(u64::MAX));
        self.seen = 0;
        self.send_in_order();
        self.refuse_still();
    }

    /// The mail server refuses all letters to somebody, for good or for now; or takes them again.
    pub(super) async fn refuse_or_take(&mut self) {
        if let Some((address, _)) = self.refused.take() {
            self.house.mail.answer_to(&address, None);
            return;
        }
        let customer = &self.customers[self.some_customer()];
        let to = customer.passing.last().copied().unwrap_or(customer.steady);
        let contact = self.house.app.store.read(|r| r.contact(to)).unwrap();
        let reason = || "nobody here by that name".to_owned();
        let verdict = match self.chance.below(2) {
            0 => Verdict::Refused { reason: reason() },
            _ => Verdict::Deferred { reason: reason() },
        };
        self.refused = contact.map(|x| (x.email.to_string(), verdict));
        self.refuse_still();
    }

    /// Where one seed is to replay a life to the letter, one goes at a time; elsewhere several do.
    pub(super) fn send_in_order(&self) {
        if self.in_order {
            self.house.mail.one_by_one();
        }
    }

    fn refuse_still(&self) {
        if let Some((address, verdict)) = &self.refused {
            self.house.mail.answer_to(address, Some(verdict.clone()));
        }
    }
}
