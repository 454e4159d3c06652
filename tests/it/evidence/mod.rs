//! What proves what happened: the activity log's chain, its anchors, certificates of delivery.

mod certificate;
mod chain;
