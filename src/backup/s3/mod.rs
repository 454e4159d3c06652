//! Backups in a bucket of an S3-compatible service. Requests are signed by rusty-s3, which knows no network; they are
//! made in `client.rs`, and what is too long for one of them goes in parts, in `upload.rs`.
//!
//! An object appears whole or not at all, and what was put is there at once; so there is nothing to settle. The service
//! sees ciphertext, names and lengths. Two houses never share a prefix: there is no lock.

mod client;
mod trouble;
mod upload;

use std::io::{self, Read};

use rusty_s3::actions::ListObjectsV2;

use self::client::Client;
pub use self::client::Patience;
use self::client::{Body, Reading};
use self::trouble::Trouble;
use self::upload::Upload;
use super::BackupError;
use super::depot::{Begun, Depot};
use crate::clock::Clock;
use crate::config::S3Config;
use crate::domain::backup::Item;

/// Longest page of a listing, in bytes.
const LISTING_MAX: u64 = 8 << 20;

/// A bucket, or the part of one below a prefix.
#[derive(Clone, Debug)]
pub struct S3Depot {
    client: Client,
    prefix: String,
}

impl S3Depot {
    /// Reads the credentials and authorities that the configuration names; asks nothing of the service yet.
    ///
    /// # Errors
    /// When one of the files can't be used, or endpoint and bucket give no address.
    pub fn new(config: &S3Config, clock: Clock) -> Result<Self, BackupError> {
        Self::patient(config, clock, Patience::USUAL)
    }

    /// As [`S3Depot::new`], with another patience.
    ///
    /// # Errors
    /// As [`S3Depot::new`].
    pub fn patient(config: &S3Config, clock: Clock, patience: Patience) -> Result<Self, BackupError> {
        Ok(Self { client: Client::new(config, clock, patience)?, prefix: config.prefix.clone() })
    }

    fn key(&self, item: Item) -> String {
        format!("{}{item}", self.prefix)
    }

    fn page(&self, after: Option<&str>, out: &mut Vec<(Item, u64)>) -> Result<Option<String>, Trouble> {
        let text = self.client.text(LISTING_MAX, &|x| {
            let mut list = ListObjectsV2::new(x.bucket, x.credentials);
            list.with_prefix(self.prefix.clone());
            if let Some(token) = after {
                list.with_continuation_token(token.to_owned());
            }
            x.sign(&list)
        })?;
        let page = ListObjectsV2::parse_response(&text).map_err(|e| Trouble::Strange(e.to_string()))?;
        for object in page.contents {
            let item = object.key.strip_prefix(&self.prefix).and_then(Item::named);
            out.extend(item.map(|item| (item, object.size.unwrap_or(0))));
        }
        Ok(page.next_continuation_token)
    }
}

impl Depot for S3Depot {
    fn about(&self, item: Item, error: io::Error) -> BackupError {
        match BackupError::from(error) {
            BackupError::Io(e) => BackupError::Far(self.client.place().to_owned(), format!("{item}: {e}")),
            said => said,
        }
    }

    fn items(&self) -> Result<Vec<(Item, u64)>, BackupError> {
        let (mut out, mut after) = (Vec::new(), None);
        loop {
            after = self.page(after.as_deref(), &mut out).map_err(|trouble| self.client.about(trouble))?;
            if after.is_none() {
                out.sort();
                return Ok(out);
            }
        }
    }

    fn put(&self, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
        let key = self.key(item);
        let put = self.client.ask(Body(bytes), None, &|x| x.sign(&x.bucket.put_object(x.credentials, &key)));
        put.map(drop).map_err(|trouble| self.client.about(trouble))
    }

    fn settle(&self) -> Result<(), BackupError> {
        Ok(())
    }

    fn open(&self, item: Item) -> io::Result<Box<dyn Read + Send + '_>> {
        match Reading::begin(&self.client, self.key(item)) {
            Ok(reading) => Ok(Box::new(reading)),
            Err(Trouble::Absent) => Err(io::ErrorKind::NotFound.into()),
            Err(trouble) => Err(io::Error::other(self.client.about(trouble))),
        }
    }

    fn remove(&self, item: Item) -> Result<(), BackupError> {
        let key = self.key(item);
        let gone = self.client.ask(Body(&[]), None, &|x| x.sign(&x.bucket.delete_object(x.credentials, &key)));
        match gone {
            Ok(_) | Err(Trouble::Absent) => Ok(()),
            Err(trouble) => Err(self.client.about(trouble)),
        }
    }

    fn begin(&self, item: Item) -> Result<Box<dyn Begun>, BackupError> {
        Ok(Box::new(Upload::new(self.client.clone(), self.key(item))))
    }
}
