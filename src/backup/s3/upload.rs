//! What is too long for one request goes in parts, of which one is in memory. Dropped before it is kept, or when a part
//! fails for good, it is taken back; of a process that was killed the parts stay, unseen, until the bucket's own rule
//! clears them away.

use std::io::{self, Write};

use rusty_s3::actions::{CompleteMultipartUploadResponse, CreateMultipartUpload};

use super::super::BackupError;
use super::super::depot::Begun;
use super::client::{Body, Client, in_namespace, text};
use super::trouble::{ANSWER_MAX, Trouble};

/// Bytes of each of the first parts; the service takes no shorter ones than 5 MiB.
const PART: usize = 8 << 20;
/// Parts after which they get longer by as much again.
const GROWS_AFTER: usize = 1_000;
/// Parts that the service takes.
const PARTS_MAX: usize = 10_000;

/// An object on its way.
pub(super) struct Upload {
    client: Client,
    key: String,
    id: Option<String>,
    part: Vec<u8>,
    etags: Vec<String>,
}

impl Upload {
    pub fn new(client: Client, key: String) -> Self {
        Self { client, key, id: None, part: Vec::new(), etags: Vec::new() }
    }

    /// Room of the part that is being filled: from 8 to 80 MiB, so that some 400 GiB fit.
    fn part_bytes(&self) -> usize {
        PART * (1 + self.etags.len() / GROWS_AFTER)
    }

    fn send_part(&mut self) -> Result<(), Trouble> {
        let id = match self.id.take() {
            Some(id) => id,
            None => self.create()?,
        };
        let id = &*self.id.insert(id);
        if self.etags.len() == PARTS_MAX {
            return Err(Trouble::Strange("the backup is longer than an object can be".to_owned()));
        }
        let number = u16::try_from(self.etags.len() + 1).unwrap_or(u16::MAX);
        let answer = self
            .client
            .ask(Body(&self.part), None, &|x| x.sign(&x.bucket.upload_part(x.credentials, &self.key, number, id)))?;
        let etag = answer.headers().get(reqwest::header::ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.ok_or_else(|| Trouble::Strange("a part has no ETag".to_owned()))?;
        self.etags.push(etag.to_owned());
        self.part.clear();
        Ok(())
    }

    fn create(&self) -> Result<String, Trouble> {
        let text =
            self.client.text(ANSWER_MAX, &|x| x.sign(&x.bucket.create_multipart_upload(x.credentials, &self.key)))?;
        let created = CreateMultipartUpload::parse_response(&text).map_err(|e| Trouble::Strange(e.to_string()))?;
        Ok(created.upload_id().to_owned())
    }

    fn complete(&mut self) -> Result<(), Trouble> {
        let Some(id) = &self.id else {
            let put =
                self.client.ask(Body(&self.part), None, &|x| x.sign(&x.bucket.put_object(x.credentials, &self.key)));
            return put.map(drop);
        };
        let etags = || self.etags.iter().map(String::as_str);
        let body = self.client.parts_body(&self.key, id, etags());
        let answer = self.client.ask(Body(body.as_bytes()), None, &|x| {
            x.sign(&x.bucket.complete_multipart_upload(x.credentials, &self.key, id, etags()))
        });
        match answer {
            // It may say so late that it failed.
            Ok(answer) => {
                let text = in_namespace(&text(answer, ANSWER_MAX)?);
                CompleteMultipartUploadResponse::parse(&text).map(drop).map_err(|_| Trouble::of(200, &text))
            }
            // The first answer was lost and a second was asked for: whoever keeps it reads it back.
            Err(Trouble::Absent) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    fn finish(&mut self) -> Result<(), Trouble> {
        if self.id.is_some() && !self.part.is_empty() {
            self.send_part()?;
        }
        self.complete()?;
        self.id = None;
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.part_bytes() - self.part.len();
        let taken = &bytes[..bytes.len().min(room)];
        self.part.extend_from_slice(taken);
        if taken.len() == room {
            self.send_part().map_err(|trouble| io::Error::other(self.client.about(trouble)))?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Begun for Upload {
    fn keep(mut self: Box<Self>) -> Result<(), BackupError> {
        self.finish().map_err(|trouble| self.client.about(trouble))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            let _ = self
                .client
                .ask(Body(&[]), None, &|x| x.sign(&x.bucket.abort_multipart_upload(x.credentials, &self.key, &id)));
        }
    }
}
