//! Icons, from one sprite that browsers keep. Each stands beside words, so none is ever read out.
//!
//! Must not know what an icon is used for.

use std::sync::LazyLock;

use maud::{Markup, html};

use crate::web::assets;

macro_rules! icons {
    ($($(#[$about:meta])* $name:ident = $id:literal,)*) => {
        /// A picture in the sprite.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Icon { $($(#[$about])* $name,)* }

        impl Icon {
            /// Every icon.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The symbol's name in the sprite.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

icons! {
    /// A triangle: late, wrong.
    Alert = "i-alert",
    /// A bank: payments.
    Bank = "i-bank",
    /// A bell: reminders.
    Bell = "i-bell",
    /// A letter that came back.
    Bounce = "i-bounce",
    /// A calendar: promises, dates.
    Cal = "i-cal",
    /// A card: paying online.
    Card = "i-card",
    /// Columns: receivables.
    Chart = "i-chart",
    /// A tick: paid, done.
    Check = "i-check",
    /// A clock: due, time.
    Clock = "i-clock",
    /// A disk: backups.
    Disk = "i-disk",
    /// Three dots: further acts.
    Dots = "i-dots",
    /// Downwards: download.
    Down = "i-down",
    /// An eye: opened, preview.
    Eye = "i-eye",
    /// A sheet: a document.
    File = "i-file",
    /// A flag: disputes.
    Flag = "i-flag",
    /// A folder: projects.
    Folder = "i-folder",
    /// Sliders: settings.
    Gear = "i-gear",
    /// A bill.
    Invoice = "i-invoice",
    /// A key: passkeys.
    Key = "i-key",
    /// To the left: back.
    Left = "i-left",
    /// A padlock: secrets, refused sign-ins.
    Lock = "i-lock",
    /// Lines: the activity log.
    Log = "i-log",
    /// An envelope: letters.
    Mail = "i-mail",
    /// People: clients.
    People = "i-people",
    /// A telephone.
    Phone = "i-phone",
    /// Plus: new.
    Plus = "i-plus",
    /// A speech bubble: quotes.
    Quote = "i-quote",
    /// Round again: send again.
    Redo = "i-redo",
    /// To the right: on.
    Right = "i-right",
    /// A lens: find.
    Search = "i-search",
    /// A shield: a second step.
    Shield = "i-shield",
    /// A closed eye: never opened.
    Unread = "i-unread",
    /// Upwards: send a file.
    Up = "i-up",
    /// A person.
    User = "i-user",
    /// A cross: remove, cancelled.
    Cross = "i-x",
}

/// A picture beside words. Drawn once: a page has a dozen.
pub fn icon(icon: Icon) -> &'static Markup {
    static DRAWN: LazyLock<[Markup; Icon::ALL.len()]> = LazyLock::new(|| std::array::from_fn(|at| draw(Icon::ALL[at])));
    &DRAWN[icon as usize]
}

fn draw(icon: Icon) -> Markup {
    html! {
        svg.i viewBox="0 0 20 20" aria-hidden="true" { use href={ (assets::href("icons.svg")) "#" (icon.id()) } {} }
    }
}
