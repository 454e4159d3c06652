//! A cipher that is compiled with optimisation even in tests, and two broken ones that tests of tampering must catch.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;

use crate::store::crypt::Cipher;

/// AES-256-GCM, whole or with a planted defect.
pub(in crate::store::crypt) struct Quick {
    key: LessSafeKey,
    cipher: Cipher,
}

impl Quick {
    pub(in crate::store::crypt) const CIPHERS: [Cipher; 3] =
        [Cipher::QuickForTests, Cipher::ForgetsPlaces, Cipher::BelievesAnything];

    pub(in crate::store::crypt) fn new(cipher: Cipher, key: &[u8; 32]) -> Self {
        Self { key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap()), cipher }
    }

    fn bound_to<'a>(&self, aad: &'a [u8]) -> Aad<&'a [u8]> {
        Aad::from(if self.cipher == Cipher::ForgetsPlaces { &[] } else { aad })
    }

    /// Seals in place; the tag.
    pub(in crate::store::crypt) fn seal(
        &self,
        nonce: &[u8],
        aad: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; 16], Unspecified> {
        if self.cipher == Cipher::BelievesAnything {
            return Ok([0; 16]);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let tag = self.key.seal_in_place_separate_tag(nonce, self.bound_to(aad), text)?;
        tag.as_ref().try_into().map_err(|_| Unspecified)
    }

    /// Opens in place.
    pub(in crate::store::crypt) fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8],
    ) -> Result<(), Unspecified> {
        if self.cipher == Cipher::BelievesAnything {
            return Ok(());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let mut joined = [&*text, tag].concat();
        let plain = self.key.open_in_place(nonce, self.bound_to(aad), &mut joined)?;
        text.copy_from_slice(plain);
        Ok(())
    }
}
