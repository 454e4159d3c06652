//! What the columns of a table mean: the fields that are known, and the headings under which other programs write them.
//!
//! A heading is compared without capitals, stars and punctuation, so that `*InvoiceNo` is `invoiceno`.

/// What a table lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Clients, each with a contact if it has one.
    Clients,
    /// Contacts of clients that are here or come along.
    Contacts,
    /// Lines of invoices; those of one number are one invoice.
    Invoices,
    /// Money received.
    Payments,
}

impl Listing {
    /// All of them, in the order in which they can be brought in.
    pub const ALL: [Self; 4] = [Self::Clients, Self::Contacts, Self::Invoices, Self::Payments];

    /// The word of forms and options.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Contacts => "contacts",
            Self::Invoices => "invoices",
            Self::Payments => "payments",
        }
    }

    /// The listing of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.word() == word)
    }

    /// The fields that its tables can have, and those among them that they must have, together.
    pub fn fields(self) -> &'static [Field] {
        use Field as F;
        match self {
            Self::Clients => &[
                F::Client,
                F::Reference,
                F::Street,
                F::City,
                F::Region,
                F::Postcode,
                F::Country,
                F::VatId,
                F::LegalId,
                F::Language,
                F::Currency,
                F::Terms,
                F::Note,
                F::FirstName,
                F::LastName,
                F::Person,
                F::Email,
                F::Phone,
                F::Title,
            ],
            Self::Contacts => {
                &[F::Client, F::FirstName, F::LastName, F::Person, F::Title, F::Email, F::Phone, F::Language]
            }
            Self::Invoices => &[
                F::Number,
                F::Client,
                F::Email,
                F::Reference,
                F::Dated,
                F::Due,
                F::Terms,
                F::Currency,
                F::Order,
                F::Note,
                F::Item,
                F::Description,
                F::Quantity,
                F::Price,
                F::Discount,
                F::LineAmount,
                F::Tax,
                F::TaxAmount,
                F::Total,
                F::VatId,
                F::Street,
                F::City,
                F::Region,
                F::Postcode,
                F::Country,
                F::ServiceDate,
            ],
            Self::Payments => &[F::Client, F::Number, F::Amount, F::Dated, F::Method, F::Reference, F::Currency],
        }
    }

    /// What a row of it can't do without.
    pub fn needed(self) -> &'static [Field] {
        match self {
            Self::Clients => &[Field::Client],
            Self::Contacts => &[Field::Client, Field::Email],
            Self::Invoices => &[Field::Number, Field::Client, Field::Dated],
            Self::Payments => &[Field::Amount, Field::Dated],
        }
    }
}

/// What a column holds.
#[expect(missing_docs, reason = "the words of each are in `entry`")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Client,
    Reference,
    Street,
    City,
    Region,
    Postcode,
    Country,
    VatId,
    LegalId,
    Language,
    Currency,
    Terms,
    Note,
    FirstName,
    LastName,
    Person,
    Email,
    Phone,
    Title,
    Number,
    Dated,
    Due,
    Order,
    Item,
    Description,
    Quantity,
    Price,
    Discount,
    LineAmount,
    Tax,
    TaxAmount,
    Total,
    ServiceDate,
    Amount,
    Method,
}

impl Field {
    /// Word for options and forms, words on screen, and headings under which it is known, the first of them ours.
    fn entry(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Client => (
                "client",
                "Client’s name",
                "client|customer|client name|customer name|contact name|name|company|company name|display name|\
                 organization|organisation|full name",
            ),
            Self::Reference => (
                "reference",
                "Client’s reference, or the payment’s",
                "reference|id number|account number|customer id|client id|client number|customer number|number|\
                 transaction reference|ref|reference number",
            ),
            Self::Street => (
                "street",
                "Street address (several columns, one line each)",
                "street|address|billing street|billing apt/suite|street address|address line 1|address line 2|\
                 address1|address2|poaddressline1|poaddressline2|poaddressline3|poaddressline4|billing address|\
                 billing address line 1|billing address line 2|billing address line 3",
            ),
            Self::City => ("city", "Town", "city|town|billing city|pocity|billing address city"),
            Self::Region => (
                "region",
                "County or state",
                "region|state|county|province|state/province|billing state/province|billing state|poregion|\
                 billing address state",
            ),
            Self::Postcode => (
                "postcode",
                "Postcode",
                "postcode|zip|zip code|postal code|billing postal code|billing zip|popostalcode|\
                 billing address postal code",
            ),
            Self::Country => {
                ("country", "Country", "country|billing country|pocountry|country code|billing address country")
            }
            Self::VatId => (
                "vat",
                "VAT number",
                "vat|vat number|vat id|tax number|tax id|taxnumber|tax registration number|gst number",
            ),
            Self::LegalId => ("register", "Register number", "register|register number|company number|legal id"),
            Self::Language => ("language", "Language", "language|preferred language|locale|language code"),
            Self::Currency => ("currency", "Currency", "currency|currency code"),
            Self::Terms => ("terms", "Payment terms in days", "terms|payment terms|net|due days"),
            Self::Note => ("note", "Note", "note|notes|memo|private notes|public notes|message|statement memo"),
            Self::FirstName => {
                ("first-name", "Contact’s first name", "first name|firstname|given name|contact first name")
            }
            Self::LastName => {
                ("last-name", "Contact’s last name", "last name|lastname|family name|surname|contact last name")
            }
            Self::Person => ("contact", "Contact’s name", "contact|person|contact person|primary contact"),
            Self::Email => ("email", "E-mail", "email|e-mail|email address|emailaddress|contact email|main email"),
            Self::Phone => ("phone", "Telephone", "phone|telephone|phone number|contact phone|main phone|mobile"),
            Self::Title => ("title", "Contact’s part", "title|job title|role|position"),
            Self::Number => (
                "number",
                "Invoice number",
                "invoice|invoice number|invoiceno|invoice no|invoicenumber|invoice #|number|no|num|document number",
            ),
            Self::Dated => (
                "date",
                "Date",
                "date|invoice date|invoicedate|date issued|issue date|issued|dated|payment date|paid on|\
                 transaction date",
            ),
            Self::Due => ("due", "Due date", "due|due date|duedate|date due"),
            Self::Order => {
                ("order", "Purchase order or their reference", "order|po number|po|purchase order|order number|po #")
            }
            Self::Item => {
                ("item", "Item", "item|item name|product|item product|item(product/service)|product/service|service")
            }
            Self::Description => (
                "description",
                "Line’s description",
                "description|item description|itemdescription|item notes|line description",
            ),
            Self::Quantity => ("quantity", "Quantity", "quantity|qty|item quantity|itemquantity|hours"),
            Self::Price => (
                "price",
                "Price of one",
                "price|rate|item cost|itemrate|unit price|unitamount|unit amount|unit cost|cost",
            ),
            Self::Discount => {
                ("discount", "Discount in percent", "discount|discount percentage|discount %|discount rate")
            }
            Self::LineAmount => (
                "line-amount",
                "Line’s amount without VAT",
                "line amount|itemamount|item amount|line subtotal|lineamount|net amount",
            ),
            Self::Tax => (
                "tax",
                "VAT rate or tax code",
                "tax|tax code|itemtaxcode|taxtype|tax type|vat rate|tax rate|vat %|item tax rate 1|item tax rate",
            ),
            Self::TaxAmount => ("tax-amount", "Line’s VAT", "tax amount|itemtaxamount|taxamount|vat amount"),
            Self::Total => {
                ("total", "Invoice’s total", "total|amount|invoice total|invoice amount|grand total|amount due")
            }
            Self::ServiceDate => ("service-date", "When it was done", "service date|date of service"),
            Self::Amount => ("amount", "Amount", "amount|payment amount|amount paid|paid|total"),
            Self::Method => ("method", "How it was paid", "method|payment method|payment type|type"),
        }
    }

    /// The word of forms and options.
    pub fn word(self) -> &'static str {
        self.entry().0
    }

    /// The words on screen.
    pub fn words(self) -> &'static str {
        self.entry().1
    }

    /// Whether several columns may hold it, one line each.
    pub fn is_repeated(self) -> bool {
        matches!(self, Self::Street | Self::Note)
    }

    fn is_headed(self, heading: &str) -> bool {
        self.entry().2.split('|').any(|x| plain(x) == heading)
    }
}

/// Which field each column of a table holds, as its headings say; `None` for those that nobody knows.
pub fn recognised(listing: Listing, headings: &[String]) -> Vec<Option<Field>> {
    let mut taken: Vec<Field> = Vec::new();
    let mut of = |heading: &String| {
        let heading = plain(heading);
        // What a table must have is looked for first: a `number` is the invoice's before it is a reference.
        let needed = listing.needed().iter().chain(listing.fields());
        let field = needed.copied().find(|x| x.is_headed(&heading) && (x.is_repeated() || !taken.contains(x)));
        taken.extend(field);
        field
    };
    headings.iter().map(|x| if x.trim().is_empty() { None } else { of(x) }).collect()
}

/// Headings that tell one listing from the others.
const TELLING: [(Listing, &[&str]); 4] = [
    (
        Listing::Invoices,
        &[
            "invoiceno",
            "invoicenumber",
            "invoice",
            "itemquantity",
            "quantity",
            "unitamount",
            "itemcost",
            "rate",
            "duedate",
        ],
    ),
    (Listing::Payments, &["paymentdate", "paymentamount", "paymentmethod", "amountpaid", "amount"]),
    (Listing::Contacts, &["firstname", "lastname", "email", "emailaddress"]),
    (
        Listing::Clients,
        &["idnumber", "vatnumber", "city", "billingcity", "postcode", "balance", "country", "postalcode", "pocity"],
    ),
];

/// What a table with these headings lists; `None` when that can't be told.
pub fn listing_of(headings: &[String]) -> Option<Listing> {
    let plain: Vec<String> = headings.iter().map(|x| plain(x)).collect();
    let has = |x: &&&str| plain.iter().any(|h| h == **x);
    let fits = |listing: Listing| {
        let columns = recognised(listing, headings);
        listing.needed().iter().all(|x| columns.contains(&Some(*x)))
    };
    let telling = |listing: Listing| {
        let words = TELLING.iter().find(|x| x.0 == listing).map_or(&[][..], |x| x.1);
        words.iter().filter(has).count()
    };
    let quantity =
        plain.iter().any(|x| Field::Quantity.is_headed(x) || Field::Price.is_headed(x) || Field::Due.is_headed(x));
    if quantity && fits(Listing::Invoices) {
        return Some(Listing::Invoices);
    }
    // Payments name an amount and a day, and nothing that only a client has.
    if fits(Listing::Payments) && telling(Listing::Clients) == 0 {
        return Some(Listing::Payments);
    }
    if telling(Listing::Clients) == 0 && fits(Listing::Contacts) {
        return Some(Listing::Contacts);
    }
    fits(Listing::Clients).then_some(Listing::Clients)
}

/// A heading without capitals, stars, blanks and punctuation.
fn plain(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric() || *c == '#' || *c == '%').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn tables_of_other_programs_are_told_apart() {
        for (heads, listing) in [
            (
                "*InvoiceNo,*Customer,*InvoiceDate,*DueDate,Terms,Item(Product/Service),ItemQuantity,ItemRate,*ItemAmount",
                Listing::Invoices,
            ),
            (
                "*ContactName,EmailAddress,POCity,*InvoiceNumber,Reference,*InvoiceDate,*DueDate,*Quantity,*UnitAmount,*TaxType",
                Listing::Invoices,
            ),
            (
                "Client,Email,Invoice Number,Amount,Paid,Invoice Date,Due Date,Item Cost,Item Quantity",
                Listing::Invoices,
            ),
            ("Client,Invoice Number,Amount,Date", Listing::Payments),
            (
                "Name,Balance,Paid to Date,Billing Street,Billing City,ID Number,First Name,Email,Phone",
                Listing::Clients,
            ),
            ("Client,First Name,Last Name,Email", Listing::Contacts),
            ("Name,VAT number", Listing::Clients),
        ] {
            assert_eq!(listing_of(&headings(heads)), Some(listing), "{heads}");
        }
        assert_eq!(listing_of(&headings("Colour,Taste")), None);
    }

    #[test]
    fn a_field_is_held_by_one_column_but_for_lines_of_text() {
        let columns = recognised(Listing::Clients, &headings("Name,Phone,Billing Street,Billing Apt/Suite,Phone,X"));
        let (street, phone) = (Some(Field::Street), Some(Field::Phone));
        assert_eq!(columns, [Some(Field::Client), phone, street, street, None, None]);
        let columns = recognised(Listing::Invoices, &headings("*InvoiceNo,*Customer,*InvoiceDate"));
        assert_eq!(columns, [Some(Field::Number), Some(Field::Client), Some(Field::Dated)]);
        for listing in Listing::ALL {
            assert_eq!(Listing::from_word(listing.word()), Some(listing));
            assert!(listing.needed().iter().all(|x| listing.fields().contains(x)));
        }
    }
}
