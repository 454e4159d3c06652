//! The parameters of an address. What can't be read as text leads nowhere, like an address of nothing, and gets the
//! same page; axum's own extractor answers such a request itself, which is why nobody else uses it
//! (`tests/it/tidy.rs`).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::problem::Problem;

/// The parameters, decoded.
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    axum::extract::Path<T>: FromRequestParts<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(all)| Self(all)).map_err(|_| Problem::NotFound)
    }
}
