//! The forms of a page as a browser would send them.

/// A form of a page.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// What it sends, untouched.
    pub fields: Vec<Control>,
}

/// A control of a form.
#[derive(Clone, Debug)]
pub struct Control {
    pub name: String,
    pub value: String,
    /// Whether people type into it.
    pub typed: bool,
}

impl Form {
    /// The first value of a field; empty without one.
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|x| x.name == name).map_or("", |x| &x.value)
    }

    /// Types into a field, or presses a button.
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|x| x.name != name);
        self.fields.push(Control { name: name.to_owned(), value: value.to_owned(), typed: true });
    }

    /// As it is sent, but for the token, which the browser adds.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let own = self.fields.iter().filter(|x| x.name != "csrf");
        own.map(|x| (x.name.as_str(), x.value.as_str())).collect()
    }
}

/// The forms of a page that post; one with a button that sends it elsewhere is a form for each address.
pub fn forms_of(page: &str) -> Vec<Form> {
    let mut out = Vec::new();
    for text in page.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next()) {
        let Some(form) = read(text) else { continue };
        let elsewhere = text.split(" formaction=\"").skip(1).filter_map(|rest| rest.split('"').next());
        out.extend(elsewhere.map(|action| Form { action: unescape(action), ..form.clone() }));
        out.push(form);
    }
    out
}

fn read(text: &str) -> Option<Form> {
    let (head, body) = text.split_once('>')?;
    if attribute(head, "method") != Some("post") {
        return None;
    }
    let action = unescape(attribute(head, "action").unwrap_or_default());
    let mut fields = Vec::new();
    for (at, _) in body.match_indices('<') {
        let (tag, inner) = body[at + 1..].split_once('>').unwrap_or_default();
        let Some(name) = attribute(tag, "name") else { continue };
        let value = attribute(tag, "value").unwrap_or_default();
        let ticked = tag.contains(" checked");
        let kind = attribute(tag, "type").unwrap_or("text");
        let (value, typed) = match (tag.split_whitespace().next().unwrap_or_default(), kind) {
            ("input", "hidden") => (value.to_owned(), false),
            ("input", "checkbox" | "radio") if ticked => (value.to_owned(), false),
            ("input", "checkbox" | "radio" | "file") => continue,
            ("input", _) => (value.to_owned(), true),
            ("textarea", _) => (inner.split("</textarea>").next().unwrap_or_default().trim().to_owned(), true),
            ("select", _) => (chosen(inner.split("</select>").next().unwrap_or_default()), false),
            _ => continue,
        };
        fields.push(Control { name: name.to_owned(), value: unescape(&value), typed });
    }
    Some(Form { action, fields })
}

/// The option of a select that is sent: the one selected, or the first.
fn chosen(options: &str) -> String {
    let all: Vec<&str> = options.split("<option").skip(1).collect();
    let one = all.iter().find(|o| o.split('>').next().is_some_and(|t| t.contains(" selected"))).or(all.first());
    one.and_then(|o| attribute(o.split('>').next()?, "value")).unwrap_or_default().to_owned()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[test]
fn a_form_is_read_as_a_browser_would_send_it() {
    let page = "<form action=\"/a?b=1&amp;c\" method=\"post\"><input type=\"hidden\" name=\"csrf\" value=\"t\">\
        <input class=\"x\" name=\"n\" type=\"text\" value=\"a &amp; b\"><textarea name=\"t\">\nx</textarea>\
        <select name=\"s\"><option value=\"1\">1</option><option value=\"2\" selected>2</option></select>\
        <input type=\"checkbox\" name=\"c\" value=\"on\"></form><form method=\"get\" action=\"/q\"></form>";
    let [form] = &forms_of(page)[..] else { panic!("{page}") };
    let sent: Vec<(&str, &str, bool)> = form.fields.iter().map(|f| (&*f.name, &*f.value, f.typed)).collect();
    assert_eq!(form.action, "/a?b=1&c");
    assert_eq!(sent, [("csrf", "t", false), ("n", "a & b", true), ("t", "x", true), ("s", "2", false)]);
}
