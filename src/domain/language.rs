//! The languages that clients are written to in: documents, and the letters about them.
//!
//! Holds no texts: what is said in each stands where it is said (`documents::words`, `mail::words`), in tables that do
//! not compile with a word missing.

use serde::{Deserialize, Serialize};

use super::refusal::FieldFault;

/// A language of documents and letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    /// English, with the dates and amounts of the firm's own choice.
    #[default]
    English,
    /// German, as in Germany and Austria.
    German,
}

impl Language {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The language's code (ISO 639-1), as forms and tables carry it.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Its English name, for the desk.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "German",
        }
    }

    /// Its name in itself, for whoever reads it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// Reads a code, also with a region (`de-AT`, `en_GB`), or a name in English or in the language itself, in any
    /// case; `None` for an empty text, which leaves the choice to whoever comes first: the client, or the firm.
    ///
    /// # Errors
    /// Names `field` when the text is no language that there is here.
    pub fn parse(field: &str, input: &str) -> Result<Option<Self>, FieldFault> {
        let text = input.trim().to_lowercase();
        if text.is_empty() {
            return Ok(None);
        }
        let code = text.split(['-', '_']).next().unwrap_or_default();
        let named =
            |x: &Self| x.code() == code || x.name().to_lowercase() == text || x.own_name().to_lowercase() == text;
        let names: Vec<String> = Self::ALL.iter().map(|x| format!("{} ({})", x.name(), x.code())).collect();
        let fault = || FieldFault::new(field, format!("Choose a language: {}.", names.join(" or ")));
        Self::ALL.into_iter().find(named).map(Some).ok_or_else(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_read_by_code_region_or_name_and_nothing_else() {
        for text in ["de", " DE ", "de-AT", "de_ch", "German", "deutsch"] {
            assert_eq!(Language::parse("language", text), Ok(Some(Language::German)), "{text}");
        }
        assert_eq!(Language::parse("language", "en-GB"), Ok(Some(Language::English)));
        assert_eq!(Language::parse("language", " "), Ok(None));
        for wrong in ["fr", "d", "-", "germanic"] {
            assert!(Language::parse("language", wrong).is_err(), "{wrong}");
        }
        for language in Language::ALL {
            assert_eq!(Language::parse("language", language.code()), Ok(Some(language)));
        }
    }
}
