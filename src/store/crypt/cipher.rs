//! Sealing and opening of byte strings under a file's data key, and the data key's subkeys.
//!
//! Knows nothing of files or of where sealed bytes lie.

use std::io;

use aegis::{aegis256x2::Aegis256X2, aegis256x4::Aegis256X4};
use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _, Nonce, Tag,
    aead::{AeadInOut, inout::InOutBuf},
};
use chacha20poly1305::{KeyInit as _, Tag as XTag, XChaCha20Poly1305, XNonce, aead::AeadInPlace};
use zeroize::{Zeroizing, optimization_barrier};

#[cfg(test)]
use super::tests::quick::Quick;
use crate::{secrets::Entropy, store::keys};

/// How blocks are sealed. The numbers are stored in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cipher {
    /// What files have that were made before there was the third. A nonce drawn twice reveals only that two blocks
    /// are equal.
    Aes256GcmSiv = 1,
    /// For processors without them.
    XChaCha20Poly1305 = 2,
    /// AEGIS-256X of degree 2 (RFC 10032), for processors with AES instructions: opens a block in a third to a fifth
    /// of the time of the first. A nonce drawn twice would give away what two blocks hold; 256 bits from the operating
    /// system for each block see to it that none is.
    Aegis256X2 = 3,
    /// The same of degree 4, for processors that do four AES rounds in one instruction (VAES with AVX-512): half the
    /// time again.
    #[default]
    Aegis256X4 = 4,
    /// Compiled with optimisation even in tests, for the many files of a crash test. Not in the program.
    #[cfg(test)]
    QuickForTests = 255,
    /// A planted defect: a block is not bound to its place.
    #[cfg(test)]
    ForgetsPlaces = 254,
    /// A planted defect: nothing is checked, whatever stands there.
    #[cfg(test)]
    BelievesAnything = 253,
}

impl Cipher {
    /// Every one that a file may have.
    pub(super) const ALL: [Self; 4] = [Self::Aes256GcmSiv, Self::XChaCha20Poly1305, Self::Aegis256X2, Self::Aegis256X4];

    /// The fastest one here. A file made elsewhere opens all the same.
    pub fn for_this_machine() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("vaes") && std::arch::is_x86_feature_detected!("avx512f") {
            return Self::Aegis256X4;
        }
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq") {
            return Self::Aegis256X2;
        }
        Self::XChaCha20Poly1305
    }

    /// The number kept in the file.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The cipher of a stored number.
    pub fn from_id(id: u8) -> Option<Self> {
        #[cfg(test)]
        if let Some(cipher) = Quick::CIPHERS.into_iter().find(|cipher| cipher.id() == id) {
            return Some(cipher);
        }
        Self::ALL.into_iter().find(|cipher| cipher.id() == id)
    }

    fn nonce_len(self) -> usize {
        match self {
            Self::Aes256GcmSiv => 12,
            Self::XChaCha20Poly1305 => 24,
            Self::Aegis256X2 | Self::Aegis256X4 => 32,
            #[cfg(test)]
            Self::QuickForTests | Self::ForgetsPlaces | Self::BelievesAnything => 12,
        }
    }
}

const TAG_LEN: usize = 16;

/// The random key from which all keys of one file derive.
pub(super) struct DataKey(pub(super) Zeroizing<[u8; 32]>);

impl DataKey {
    pub(super) fn draw(entropy: &Entropy) -> Self {
        Self(keys::generate_key_file(entropy))
    }

    /// `purpose` is one of `block`, `super`, `header-mac`.
    pub(super) fn subkey(&self, file_id: &[u8; 16], purpose: &str) -> Zeroizing<[u8; 32]> {
        keys::derive(&self.0, file_id, &format!("redb-enc/v1/{purpose}"))
    }
}

/// The bytes are not what was sealed under this key for this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unauthentic;

/// One subkey, ready for use.
pub(super) enum Sealer {
    Siv(Box<Aes256GcmSiv>),
    XChaCha(Box<XChaCha20Poly1305>),
    /// It has no key schedule: each block begins with the key itself. In a box, so that no move leaves a copy behind.
    AegisX2(Box<Zeroizing<[u8; 32]>>),
    /// As the one before.
    AegisX4(Box<Zeroizing<[u8; 32]>>),
    #[cfg(test)]
    Quick(Box<Quick>),
}

impl Sealer {
    pub(super) fn new(cipher: Cipher, key: &[u8; 32]) -> Self {
        let made = below(|| Self::made(cipher, key));
        wipe_below::<KEY_SCHEDULE_REACH>();
        made
    }

    fn made(cipher: Cipher, key: &[u8; 32]) -> Self {
        #[cfg(test)]
        if Quick::CIPHERS.contains(&cipher) {
            return Self::Quick(Box::new(Quick::new(cipher, key)));
        }
        match cipher {
            Cipher::Aes256GcmSiv => Self::Siv(Box::new(Aes256GcmSiv::new(key.into()))),
            Cipher::XChaCha20Poly1305 => Self::XChaCha(Box::new(XChaCha20Poly1305::new(key.into()))),
            Cipher::Aegis256X2 => Self::AegisX2(boxed(key)),
            Cipher::Aegis256X4 => Self::AegisX4(boxed(key)),
            #[cfg(test)]
            _ => unreachable!("taken above"),
        }
    }

    /// Bytes that sealing adds: nonce and tag.
    pub(super) fn overhead(&self) -> usize {
        self.nonce_len() + TAG_LEN
    }

    /// Writes nonce ‖ tag ‖ ciphertext to `out`, which is `overhead()` longer than `plain`.
    pub(super) fn seal(&self, entropy: &Entropy, aad: &[u8], plain: &[u8], out: &mut [u8]) -> io::Result<()> {
        let (nonce, rest) = out.split_at_mut(self.nonce_len());
        let (tag, text) = rest.split_at_mut(TAG_LEN);
        entropy.fill(nonce);
        let sealed = self.sealed(nonce, aad, plain, text);
        tag.copy_from_slice(&sealed.map_err(|_| io::Error::other("a block could not be sealed"))?);
        Ok(())
    }

    /// The tag; `text` is as long as `plain`.
    fn sealed(&self, nonce: &[u8], aad: &[u8], plain: &[u8], text: &mut [u8]) -> Result<[u8; TAG_LEN], Unauthentic> {
        match self {
            Self::Siv(aead) => {
                let buffer = InOutBuf::new(plain, text).map_err(|_| Unauthentic)?;
                let tag = aead.encrypt_inout_detached(&siv_nonce(nonce)?, aad, buffer);
                tag.map(Into::into).map_err(|_| Unauthentic)
            }
            Self::XChaCha(aead) => {
                text.copy_from_slice(plain);
                let tag = aead.encrypt_in_place_detached(XNonce::from_slice(nonce), aad, text);
                tag.map(Into::into).map_err(|_| Unauthentic)
            }
            Self::AegisX2(key) => {
                text.copy_from_slice(plain);
                with_key(key, nonce, |key, nonce| Aegis256X2::new(key, nonce).encrypt_in_place(text, aad))
            }
            Self::AegisX4(key) => {
                text.copy_from_slice(plain);
                with_key(key, nonce, |key, nonce| Aegis256X4::new(key, nonce).encrypt_in_place(text, aad))
            }
            #[cfg(test)]
            Self::Quick(quick) => {
                text.copy_from_slice(plain);
                quick.seal(nonce, aad, text).map_err(|_| Unauthentic)
            }
        }
    }

    /// Opens what [`Sealer::seal`] wrote. On failure `out` is all zeros.
    pub(super) fn open(&self, aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<(), Unauthentic> {
        let (nonce, rest) = sealed.split_at(self.nonce_len());
        let (tag, text) = rest.split_at(TAG_LEN);
        let opened = self.opened(nonce, aad, text, tag, out);
        if opened.is_err() {
            out.fill(0);
        }
        opened
    }

    fn opened_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &[u8]) -> Result<(), Unauthentic> {
        match self {
            Self::Siv(aead) => {
                let tag = Tag::try_from(tag).map_err(|_| Unauthentic)?;
                aead.decrypt_inout_detached(&siv_nonce(nonce)?, aad, text.into(), &tag).map_err(|_| Unauthentic)
            }
            Self::XChaCha(aead) => {
                let (nonce, tag) = (XNonce::from_slice(nonce), XTag::from_slice(tag));
                aead.decrypt_in_place_detached(nonce, aad, text, tag).map_err(|_| Unauthentic)
            }
            Self::AegisX2(key) => {
                let tag = tag.try_into().map_err(|_| Unauthentic)?;
                let open =
                    |key: &_, nonce: &_| Aegis256X2::<TAG_LEN>::new(key, nonce).decrypt_in_place(text, &tag, aad);
                with_key(key, nonce, open)?.map_err(|_| Unauthentic)
            }
            Self::AegisX4(key) => {
                let tag = tag.try_into().map_err(|_| Unauthentic)?;
                let open =
                    |key: &_, nonce: &_| Aegis256X4::<TAG_LEN>::new(key, nonce).decrypt_in_place(text, &tag, aad);
                with_key(key, nonce, open)?.map_err(|_| Unauthentic)
            }
            #[cfg(test)]
            Self::Quick(quick) => quick.open(nonce, aad, text, tag).map_err(|_| Unauthentic),
        }
    }

    /// `out` is as long as `text`; on failure it may hold anything.
    fn opened(&self, nonce: &[u8], aad: &[u8], text: &[u8], tag: &[u8], out: &mut [u8]) -> Result<(), Unauthentic> {
        match self {
            Self::Siv(aead) => {
                let tag = Tag::try_from(tag).map_err(|_| Unauthentic)?;
                let buffer = InOutBuf::new(text, out).map_err(|_| Unauthentic)?;
                aead.decrypt_inout_detached(&siv_nonce(nonce)?, aad, buffer, &tag).map_err(|_| Unauthentic)
            }
            _ => {
                out.copy_from_slice(text);
                self.opened_in_place(nonce, aad, out, tag)
            }
        }
    }

    fn nonce_len(&self) -> usize {
        match self {
            Self::Siv(_) => Cipher::Aes256GcmSiv.nonce_len(),
            Self::XChaCha(_) => Cipher::XChaCha20Poly1305.nonce_len(),
            Self::AegisX2(_) => Cipher::Aegis256X2.nonce_len(),
            Self::AegisX4(_) => Cipher::Aegis256X4.nonce_len(),
            #[cfg(test)]
            Self::Quick(_) => Cipher::QuickForTests.nonce_len(),
        }
    }
}

/// A key in a box of its own, which no move copies.
fn boxed(key: &[u8; 32]) -> Box<Zeroizing<[u8; 32]>> {
    let mut own = Box::new(Zeroizing::new([0; 32]));
    own.copy_from_slice(key);
    own
}

/// The library copies the key to its stack for every block, and leaves it there: what lies below is wiped after it.
fn with_key<T>(key: &[u8; 32], nonce: &[u8], work: impl FnOnce(&[u8; 32], &[u8; 32]) -> T) -> Result<T, Unauthentic> {
    let nonce = nonce.try_into().map_err(|_| Unauthentic)?;
    let done = below(|| work(key, nonce));
    wipe_below::<BLOCK_REACH>();
    Ok(done)
}

/// In a frame of its own, which begins where that of [`wipe_below`] does.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// How far down the stack one block's work reaches with AEGIS, in bytes.
const BLOCK_REACH: usize = 512;
/// How far the making of a key schedule reaches.
const KEY_SCHEDULE_REACH: usize = 16 << 10;

/// Overwrites this much of the stack; `a_key_leaves_memory_with_its_sealer` holds that it is enough.
#[inline(never)]
fn wipe_below<const REACH: usize>() {
    // Not behind `&` at once: that would be a constant of the program.
    let area = [0_u8; REACH];
    optimization_barrier(&area);
}

fn siv_nonce(bytes: &[u8]) -> Result<Nonce, Unauthentic> {
    Nonce::try_from(bytes).map_err(|_| Unauthentic)
}

#[cfg(test)]
mod tests {
    use std::{fs, hint::black_box, os::unix::fs::FileExt as _, sync::mpsc, thread};

    use super::*;
    use crate::secrets::Entropy;

    /// No key that the tests make looks like it, and the key itself stands nowhere in the program.
    const MASKED: [u8; 32] = *b"a key that is looked for, masked";
    const MASK: u8 = 0xa5;

    fn sought_key() -> Box<Zeroizing<[u8; 32]>> {
        let mut key = Box::new(Zeroizing::new([0; 32]));
        key.iter_mut().zip(MASKED).for_each(|(byte, masked)| *byte = masked ^ MASK);
        key
    }

    /// How often the key lies in this process's memory: whole, or its first half.
    fn copies_in_memory() -> usize {
        let memory = fs::File::open("/proc/self/mem").unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut page = vec![0; 1 << 20];
        let own = page.as_ptr().addr() as u64..page.as_ptr().addr() as u64 + page.len() as u64;
        let mut found = 0;
        for (start, end) in maps.lines().filter(|line| line.contains(" rw")).map(range_of) {
            let mut at = start;
            while at < end {
                let len = page.len().min((end - at) as usize);
                let Ok(read) = memory.read_at(&mut page[..len], at) else { break };
                let places = page[..read].windows(16).enumerate();
                let hits = places.filter(|(_, bytes)| {
                    bytes[0] == MASKED[0] ^ MASK
                        && bytes.iter().zip(MASKED).all(|(byte, masked)| *byte == masked ^ MASK)
                });
                found += hits.filter(|(place, _)| !own.contains(&(at + *place as u64))).count();
                at += read.saturating_sub(15).max(1) as u64;
            }
        }
        page.fill(0);
        found
    }

    fn range_of(line: &str) -> (u64, u64) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap())
    }

    /// Seals and opens some blocks, far down a stack that nothing else reaches; counts copies of the key while it is
    /// held, and when its sealer is gone.
    fn copies_held_and_left(cipher: Cipher) -> (usize, usize) {
        let (tell, told) = mpsc::channel();
        let (let_go, go) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let held = far_down(|| use_key(cipher));
                tell.send(held).unwrap();
                go.recv().unwrap();
            });
            let held = told.recv().unwrap();
            let left = copies_in_memory();
            let_go.send(()).unwrap();
            (held, left)
        })
    }

    #[inline(never)]
    fn far_down<T>(work: impl FnOnce() -> T) -> T {
        let depth = [1_u8; 64 << 10];
        let done = work();
        black_box(&depth);
        done
    }

    #[inline(never)]
    fn use_key(cipher: Cipher) -> usize {
        let sealer = Sealer::new(cipher, &sought_key());
        let held = copies_in_memory();
        let entropy = Entropy::seeded(7);
        let (plain, mut out) = ([5; 4096], [0; 4096]);
        for place in 0..50_u8 {
            let mut sealed = vec![0; plain.len() + sealer.overhead()];
            sealer.seal(&entropy, &[place], &plain, &mut sealed).unwrap();
            sealer.open(&[place], &sealed, &mut out).unwrap();
            assert_eq!(out, plain);
        }
        held
    }

    /// Of the ciphers that new files have.
    #[test]
    fn a_key_leaves_memory_with_its_sealer() {
        for cipher in [Cipher::Aegis256X4, Cipher::Aegis256X2, Cipher::XChaCha20Poly1305] {
            let (held, left) = copies_held_and_left(cipher);
            assert_eq!((held > 0, left), (true, 0), "{cipher:?}");
        }
    }

    /// RFC 8452, C.2: what any implementation of the cipher makes of it, so that another one can take its place.
    #[test]
    fn blocks_are_sealed_as_the_standard_has_it() {
        let (mut key, mut nonce) = ([0; 32], [0; 12]);
        (key[0], nonce[0]) = (1, 3);
        let sealer = Sealer::new(Cipher::Aes256GcmSiv, &key);
        let plain = [1, 0, 0, 0, 0, 0, 0, 0];
        let mut text = [0; 8];
        let tag = sealer.sealed(&nonce, &[], &plain, &mut text).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(&[&text[..], &tag].concat()), "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28");
        let mut sealed = [&nonce[..], &tag, &text].concat();
        let mut out = [9; 8];
        sealer.open(&[], &sealed, &mut out).unwrap();
        assert_eq!(out, plain);
        assert_eq!((sealer.open(b"elsewhere", &sealed, &mut out), out), (Err(Unauthentic), [0; 8]));
        sealed[14] ^= 1;
        assert_eq!((sealer.open(&[], &sealed, &mut out), out), (Err(Unauthentic), [0; 8]));
    }

    /// RFC 10032, appendix A, AEGIS-256X2 and AEGIS-256X4: cipher, tag of nothing, begin of the text and tag.
    const NEWER: [(Cipher, &str, &str); 2] = [
        (
            Cipher::Aegis256X2,
            "62cdbab084c83dacdb945bb446f049c8",
            "72120c2ea8236180d67859001f472907635d391828520bf1512763f0c8f5cdbd",
        ),
        (
            Cipher::Aegis256X4,
            "3b7fee6cee7bf17888ad11ed2397beb4",
            "bfc2085b7e8017da99b0b6d646ae4d01b63b611b13975e2f3dc3cb6c2397bfcd",
        ),
    ];

    #[test]
    fn blocks_are_sealed_as_the_newer_standard_has_it() {
        let counting = |from: u8, len: u8| (from..from + len).collect::<Vec<u8>>();
        let key: [u8; 32] = counting(0, 32).try_into().unwrap();
        let nonce = counting(16, 32);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        for (cipher, of_nothing, of_text) in NEWER {
            let sealer = Sealer::new(cipher, &key);
            assert_eq!(hex(&sealer.sealed(&nonce, &[], &[], &mut []).unwrap()), of_nothing);
            let (aad, plain) = ([1, 2, 3, 4, 1, 2, 3, 4], [4, 5, 6, 7].repeat(30));
            let mut text = vec![0; plain.len()];
            let tag = sealer.sealed(&nonce, &aad, &plain, &mut text).unwrap();
            assert_eq!(hex(&[&text[..16], &tag].concat()), of_text);
            let (sealed, mut out) = ([&nonce[..], &tag, &text].concat(), vec![9; plain.len()]);
            sealer.open(&aad, &sealed, &mut out).unwrap();
            assert_eq!(out, plain);
            assert_eq!(sealer.open(b"elsewhere", &sealed, &mut out), Err(Unauthentic));
            assert!(out.iter().all(|byte| *byte == 0));
        }
    }
}
