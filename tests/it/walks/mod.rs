//! One number, one payment, one reminder: each followed from the act to its last trace.

mod number;
mod payment;
mod reminder;
