//! Forms: fields with their hint and error, and the summary of what to put right.
//!
//! Must not know what a value means or how it is checked; what was typed comes back as it was typed.

use maud::{Markup, Render, html};

/// The name of the hidden field that carries the form's token.
pub const CSRF_FIELD: &str = "csrf";

/// A field that was refused, and what to do about it: `The date must be 21 November 2025 or later`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's key: its name, unless [`Field::key`] set another.
    pub key: String,
    /// A sentence without a full stop.
    pub message: String,
}

impl FieldError {
    /// An error of the field `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

/// What every control needs. Made with [`Field::new`], then told the rest.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    name: &'a str,
    key: &'a str,
    label: &'a str,
    hint: &'a str,
    value: &'a str,
    error: &'a str,
    autocomplete: Option<&'a str>,
    optional: bool,
    short: bool,
    class: &'a str,
}

impl<'a> Field<'a> {
    /// A field named `name` in the form, with its label.
    pub const fn new(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            key: name,
            label,
            hint: "",
            value: "",
            error: "",
            autocomplete: None,
            optional: false,
            short: false,
            class: "",
        }
    }

    /// Another key than the name, where two forms of a page have fields of one name. Call it before
    /// [`Field::errors`].
    #[must_use]
    pub const fn key(self, key: &'a str) -> Self {
        Self { key, ..self }
    }

    /// A sentence under the label.
    #[must_use]
    pub const fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    /// What is in it: what was typed, or what is kept.
    #[must_use]
    pub const fn value(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    /// The error of this field's key, if there is one among these.
    #[must_use]
    pub fn errors(self, errors: &'a [FieldError]) -> Self {
        let error = errors.iter().find(|error| error.key == self.key).map_or("", |error| error.message.as_str());
        Self { error, ..self }
    }

    /// What a browser may fill in: `email`, `username webauthn`, `current-password`, `one-time-code`.
    #[must_use]
    pub const fn autocomplete(self, autocomplete: &'a str) -> Self {
        Self { autocomplete: Some(autocomplete), ..self }
    }

    /// Says that it may stay empty.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// About twelve characters wide, where controls are otherwise as wide as their column.
    #[must_use]
    pub const fn short(self) -> Self {
        Self { short: true, ..self }
    }

    /// A class of the wrapper: `g2` for two columns of `.grid4`, `grow` in `.filters`.
    #[must_use]
    pub const fn class(self, class: &'a str) -> Self {
        Self { class, ..self }
    }

    fn id(&self) -> String {
        field_id(self.key)
    }

    fn described_by(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-h", self.id()));
        let error = (!self.error.is_empty()).then(|| format!("{}-e", self.id()));
        match (hint, error) {
            (Some(hint), Some(error)) => Some(format!("{hint} {error}")),
            (hint, error) => hint.or(error),
        }
    }

    fn invalid(&self) -> Option<&'static str> {
        (!self.error.is_empty()).then_some("true")
    }

    const fn width(&self) -> &'static str {
        if self.short { "w10" } else { "wide" }
    }
}

/// What is typed into an [`input`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line of words.
    Text,
    /// An e-mail address.
    Email,
    /// Words to find.
    Search,
    /// A telephone number.
    Tel,
    /// An address on the web.
    Url,
    /// A secret. What was typed never comes back.
    Password,
    /// A code of digits from a letter or an authenticator.
    Code,
    /// A count or a quantity, to the right.
    Number,
    /// A time of day.
    Time,
}

impl Input {
    /// (type, inputmode)
    const fn kind(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Text => ("text", None),
            Self::Email => ("email", Some("email")),
            Self::Search => ("search", None),
            Self::Tel => ("tel", None),
            Self::Url => ("url", None),
            Self::Password => ("password", None),
            Self::Code => ("text", Some("numeric")),
            Self::Number => ("text", Some("decimal")),
            Self::Time => ("time", None),
        }
    }
}

/// One of the answers to a question.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// What is sent.
    pub value: &'a str,
    /// What is read.
    pub label: &'a str,
    /// Smaller words under it; empty for none.
    pub hint: &'a str,
}

impl<'a> Choice<'a> {
    /// An answer without smaller words.
    pub const fn new(value: &'a str, label: &'a str) -> Self {
        Self { value, label, hint: "" }
    }
}

/// The id of a field's control, which the error summary links to.
pub fn field_id(key: &str) -> String {
    format!("f-{key}")
}

/// The hidden token of a form that posts.
pub fn csrf_input(token: &str) -> Markup {
    hidden(CSRF_FIELD, token)
}

/// A value that goes with the form unseen.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A control with its label, hint and error around it. The ready controls below call it.
pub fn field(field: &Field<'_>, control: impl Render) -> Markup {
    html! {
        div.field.(field.class).has-err[!field.error.is_empty()] {
            label for=(field.id()) { (field.label) (optional(field)) }
            (hint_and_error(field))
            (control)
        }
    }
}

/// A field of one line.
pub fn input(f: &Field<'_>, kind: Input) -> Markup {
    let (html_type, mode) = kind.kind();
    let class = match kind {
        Input::Code => "code",
        Input::Number => "w10 num",
        _ => f.width(),
    };
    let exact = matches!(kind, Input::Email | Input::Url | Input::Password | Input::Code).then_some("false");
    let value = if kind == Input::Password { "" } else { f.value };
    field(
        f,
        html! {
            input.(class) id=(f.id()) name=(f.name) type=(html_type) value=(value) inputmode=[mode]
                autocomplete=[f.autocomplete] spellcheck=[exact] aria-invalid=[f.invalid()]
                aria-describedby=[f.described_by()];
        },
    )
}

/// A date, as `2025-11-28`, with the earliest and the latest that make sense.
pub fn date(f: &Field<'_>, min: Option<&str>, max: Option<&str>) -> Markup {
    field(
        f,
        html! {
            input.w10 id=(f.id()) name=(f.name) type="date" value=(f.value) min=[min] max=[max]
                aria-invalid=[f.invalid()] aria-describedby=[f.described_by()];
        },
    )
}

/// An amount in `currency` (`EUR`), typed in any of the usual ways.
pub fn money(f: &Field<'_>, currency: &str) -> Markup {
    field(
        f,
        html! {
            span.money {
                input.w10.num id=(f.id()) name=(f.name) type="text" inputmode="decimal" autocomplete="off"
                    placeholder="0.00" value=(f.value) aria-invalid=[f.invalid()]
                    aria-describedby=[f.described_by()];
                span.mut { (currency) }
            }
        },
    )
}

/// Several lines of words.
pub fn textarea(f: &Field<'_>, rows: u8) -> Markup {
    field(
        f,
        html! {
            textarea id=(f.id()) name=(f.name) rows=(rows) aria-invalid=[f.invalid()]
                aria-describedby=[f.described_by()] { (f.value) }
        },
    )
}

/// One of a list; the field's value is the one that is chosen.
pub fn select(f: &Field<'_>, choices: &[Choice<'_>]) -> Markup {
    field(
        f,
        html! {
            select.(f.width()) id=(f.id()) name=(f.name) aria-invalid=[f.invalid()]
                aria-describedby=[f.described_by()] {
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == f.value] { (choice.label) }
                }
            }
        },
    )
}

/// A file to send; `accept` as in HTML, such as `.pdf,.png`. Its form needs `enctype="multipart/form-data"`.
pub fn file(f: &Field<'_>, accept: &str) -> Markup {
    field(
        f,
        html! {
            input.wide id=(f.id()) name=(f.name) type="file" accept=(accept) aria-invalid=[f.invalid()]
                aria-describedby=[f.described_by()];
        },
    )
}

/// One of a few, all seen; the field's value is the one that is chosen.
pub fn radios(f: &Field<'_>, choices: &[Choice<'_>]) -> Markup {
    group(f, "radio", choices, |value| value == f.value)
}

/// Any of a few, all seen, all of one name.
pub fn checks(f: &Field<'_>, choices: &[Choice<'_>], ticked: &[&str]) -> Markup {
    group(f, "checkbox", choices, |value| ticked.contains(&value))
}

/// One box to tick, which sends `name=on`. The field's value is `on` if it is ticked.
pub fn checkbox(f: &Field<'_>) -> Markup {
    html! {
        div.field.(f.class).has-err[!f.error.is_empty()] {
            @if !f.error.is_empty() { (error_line(f)) }
            label.pick {
                input type="checkbox" id=(f.id()) name=(f.name) value="on" checked[f.value == "on"]
                    aria-invalid=[f.invalid()] aria-describedby=[f.described_by()];
                span { (f.label) @if !f.hint.is_empty() { small id={ (f.id()) "-h" } { (f.hint) } } }
            }
        }
    }
}

/// The list of what to put right, above a refused form; nothing if nothing was refused. The page's title starts with
/// `Error: ` then; see [`titled`].
pub fn error_summary(errors: &[FieldError]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.errs role="alert" tabindex="-1" id="errs" {
                h2 { @if errors.len() == 1 { "There is a problem" } @else { "There are " (errors.len()) " problems" } }
                ul { @for error in errors { li { a href={ "#" (field_id(&error.key)) } { (error.message) } } } }
            }
        }
    }
}

/// A page's title, which says first if a form on it was refused.
pub fn titled(title: &str, errors: &[FieldError]) -> String {
    if errors.is_empty() { title.to_owned() } else { format!("Error: {title}") }
}

fn group(f: &Field<'_>, kind: &str, choices: &[Choice<'_>], on: impl Fn(&str) -> bool) -> Markup {
    html! {
        fieldset.field.(f.class).has-err[!f.error.is_empty()] aria-describedby=[f.described_by()] {
            legend { (f.label) (optional(f)) }
            (hint_and_error(f))
            @for (at, choice) in choices.iter().enumerate() {
                label.pick {
                    // The summary's link lands on the first answer.
                    input type=(kind) name=(f.name) value=(choice.value) checked[on(choice.value)]
                        id=[(at == 0).then(|| f.id())];
                    span { (choice.label) @if !choice.hint.is_empty() { small { (choice.hint) } } }
                }
            }
        }
    }
}

fn optional(f: &Field<'_>) -> Markup {
    html! { @if f.optional { " " span.mut { "(optional)" } } }
}

fn hint_and_error(f: &Field<'_>) -> Markup {
    html! {
        @if !f.hint.is_empty() { p.hint id={ (f.id()) "-h" } { (f.hint) } }
        @if !f.error.is_empty() { (error_line(f)) }
    }
}

fn error_line(f: &Field<'_>) -> Markup {
    html! { p.err id={ (f.id()) "-e" } { span.vh { "Error:" } " " (f.error) } }
}
