//! Who gets what: the one policy that every route is held against. Knows routes by their audience, people by what they
//! are, and what an address names by whose it is.

use counterfoil::web::routes::Audience;

/// Every kind of person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// Nobody signed in.
    Anonymous,
    /// Marlow's contact with billing, signed in with a password.
    Ana,
    /// The same with a mailed link.
    AnaMailed,
    /// The same with the link of one document.
    AnaLink,
    /// Marlow's contact without billing rights.
    Joe,
    /// Kestrel's contact.
    Sofia,
    /// A contact of Marlow who was revoked, with the cookie of before.
    Rita,
    /// The owner.
    Orla,
    /// A manager.
    Tom,
    /// A member who sees Marlow only.
    Maeve,
    /// An auditor.
    Jonas,
    /// Somebody who left the firm, with the cookie of before.
    Lea,
}

impl Who {
    pub const ALL: [Self; 12] = [
        Self::Anonymous,
        Self::Ana,
        Self::AnaMailed,
        Self::AnaLink,
        Self::Joe,
        Self::Sofia,
        Self::Rita,
        Self::Orla,
        Self::Tom,
        Self::Maeve,
        Self::Jonas,
        Self::Lea,
    ];

    /// Whether a page for them may hold a word of Kestrel's.
    pub fn may_read_kestrel(self) -> bool {
        matches!(self, Self::Sofia | Self::Orla | Self::Tom | Self::Jonas)
    }
}

/// Whose the thing is that an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// It names nothing, or something of everybody.
    Everybody,
    /// Marlow's document whose link Ana followed.
    MarlowLinked,
    /// Something else of Marlow's.
    Marlow,
    /// Something of Kestrel's.
    Kestrel,
    /// What one person alone keeps here.
    Own(Who),
    /// There is no such thing.
    Absent,
}

/// What a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The page, or what the form says.
    In,
    /// The way to the sign-in page.
    SignIn,
    /// There is nothing.
    Nothing,
    /// Not in their role.
    Forbidden,
    /// A form of their own again, the same for what is another's and what is not there.
    Again,
}

/// The policy.
pub fn policy(audience: Audience, path: &str, who: Who, of: Of) -> Verdict {
    use Who::{Ana, AnaLink, AnaMailed, Anonymous, Joe, Jonas, Lea, Maeve, Orla, Rita, Sofia, Tom};
    let there = |sees: bool| if sees { Verdict::In } else { Verdict::Nothing };
    match audience {
        Audience::Anyone => there(of != Of::Absent),
        Audience::Demo => Verdict::Nothing,
        _ if matches!(who, Anonymous | Rita | Lea) => Verdict::SignIn,
        Audience::Reader | Audience::Contact => match who {
            // The start page sends the firm's people to their desk.
            Orla | Tom | Maeve | Jonas => there(path == "/"),
            AnaLink if audience == Audience::Contact => Verdict::SignIn,
            AnaLink => there(matches!(of, Of::Everybody | Of::MarlowLinked)),
            Ana | AnaMailed => there(matches!(of, Of::Everybody | Of::MarlowLinked | Of::Marlow)),
            Sofia => there(matches!(of, Of::Everybody | Of::Kestrel)),
            _ => there(of == Of::Everybody),
        },
        Audience::Staff | Audience::StaffWork | Audience::Owner => {
            let role = match audience {
                Audience::Staff => true,
                Audience::StaffWork => who != Jonas,
                _ => who == Orla,
            };
            match (who, of) {
                (Ana | AnaMailed | AnaLink | Joe | Sofia, _) => Verdict::Nothing,
                _ if !role => Verdict::Forbidden,
                // A new client would be out of reach of whoever sees some only, and what comes in may be anybody's.
                (Maeve, _) if path == "/desk/clients/new" || path.starts_with("/desk/import") => Verdict::Forbidden,
                // Nobody knows yet whose a dropped file is.
                (Maeve, _) if path.starts_with("/desk/drops") => Verdict::Nothing,
                // What was uploaded and is gone can be chosen again.
                (_, Of::Own(_) | Of::Absent) if path == "/desk/import/{kept}" && of != Of::Own(who) => Verdict::Again,
                (_, Of::Own(_) | Of::Absent) if path == "/desk/publish/{kept}" && of != Of::Own(who) => Verdict::Again,
                (_, Of::Own(one)) => there(who == one),
                (_, Of::Absent) | (Maeve, Of::Kestrel) => Verdict::Nothing,
                _ => Verdict::In,
            }
        }
    }
}
