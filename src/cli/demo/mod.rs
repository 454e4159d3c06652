//! demo
pub mod accounting;
pub mod firm;
pub mod plan;
pub mod story;
pub mod work;
