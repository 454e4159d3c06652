//! What a service answers when it does not do what it was asked, in words that say what to do. Never holds an address
//! with its signature.

/// Longest answer that is looked at, in bytes.
pub const ANSWER_MAX: u64 = 16 * 1024;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such object.
    Absent,
    /// The service refused, with this status and the code that it gave.
    Refused(u16, String),
    /// There is no connection, or it broke off.
    Line(String),
    /// The answer is not what such a service answers.
    Strange(String),
}

impl Trouble {
    /// From the status and the text of an answer.
    pub fn of(status: u16, text: &str) -> Self {
        let code = between(text, "<Code>", "</Code>").unwrap_or_default();
        match (status, code) {
            (404, "NoSuchBucket") => Self::Refused(status, code.to_owned()),
            (404, _) => Self::Absent,
            _ => Self::Refused(status, code.chars().filter(char::is_ascii_alphanumeric).take(60).collect()),
        }
    }

    /// Whether the same may work a little later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Line(_) => true,
            Self::Refused(status, code) => {
                matches!(status, 408 | 429 | 500 | 502..=504) || matches!(code.as_str(), "SlowDown" | "RequestTimeout")
            }
            Self::Absent | Self::Strange(_) => false,
        }
    }

    /// A sentence about the service at a place and its bucket.
    pub fn words(&self, bucket: &str) -> String {
        let (status, code) = match self {
            Self::Absent => return "what was asked for is not there.".to_owned(),
            Self::Line(why) => return format!("the service can't be reached: {why}."),
            Self::Strange(why) => return format!("the answer is not that of an S3 service: {why}."),
            Self::Refused(status, code) => (*status, code.as_str()),
        };
        match (status, code) {
            (_, "NoSuchBucket") => format!("the bucket \"{bucket}\" is not there. Make it, or check its name."),
            (_, "SignatureDoesNotMatch" | "InvalidAccessKeyId" | "InvalidSecurity") => {
                format!("the service does not accept these credentials ({code}). Check both lines of their file.")
            }
            (_, "RequestTimeTooSkewed" | "RequestExpired") => {
                "the service's clock and this machine's differ too much. Set the clock.".to_owned()
            }
            (401 | 403, _) => {
                format!(
                    "the service does not allow it ({}). Check what these credentials may do there.",
                    said(code, status)
                )
            }
            (_, "QuotaExceeded" | "XMinioStorageFull" | "XAmzStorageFull" | "InsufficientStorage") | (507, _) => {
                format!("there is no room left ({}). Make room, or raise the quota.", said(code, status))
            }
            (301 | 302 | 307 | 308, _) => {
                "the bucket is reached in another region or at another address. Check region and endpoint.".to_owned()
            }
            _ => format!("the service refuses ({}).", said(code, status)),
        }
    }
}

fn said(code: &str, status: u16) -> String {
    if code.is_empty() { format!("status {status}") } else { code.to_owned() }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = text.split_once(start)?.1;
    Some(rest.split_once(end)?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_sentences_and_only_some_are_asked_again() {
        let of = |status, code: &str| Trouble::of(status, &format!("<Error><Code>{code}</Code></Error>"));
        for (trouble, part, passes) in [
            (of(404, "NoSuchBucket"), "the bucket \"b\" is not there", false),
            (of(404, "NoSuchKey"), "not there", false),
            (of(403, "SignatureDoesNotMatch"), "credentials", false),
            (of(403, "AccessDenied"), "does not allow it (AccessDenied)", false),
            (of(403, "QuotaExceeded"), "does not allow", false),
            (of(507, ""), "no room left (status 507)", false),
            (of(400, "QuotaExceeded"), "no room left", false),
            (of(403, "RequestTimeTooSkewed"), "Set the clock", false),
            (of(301, "PermanentRedirect"), "another region", false),
            (of(503, "SlowDown"), "refuses (SlowDown)", true),
            (of(500, ""), "status 500", true),
            (Trouble::Line("it broke off".to_owned()), "broke off", true),
            (of(400, "<script>"), "refuses (", false),
        ] {
            assert!(trouble.words("b").contains(part), "{trouble:?}: {}", trouble.words("b"));
            assert_eq!(trouble.may_pass(), passes, "{trouble:?}");
        }
    }
}
