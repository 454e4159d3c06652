//! What proves what happened: the activity log's chain and its anchors.

mod chain;
