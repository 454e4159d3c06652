//! Projects: what a client's documents are filed under.

use serde::{Deserialize, Serialize};

use super::ids::{ClientId, ProjectId};

/// A project of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Identifier.
    pub id: ProjectId,
    /// Whose.
    pub client: ClientId,
    /// Name, seen by the client.
    pub name: String,
    /// Whether new documents can be filed there.
    pub open: bool,
}
