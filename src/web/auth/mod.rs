//! Signing in and out, and the pages that stand before it.
