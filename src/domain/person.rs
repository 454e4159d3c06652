//! People: staff of the firm and contacts of its clients, and what each may do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::calendar::Zone;
use super::format::Format;
use super::ids::{ClientId, ContactId, ProjectId, StaffId};
use super::language::Language;
use super::text::EmailAddress;

/// Shortest password that is taken (NIST SP 800-63B-4: 15 characters where it stands alone).
pub const PASSWORD_MIN: usize = 15;
/// Longest password, in bytes.
pub const PASSWORD_MAX: usize = 1_024;

/// Somebody who can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Person {
    /// A person of the firm.
    Staff(StaffId),
    /// A person at a client.
    Contact(ContactId),
}

/// What a person of the firm may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Everything, staff and settings included.
    Owner,
    /// Everything but staff and settings.
    Manager,
    /// Day-to-day work, for all clients or those named.
    Member,
    /// Sees everything, changes nothing.
    Auditor,
}

impl Role {
    /// All of them, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Manager, Self::Member, Self::Auditor];

    /// The word on screen and in forms.
    pub fn words(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Member => "member",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a word.
    pub fn from_words(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.words() == words)
    }
}

/// A person of the firm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// Identifier.
    pub id: StaffId,
    /// Full name.
    pub name: String,
    /// Signs in with it.
    pub email: EmailAddress,
    /// What they may do.
    pub role: Role,
    /// For a member: the only clients they may see; `None` for all.
    pub only_clients: Option<Vec<ClientId>>,
    /// Whether they may sign in.
    pub active: bool,
    /// When they were added.
    pub since: Timestamp,
}

/// Which projects of their client a contact sees.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ProjectAccess {
    /// All, also those to come.
    #[default]
    All,
    /// Those named, and documents without a project are hidden.
    Only(Vec<ProjectId>),
}

impl ProjectAccess {
    /// Whether a document filed under `project` may be seen.
    pub fn allows(&self, project: Option<ProjectId>) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => project.is_some_and(|p| some.contains(&p)),
        }
    }
}

/// What a contact may do.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rights {
    /// Sees billing documents and the statement.
    pub billing: bool,
    /// Pays and answers: promises, disputes, accepts quotes.
    pub answer: bool,
    /// Gets letters about what they may see: what was issued or posted, and reminders.
    pub letters: bool,
    /// Sees the documents that the firm posts.
    pub documents: bool,
    /// Which projects.
    pub projects: ProjectAccess,
}

/// A person at a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Identifier.
    pub id: ContactId,
    /// Their organisation.
    pub client: ClientId,
    /// Full name.
    pub name: String,
    /// Their part, as the firm notes it: "Finance".
    pub title: String,
    /// Letters go there; signs in with it.
    pub email: EmailAddress,
    /// Telephone, free form, may be empty.
    pub phone: String,
    /// In which they are written to; `None` for the client's.
    pub language: Option<Language>,
    /// By whose clocks letters reach them; `None` for the firm's.
    pub zone: Option<Zone>,
    /// The format in which they take documents, as they chose it on the portal; `None` before they did.
    pub format: Option<Format>,
    /// What they may do.
    pub rights: Rights,
    /// Whether they answer for the account at the client: who is written to when it stays unpaid.
    pub leads: bool,
    /// False once revoked: sees nothing, gets nothing.
    pub active: bool,
    /// When they were added.
    pub since: Timestamp,
}

impl Contact {
    /// Whether this contact may see a billing document of `client` filed under `project`.
    pub fn sees_billing(&self, client: ClientId, project: Option<ProjectId>) -> bool {
        self.active && self.client == client && self.rights.billing && self.rights.projects.allows(project)
    }

    /// Whether this contact may see a document of `client` filed under `project`.
    pub fn sees_document(&self, client: ClientId, project: Option<ProjectId>) -> bool {
        self.active && self.client == client && self.rights.documents && self.rights.projects.allows(project)
    }

    /// How letters greet them: the first word of the name.
    pub fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or(&self.name)
    }
}
