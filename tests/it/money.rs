//! The ledger against its views: statements, ageing and open amounts are one sum.

use counterfoil::actions::invoices;
use counterfoil::actions::payments::{self, Apply};
use counterfoil::domain::ids::{ClientId, InvoiceId};
use counterfoil::domain::invoice::Invoice;
use counterfoil::domain::payment::{Returned, Reversal, Source};
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::statement::{Account, Charge, Credit, Entry, EntryKind, PaidBack, balance_forward};
use counterfoil::store::prelude::*;
use jiff::civil::{Date, date};

use crate::house::*;

/// A client's account as the store has it.
pub fn account(app: &counterfoil::app::App, client: ClientId) -> (Vec<Entry>, Account) {
    let read = |r: &ReadTx| {
        let (mut entries, mut account) = (Vec::new(), Account::default());
        for invoice in r.invoices_dated(client, Date::MAX)? {
            entries.push(entry(&invoice));
            let (dated, amount) = (invoice.dated, invoice.payable().minor);
            if invoice.is_invoice() {
                let (due, terms) = (invoice.due, invoice.terms.clone());
                account.charges.push(Charge { invoice: invoice.id, dated, due, amount, terms });
                let allocations = r.allocations_of(invoice.id)?;
                let waived = allocations.iter().filter(|x| x.source.is_waived());
                entries.extend(waived.map(|x| Entry {
                    date: x.on,
                    kind: EntryKind::WrittenOff,
                    amount: -x.amount.minor,
                    recorded_at: x.at,
                    ..entry(&invoice)
                }));
                account.allocations.extend(allocations);
            } else {
                account.credits.push(Credit { source: Source::Credit(invoice.id), dated, amount, until: None });
            }
        }
        for receipt in r.receipts_of(client, i32::MAX)? {
            let (date, amount) = (receipt.on, receipt.amount.minor);
            let (source, back) = (Source::Receipt(receipt.id), receipt.reversed.as_ref());
            account.credits.push(Credit { source, dated: date, amount, until: back.map(|x| x.on) });
            account.allocations.extend(back.iter().flat_map(|x| x.parts.clone()));
            let arrived = Entry {
                date,
                kind: EntryKind::Receipt,
                invoice: None,
                receipt: Some(receipt.number),
                number: receipt.reference,
                title: String::new(),
                way: None,
                amount: -amount,
                recorded_at: receipt.at,
            };
            let line = |x: &Reversal| Entry { date: x.on, kind: EntryKind::Reversal, amount, ..arrived.clone() };
            entries.extend(back.map(line));
            entries.push(arrived);
        }
        for refund in r.refunds_of(client, Date::MAX)? {
            let (date, amount, back) = (refund.on, refund.amount.minor, refund.returned.as_ref());
            let (source, until) = (refund.source, back.map(|x| x.on));
            account.refunds.push(PaidBack { source, dated: date, amount, until, recorded_at: refund.at });
            let gone = Entry {
                date,
                kind: EntryKind::Refund,
                invoice: None,
                receipt: None,
                number: refund.reference.clone(),
                title: String::new(),
                way: None,
                amount,
                recorded_at: refund.at,
            };
            let line =
                |x: &Returned| Entry { date: x.on, kind: EntryKind::RefundReturned, amount: -amount, ..gone.clone() };
            entries.extend(back.map(line));
            entries.push(gone);
        }
        Ok::<_, StoreError>((entries, account))
    };
    app.store.read(read).unwrap()
}

fn entry(invoice: &Invoice) -> Entry {
    let issue = invoice.issue.as_ref().unwrap();
    let amount = invoice.payable().minor;
    let (kind, amount) =
        if invoice.is_invoice() { (EntryKind::Invoice, amount) } else { (EntryKind::CreditNote, -amount) };
    Entry {
        date: invoice.dated,
        kind,
        invoice: Some(invoice.id),
        receipt: None,
        number: issue.number.to_string(),
        title: invoice.title.clone(),
        way: None,
        amount,
        recorded_at: issue.at,
    }
}

/// What the client owes by the lists: open amounts less what is unapplied.
pub fn listed_balance(app: &counterfoil::app::App, client: ClientId) -> i64 {
    let read = |r: &ReadTx| {
        let open: i64 = r.open_of(client)?.iter().map(|x| x.0.open).sum();
        let left: i64 = r.unapplied_of(client)?.iter().map(|x| x.left.minor).sum();
        Ok::<_, StoreError>(open - left)
    };
    app.store.read(read).unwrap()
}

async fn credit(house: &TestHouse, of: InvoiceId) -> Result<(), ActError> {
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    invoices::credit(&house.app, by, &scope, of, "Billed twice".to_owned()).await.map(drop)
}

#[tokio::test]
async fn statement_ageing_and_lists_agree_to_the_cent() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (a, _) = house.issue(marlow, 100_00, date(2026, 11, 25)).await;
    let (b, _) = house.issue(marlow, 250_50, date(2026, 12, 20)).await;
    house.publish(marlow, "X-77", 999_99, date(2026, 11, 23)).await;
    house.at(date(2026, 12, 1), 10);
    house.pay(marlow, 40_00, vec![a]).await;
    house.at(date(2026, 12, 3), 10);
    credit(&house, b).await.unwrap();
    house.at(date(2027, 1, 4), 10);
    house.pay(marlow, 2_000_00, vec![]).await;
    house.issue(marlow, 10_00, date(2027, 2, 1)).await;

    let (entries, account) = account(&house.app, marlow);
    let months = [(2026, 11, 30), (2026, 12, 31), (2027, 1, 31), (2027, 2, 28)];
    let mut from = date(2026, 11, 1);
    let mut last = 0;
    for (year, month, day) in months {
        let to = date(year, month, day);
        let statement = balance_forward(entries.clone(), from, to);
        assert_eq!(statement.opening, last, "an opening is the closing before");
        assert_eq!(account.ageing(to).total(), statement.closing, "ageing on {to}");
        (last, from) = (statement.closing, to.tomorrow().unwrap());
    }
    assert_eq!(last, 100_00 + 250_50 + 999_99 - 40_00 - 250_50 - 2_000_00 + 10_00);
    assert_eq!(listed_balance(&house.app, marlow), last);
}

#[tokio::test]
async fn an_invoice_is_credited_once_even_when_it_was_paid() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (paid, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 25)).await;
    house.pay(house.who.marlow, 100_00, vec![paid]).await;
    credit(&house, paid).await.unwrap();
    assert_eq!(listed_balance(&house.app, house.who.marlow), -100_00, "the credit is unapplied");
    let again = credit(&house, paid).await;
    assert!(matches!(again, Err(ActError::Refused(Refusal::MoreThanOpen(_)))), "{again:?}");
}

#[tokio::test]
async fn two_credits_at_the_same_moment_are_one() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 25)).await;
    let (one, two) = tokio::join!(credit(&house, id), credit(&house, id));
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    assert_eq!(listed_balance(&house.app, house.who.marlow), 0);
}

#[tokio::test]
async fn an_allocation_is_logged_once_and_taken_back_whole() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let receipt = house.pay(marlow, 70_00, vec![]).await;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 25)).await;
    let (source, on) = (Source::Receipt(receipt), house.app.today());
    let apply = move |w: &mut WriteTx<'_>, scope: &_| payments::apply_more(w, scope, source, id, eur(70_00), on);
    house.act(house.who.tom, apply).await.unwrap();
    assert_eq!(house.open(id), 30_00);
    let logged = |house: &TestHouse| house.log().iter().filter(|e| format!("{e:?}").starts_with("Allocated")).count();
    assert_eq!(logged(&house), 1);
    let allocation = house.app.store.read(|r| r.allocations_of(id)).unwrap()[0].id;
    let settings = house.app.settings.clone();
    let undo = move |w: &mut WriteTx<'_>, scope: &_| payments::undo(w, scope, &settings, (id, allocation), "wrong one");
    house.act(house.who.tom, undo).await.unwrap();
    assert_eq!((house.open(id), listed_balance(&house.app, marlow)), (100_00, 30_00));
}

#[tokio::test]
async fn payments_are_refused_in_the_declared_order() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let (id, _) = house.issue(who.kestrel, 100_00, date(2026, 12, 25)).await;
    let before = house.log().len();
    let exactly = |minor, part| house.receipt(who.kestrel, minor, Apply::Exactly(vec![(id, eur(part))]));
    let table = [
        (who.maeve, exactly(0, 5), "NotFound"),
        (who.jonas, exactly(0, 5), "NotAllowed"),
        (who.tom, exactly(0, 5), "Fields"),
        (who.tom, exactly(i64::MAX, 5), "Fields"),
        (who.tom, exactly(200_00, 150_00), "MoreThanOpen"),
        (who.tom, exactly(10_00, 15_00), "MoreThanUnapplied"),
        (who.tom, exactly(10_00, -1), "MoreThanOpen"),
    ];
    for (staff, new, expected) in table {
        let refused = house.act(staff, move |w, scope| payments::record(w, scope, &new)).await.unwrap_err();
        let ActError::Refused(refused) = refused else { panic!("{refused}") };
        assert!(format!("{refused:?}").starts_with(expected), "{refused:?} in place of {expected}");
    }
    assert_eq!((house.log().len(), house.open(id)), (before, 100_00), "a refusal leaves no trace");
}

#[tokio::test]
async fn publications_are_refused_in_the_declared_order() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    house.publish(who.marlow, "X-1", 100, date(2026, 12, 1)).await;
    let good = house.publication(who.kestrel, "X-2", 100, date(2026, 12, 1));
    let bad = invoices::Publication { amount: eur(0), pdf: b"<html>".to_vec(), ..good.clone() };
    let taken = invoices::Publication { number: "X-1".parse().unwrap(), ..good.clone() };
    let foreign = invoices::Publication { project: Some(who.glaze), ..bad.clone() };
    let table = [
        (who.maeve, &bad, "NotFound"),
        (who.jonas, &bad, "NotAllowed"),
        (who.tom, &foreign, "NotFound"),
        (who.tom, &bad, "Fields"),
        (who.tom, &taken, "NumberTaken"),
    ];
    for (staff, publication, expected) in table {
        let (by, scope) = (house.by(staff), house.scope(staff));
        let refused = invoices::publish(&house.app, by, &scope, publication.clone()).await.unwrap_err();
        let ActError::Refused(refused) = refused else { panic!("{refused}") };
        assert!(format!("{refused:?}").starts_with(expected), "{refused:?} in place of {expected}");
    }
}
