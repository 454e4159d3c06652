//! Every route on one list: method, path, audience, handler.
//!
//! The handler's extractor enforces the audience; the gates test reads this list, tries every route with every kind of
//! person, and fails where the two disagree.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};

use super::desk::{account, client, client_form, client_statement, clients, contacts, logo, projects, settings, staff};
use super::layers::{DOCUMENT_TIMEOUT, UPLOAD_TIMEOUT};
use super::state::Web;
use super::upload::AROUND_MAX;
use super::{assets, auth, certificate, demo_mail, desk, portal, problem};
use crate::app::App;
use crate::store::certificate::MAX_BYTES;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody.
    Anyone,
    /// A client's contact, also with a document's link (for that document).
    Reader,
    /// A client's contact who signed in.
    Contact,
    /// Any staff.
    Staff,
    /// Staff whose role may change things.
    StaffWork,
    /// Owners.
    Owner,
    /// Anybody, in a demo only.
    Demo,
}

/// One route.
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path template.
    pub path: &'static str,
    /// Who may use it.
    pub audience: Audience,
    handler: MethodRouter<Web>,
}

macro_rules! routes {
    ($($method:ident $path:literal $audience:ident $handler:expr;)+) => {
        vec![$(Route {
            method: routes!(@ $method),
            path: $path,
            audience: Audience::$audience,
            handler: $method($handler),
        },)+]
    };
    (@ get) => { "GET" };
    (@ post) => { "POST" };
}

/// The list.
pub fn list() -> Vec<Route> {
    routes! {
        // What pages are made with.
        get "/assets/{file}" Anyone assets::serve;

        get "/brand.css" Anyone auth::brand::style;
        get "/logo" Anyone auth::brand::logo;

        get "/certificate" Anyone certificate::ask;
        post "/certificate" Anyone certificate::answer;

        // Signing in and out.
        get "/sign-in" Anyone auth::sign_in::show;
        post "/sign-in/password" Anyone auth::sign_in::password;
        post "/sign-in/link" Anyone auth::sign_in::ask;
        get "/sign-in/code" Anyone auth::sign_in::wait;
        post "/sign-in/code" Anyone auth::sign_in::code;
        get "/sign-in/link/{token}" Anyone auth::link::show;
        post "/sign-in/link/{token}" Anyone auth::link::follow;
        post "/sign-out" Anyone auth::sign_out::post;
        get "/password" Anyone auth::password::ask_page;
        post "/password" Anyone auth::password::ask;
        get "/password/sent" Anyone auth::password::sent;
        get "/password/{token}" Anyone auth::password::show;
        post "/password/{token}" Anyone auth::password::set;

        // The link at the end of a reminder.
        get "/reminders/stop/{token}" Anyone auth::stop::show;
        post "/reminders/stop/{token}" Anyone auth::stop::stop;

        // What clients see.
        get "/" Reader portal::home::show;
        get "/invoices" Contact portal::invoices::show;
        get "/invoices.zip" Contact portal::bundle::show;
        get "/invoices/{number}" Reader portal::invoice::show; // also {number}.pdf .xml .cii.xml .csv .html
        post "/invoices/{number}/promise" Reader portal::promise::make;
        post "/invoices/{number}/promise/withdrawal" Reader portal::promise::withdraw;
        post "/invoices/{number}/dispute" Reader portal::dispute::raise;
        post "/invoices/{number}/dispute/withdrawal" Reader portal::dispute::withdraw;
        get "/statement" Contact portal::statement::show;
        get "/statement.pdf" Contact portal::statement::file::pdf;
        get "/statement.csv" Contact portal::statement::file::csv;
        get "/statement.html" Contact portal::statement::file::html;
        get "/statements" Contact portal::months::list;
        get "/statements/{id}" Contact portal::months::show; // also {id}.pdf .csv .html
        get "/quotes" Contact portal::quotes::show;
        get "/quotes/{number}" Contact portal::quote::show; // also {number}.pdf .csv .html
        get "/quotes/{number}/v/{version}" Contact portal::quote::version; // also {version}.pdf .csv .html
        get "/quotes/{number}/acceptance" Contact portal::quote_answer::review;
        post "/quotes/{number}/acceptance" Contact portal::quote_answer::accept;
        post "/quotes/{number}/decline" Contact portal::quote_answer::decline;
        get "/receipts/{number}" Contact portal::receipt::show; // also {number}.pdf .csv .html
        get "/documents" Contact portal::documents::list;
        get "/documents/{id}/v/{version}" Contact portal::documents::show;
        get "/documents/{id}/v/{version}/file" Contact portal::documents::file;
        get "/account" Contact portal::account::show;
        post "/account/format" Contact portal::account::choose_format;
        post "/account/password" Contact portal::account::change_password;
        post "/account/password/link" Contact portal::account::mail_link;

        // The desk: overview.
        get "/desk" Staff desk::today::show;
        get "/desk/snooze/{item}" StaffWork desk::snooze::ask;
        post "/desk/snooze/{item}" StaffWork desk::snooze::put_off;
        post "/desk/snooze/{item}/end" StaffWork desk::snooze::end;
        get "/desk/receivables" Staff desk::receivables::show;
        get "/desk/receivables.csv" Staff desk::receivables::csv;
        get "/desk/receivables/expected.csv" Staff desk::cash::expected_csv;
        get "/desk/receivables/dso.csv" Staff desk::cash::dso_csv;
        get "/desk/receivables/debtors.csv" Staff desk::cash::debtors_csv;
        get "/desk/letters" Staff desk::letters::list;
        get "/desk/letters/{id}" Staff desk::letter::show;
        post "/desk/letters/{id}/decide" StaffWork desk::letter::decide;
        get "/desk/restored" Owner desk::restored::show;
        post "/desk/restored/numbers" Owner desk::restored::numbers;
        post "/desk/sending/release" Owner desk::restored::release;
        get "/desk/reminders" Staff desk::reminders::show;
        get "/desk/reminders/policy" Staff desk::policy::show;
        get "/desk/reminders/policy/past" Staff desk::policy_past::show;
        get "/desk/reminders/policy/edit" Owner desk::policy_form::edit;
        post "/desk/reminders/policy/edit" Owner desk::policy_form::save;
        get "/desk/reminders/policy/holidays" Owner desk::policy_days::ask;
        post "/desk/reminders/policy/holidays" Owner desk::policy_days::take;
        post "/desk/reminders/policy/holidays/country" Owner desk::policy_days::take_country;
        get "/desk/fairness" Staff desk::fairness::show;
        get "/desk/fairness.csv" Staff desk::fairness::csv;
        get "/desk/activity" Staff desk::activity::show;
        get "/desk/activity.csv" Staff desk::activity::csv;
        get "/desk/find" Staff desk::find::show;

        // The desk: clients and people.
        get "/desk/clients" Staff clients::list;
        get "/desk/clients/new" StaffWork client_form::new;
        post "/desk/clients/new" StaffWork client_form::add;
        get "/desk/clients/{id}" Staff client::show;
        get "/desk/clients/{id}/credit" Staff desk::payer::show;
        post "/desk/clients/{id}/credit/limit" StaffWork desk::credit_terms::set_limit;
        post "/desk/clients/{id}/credit/hold" StaffWork desk::credit_terms::hold;
        post "/desk/clients/{id}/credit/lift" StaffWork desk::credit_terms::lift;
        post "/desk/clients/{id}/late-payment" StaffWork desk::late_exception::except;
        post "/desk/clients/{id}/late-payment/end" StaffWork desk::late_exception::end;
        get "/desk/clients/{id}/statement" Staff client_statement::show;
        get "/desk/clients/{id}/statement.pdf" Staff client_statement::pdf;
        get "/desk/clients/{id}/statement.csv" Staff client_statement::csv;
        get "/desk/clients/{id}/statement.html" Staff client_statement::html_file;
        get "/desk/clients/{id}/statements" Staff desk::months::list;
        post "/desk/clients/{id}/statements" StaffWork desk::months::publish;
        post "/desk/clients/{id}/statements/choice" StaffWork desk::months::choose;
        get "/desk/statements/{id}" Staff desk::months::file; // only {id}.pdf .csv .html
        get "/desk/clients/{id}/edit" StaffWork client_form::edit;
        post "/desk/clients/{id}/edit" StaffWork client_form::change;
        get "/desk/clients/{id}/contacts/new" StaffWork contacts::new;
        post "/desk/clients/{id}/contacts/new" StaffWork contacts::add;
        post "/desk/clients/{id}/projects" StaffWork projects::add;
        get "/desk/contacts/{id}" StaffWork contacts::edit;
        post "/desk/contacts/{id}" StaffWork contacts::change;
        post "/desk/contacts/{id}/invite" StaffWork contacts::invite;
        post "/desk/contacts/{id}/admit" StaffWork contacts::admit;
        get "/desk/contacts/{id}/revoke" StaffWork contacts::ask_revoke;
        post "/desk/contacts/{id}/revoke" StaffWork contacts::revoke;
        get "/desk/contacts/{id}/reminders" StaffWork desk::contact_reminders::show;
        post "/desk/contacts/{id}/reminders" StaffWork desk::contact_reminders::change;
        get "/desk/projects/{id}" StaffWork projects::edit;
        post "/desk/projects/{id}" StaffWork projects::change;

        // The desk: bringing in what other programs made.
        get "/desk/import" StaffWork desk::import::ask;
        post "/desk/import" StaffWork desk::import::take;
        get "/desk/import/{kept}" StaffWork desk::import::look;
        post "/desk/import/{kept}" StaffWork desk::import::decide;
        get "/desk/imports/{id}" StaffWork desk::import_done::show;
        post "/desk/imports/{id}/undo" StaffWork desk::import_done::undo;

        // The desk: documents.
        get "/desk/clients/{id}/documents" Staff desk::documents::list;
        get "/desk/clients/{id}/documents/new" StaffWork desk::document_post::new;
        post "/desk/clients/{id}/documents/new" StaffWork desk::document_post::post;
        get "/desk/documents/{id}" Staff desk::documents::show;
        get "/desk/documents/{id}/v/{version}" Staff desk::documents::file;
        get "/desk/documents/{id}/new" StaffWork desk::document_post::new_version;
        post "/desk/documents/{id}/new" StaffWork desk::document_post::post_version;
        get "/desk/documents/{id}/withdraw" StaffWork desk::document_end::ask_withdraw;
        post "/desk/documents/{id}/withdraw" StaffWork desk::document_end::withdraw;
        get "/desk/documents/{id}/erase" Owner desk::document_end::ask_erase;
        post "/desk/documents/{id}/erase" Owner desk::document_end::erase;

        // The desk: invoices and quotes.
        get "/desk/invoices" Staff desk::invoices::list;
        get "/desk/invoices/new" StaffWork desk::invoice_form::new;
        post "/desk/invoices/new" StaffWork desk::invoice_form::create;
        get "/desk/invoices/issue" StaffWork desk::issue_many::ask;
        post "/desk/invoices/issue" StaffWork desk::issue_many::begin;
        get "/desk/invoices/issue/{run}" StaffWork desk::issue_many::show;
        get "/desk/invoices.csv" Staff desk::register::csv;
        get "/desk/invoices.xml.zip" Staff desk::register::xml;
        get "/desk/invoices.zip" Staff desk::bundle::show;
        get "/desk/invoices/{id}" Staff desk::invoice::page; // also {id}.pdf .xml .cii.xml .csv .html
        get "/desk/invoices/{id}/edit" StaffWork desk::invoice_form::edit;
        post "/desk/invoices/{id}/edit" StaffWork desk::invoice_form::save;
        get "/desk/invoices/{id}/preview" StaffWork desk::issue::preview;
        get "/desk/invoices/{id}/preview.pdf" StaffWork desk::issue::preview_pdf;
        post "/desk/invoices/{id}/issue" StaffWork desk::issue::issue;
        get "/desk/invoices/{id}/discard" StaffWork desk::issue::ask_discard;
        post "/desk/invoices/{id}/discard" StaffWork desk::issue::discard;
        get "/desk/invoices/{id}/certificate.pdf" Staff desk::certificate::pdf;
        get "/desk/invoices/{id}/certificate.json" Staff desk::certificate::json;
        post "/desk/invoices/{id}/send" StaffWork desk::invoice::send_again;
        get "/desk/invoices/{id}/credit" StaffWork desk::credit::ask;
        post "/desk/invoices/{id}/credit" StaffWork desk::credit::credit;
        get "/desk/invoices/{id}/write-off" StaffWork desk::write_off::ask;
        post "/desk/invoices/{id}/write-off" StaffWork desk::write_off::write_off;
        post "/desk/invoices/{id}/late-note" StaffWork desk::late_note::make;
        get "/desk/invoices/{id}/allocations/{allocation}/undo" StaffWork desk::undo::ask_undo;
        post "/desk/invoices/{id}/allocations/{allocation}/undo" StaffWork desk::undo::undo;
        get "/desk/recurring" Staff desk::recurring::list;
        get "/desk/recurring/new" StaffWork desk::recurring_form::new;
        post "/desk/recurring/new" StaffWork desk::recurring_form::create;
        get "/desk/recurring/{id}" Staff desk::recurring::show;
        get "/desk/recurring/{id}/edit" StaffWork desk::recurring_form::edit;
        post "/desk/recurring/{id}/edit" StaffWork desk::recurring_form::save;
        post "/desk/recurring/{id}/leave-out" StaffWork desk::recurring::leave_out;
        post "/desk/recurring/{id}/pause" StaffWork desk::recurring::pause;
        post "/desk/recurring/{id}/resume" StaffWork desk::recurring::resume;
        get "/desk/invoices/{id}/call" StaffWork desk::calls::ask;
        post "/desk/invoices/{id}/call" StaffWork desk::calls::note;
        get "/desk/invoices/{id}/pause" StaffWork desk::pauses::ask_of_invoice;
        post "/desk/invoices/{id}/pause" StaffWork desk::pauses::pause_invoice;
        post "/desk/invoices/{id}/go-on" StaffWork desk::pauses::go_on_with_invoice;
        get "/desk/invoices/{id}/promise" StaffWork desk::promises::ask;
        post "/desk/invoices/{id}/promise" StaffWork desk::promises::record;
        post "/desk/invoices/{id}/promise/withdrawal" StaffWork desk::promises::withdraw;
        get "/desk/invoices/{id}/dispute" StaffWork desk::disputes::show;
        post "/desk/invoices/{id}/dispute" StaffWork desk::disputes::record;
        post "/desk/invoices/{id}/dispute/withdrawal" StaffWork desk::disputes::withdraw;
        post "/desk/invoices/{id}/dispute/person" StaffWork desk::disputes::pass_on;
        post "/desk/invoices/{id}/dispute/answer" StaffWork desk::disputes::answer;
        post "/desk/invoices/{id}/dispute/end" StaffWork desk::disputes::close;
        get "/desk/clients/{id}/pause" StaffWork desk::pauses::ask_of_client;
        post "/desk/clients/{id}/pause" StaffWork desk::pauses::pause_client;
        post "/desk/clients/{id}/go-on" StaffWork desk::pauses::go_on_with_client;
        get "/desk/publish" StaffWork desk::publish::ask;
        post "/desk/publish" StaffWork desk::publish::check;
        get "/desk/publish/{kept}" StaffWork desk::publish::confirm;
        post "/desk/publish/{kept}" StaffWork desk::publish::publish;
        get "/desk/publish/{kept}/file" StaffWork desk::publish::file;
        get "/desk/drops/{id}" StaffWork desk::drop::show;
        get "/desk/drops/{id}/file" StaffWork desk::drop::file;
        post "/desk/drops/{id}/file" StaffWork desk::drop::file_it;
        post "/desk/drops/{id}/refuse" StaffWork desk::drop::refuse;
        get "/desk/quotes" Staff desk::quotes::list;
        get "/desk/quotes/new" StaffWork desk::quote_form::new;
        post "/desk/quotes/new" StaffWork desk::quote_form::create;
        get "/desk/quotes/{id}" Staff desk::quote::page; // also {id}.pdf .csv .html
        get "/desk/quotes/{id}/v/{version}" Staff desk::quote::version; // also {version}.pdf .csv .html
        get "/desk/quotes/{id}/new" StaffWork desk::quote_form::new_version;
        post "/desk/quotes/{id}/new" StaffWork desk::quote_form::create_version;
        post "/desk/quotes/{id}/invoice" StaffWork desk::quote_invoice::invoice;

        // The desk: payments.
        get "/desk/payments" Staff desk::payments::list;
        get "/desk/payments/new" StaffWork desk::payment_form::new;
        post "/desk/payments/new" StaffWork desk::payment_form::record;
        get "/desk/payments/{id}" Staff desk::payment::show; // of a payment also {id}.pdf .csv .html
        post "/desk/payments/{id}/apply" StaffWork desk::payment::apply;
        get "/desk/payments/{id}/reverse" StaffWork desk::payment_reversal::ask;
        post "/desk/payments/{id}/reverse" StaffWork desk::payment_reversal::reverse;
        get "/desk/payments/{id}/refund" StaffWork desk::refund::ask;
        post "/desk/payments/{id}/refund" StaffWork desk::refund::record;
        get "/desk/refunds/{id}/return" StaffWork desk::refund::ask_return;
        post "/desk/refunds/{id}/return" StaffWork desk::refund::give_back;

        // The desk: the firm.
        get "/desk/settings" Owner settings::show;
        post "/desk/settings/firm" Owner settings::change;
        post "/desk/settings/statements" Owner desk::months::choose_for_all;
        post "/desk/settings/logo" Owner logo::send;
        post "/desk/settings/logo/remove" Owner logo::remove;
        get "/desk/settings/staff" Owner staff::list;
        get "/desk/settings/staff/new" Owner staff::new;
        post "/desk/settings/staff/new" Owner staff::add;
        get "/desk/settings/staff/{id}" Owner staff::edit;
        post "/desk/settings/staff/{id}" Owner staff::change;
        post "/desk/settings/staff/{id}/invite" Owner staff::invite;
        get "/desk/settings/late-payment" Owner desk::late_payment::show;
        post "/desk/settings/late-payment" Owner desk::late_payment::save;
        get "/desk/settings/letters" Owner desk::wordings::show;
        post "/desk/settings/letters" Owner desk::wordings::choose_files;
        get "/desk/settings/letters/{letter}" Owner desk::wording::show;
        post "/desk/settings/letters/{letter}" Owner desk::wording::save;
        get "/desk/settings/numbers" Owner desk::numbers::show;
        get "/desk/backups" Owner desk::backups::show;
        post "/desk/backups/identity" Owner desk::backup_identity::download;
        get "/desk/account" Staff account::show;
        post "/desk/account/password" Staff account::change_password;
        get "/desk/shortcuts" Staff account::shortcuts;

        // The demo's mailbox.
        get "/demo/mail" Demo demo_mail::list;
        get "/demo/mail/{number}" Demo demo_mail::letter;
        get "/demo/mail/{number}/eml" Demo demo_mail::eml;
    }
}

/// The router over `app`, without the layers of `layers::harden`.
pub fn router(app: App) -> Router {
    let upload = DefaultBodyLimit::max(app.settings.upload_max.saturating_add(UPLOAD_SLACK));
    let document = usize::try_from(app.settings.files.file).unwrap_or(usize::MAX);
    let document = DefaultBodyLimit::max(document.saturating_add(AROUND_MAX));
    let web = Web::new(app);
    let router = list().into_iter().fold(Router::new(), |router, route| {
        let handler = match route.path {
            "/certificate" => route.handler.layer(DefaultBodyLimit::max(MAX_BYTES + FORM_SLACK)),
            path if LARGE.contains(&path) => route.handler.layer(document),
            path if is_upload(path) => route.handler.layer(upload),
            _ => route.handler,
        };
        router.route(route.path, handler)
    });
    router
        .fallback(|| async { problem::Problem::NotFound })
        .method_not_allowed_fallback(|| async { problem::Problem::WrongMethod })
        .layer(middleware::from_fn_with_state(web.clone(), problem::dress))
        .with_state(web)
}

/// What the fields beside an upload may add to its body, in bytes.
const UPLOAD_SLACK: usize = 2 * 1024 * 1024;

/// What surrounds the only file of a form, in bytes.
const FORM_SLACK: usize = 16 * 1024;

/// Route templates that take the files of documents.
const LARGE: &[&str] = &["/desk/clients/{id}/documents/new", "/desk/documents/{id}/new"];

/// Route templates that may take longer and more, with how long: uploads.
pub const SLOW: &[(&str, Duration)] = &[
    ("/desk/publish", UPLOAD_TIMEOUT),
    ("/desk/import", UPLOAD_TIMEOUT),
    ("/desk/settings/logo", UPLOAD_TIMEOUT),
    ("/desk/reminders/policy/holidays", UPLOAD_TIMEOUT),
    (LARGE[0], DOCUMENT_TIMEOUT),
    (LARGE[1], DOCUMENT_TIMEOUT),
];

/// Route templates that take a post from anywhere, for they heed no cookie: their address itself is the secret.
pub const FROM_ANYWHERE: &[&str] = &["/reminders/stop/{token}"];

/// Whether a route template takes a file.
pub fn is_upload(path: &str) -> bool {
    SLOW.iter().any(|slow| slow.0 == path)
}
