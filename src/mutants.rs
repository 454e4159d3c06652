//! Planted defects, which the simulation of a year must notice. Compiled in with the feature `mutants` alone, and
//! switched on by the environment of a test's own process; in the program none is there.

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A step is looked at twice, as if its first look had not been kept, and a letter is queued although one of its
    /// key was.
    NoKeys,
    /// A step is settled in one commit, and its letters are queued in the next.
    EnqueuesOutside,
    /// Days and times of the firm are taken for those of UTC.
    DatesInUtc,
    /// Once a letter is begun nobody asks any more whether what it says is still so.
    AsksNoMore,
}

/// The variable that names the defect.
pub const VARIABLE: &str = "COUNTERFOIL_MUTANT";

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NoKeys, Self::EnqueuesOutside, Self::DatesInUtc, Self::AsksNoMore];

    /// Whether this process has it.
    #[cfg(feature = "mutants")]
    pub fn is_on(self) -> bool {
        static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        ON.get_or_init(|| std::env::var(VARIABLE).ok()).as_deref() == Some(&*format!("{self:?}"))
    }

    /// Never.
    #[cfg(not(feature = "mutants"))]
    #[inline(always)]
    pub const fn is_on(self) -> bool {
        false
    }
}
