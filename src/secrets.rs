//! The only source of randomness, and what is done with secrets: tokens, their stored digests, comparison.
//!
//! Knows nothing of people or sessions. Randomness is passed as an argument, so that a seed replays a run.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::SaltString;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

/// A source of random bytes: the operating system's, or a seeded one for tests and the demo. Cheap to clone.
#[derive(Clone)]
pub struct Entropy(Arc<Kind>);

enum Kind {
    System,
    /// SHA-256 in counter mode over the seed: repeatable, and never used where a secret protects anything real.
    Seeded {
        seed: u64,
        drawn: Mutex<u64>,
    },
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}

impl Entropy {
    /// The operating system's randomness.
    pub fn system() -> Self {
        Self(Arc::new(Kind::System))
    }

    /// Repeatable bytes from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Kind::Seeded { seed, drawn: Mutex::new(0) }))
    }

    /// Fills `out`. The operating system's source failing is not survivable and ends the process.
    pub fn fill(&self, out: &mut [u8]) {
        match &*self.0 {
            Kind::System => {
                getrandom::fill(out).expect("the operating system gives random bytes");
            }
            Kind::Seeded { seed, drawn } => {
                let mut drawn = drawn.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in out.chunks_mut(32) {
                    let mut input = [0; 16];
                    input[..8].copy_from_slice(&seed.to_be_bytes());
                    input[8..].copy_from_slice(&drawn.to_be_bytes());
                    *drawn += 1;
                    chunk.copy_from_slice(&sha256(&input)[..chunk.len()]);
                }
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A number from `0..below`, without bias. `below` must not be 0.
    pub fn below(&self, below: u64) -> u64 {
        let zone = u64::MAX - u64::MAX % below;
        loop {
            let n = u64::from_be_bytes(self.bytes());
            if n < zone {
                return n % below;
            }
        }
    }
}

/// A secret of 256 bits that is handed out once, as text for a cookie or a link; only its [`TokenDigest`] is kept.
#[derive(Clone, PartialEq, Eq, zeroize::ZeroizeOnDrop)]
pub struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

impl Token {
    /// Draws a new token.
    pub fn draw(entropy: &Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// The token as 43 URL-safe characters.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Token::reveal`] wrote; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut out = [0; 32];
        let n = URL_SAFE_NO_PAD.decode_slice(text, &mut out).ok()?;
        (n == 32 && text.len() == 43).then_some(Self(out))
    }

    /// What is stored in the token's place.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(sha256(&self.0))
    }

    /// A value derived from this token for `purpose`, as text: the form token of a session, for example.
    pub fn derive(&self, purpose: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac_sha256(&self.0, purpose.as_bytes()))
    }
}

/// The SHA-256 of a [`Token`]: a look-up key that reveals nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct TokenDigest(pub [u8; 32]);

/// A six-digit code, uniformly drawn, leading zeros kept.
pub fn draw_code(entropy: &Entropy) -> String {
    format!("{:06}", entropy.below(1_000_000))
}

/// Whether two secrets are equal, in time that depends only on their lengths.
pub fn same_secret(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Memory of one password hash in KiB, passes and lanes: the OWASP minimum for Argon2id. It bounds memory too: at most
/// one hash per core runs at a time.
const PASSWORD_COST: (u32, u32, u32) = (19_456, 2, 1);

/// Hashes a password with Argon2id, as a PHC string. Takes tens of milliseconds: never call it inside a transaction.
///
/// # Errors
/// A sentence, when the machine has no memory for it.
pub fn hash_password(password: &str, entropy: &Entropy) -> Result<String, String> {
    let salt = SaltString::encode_b64(&entropy.bytes::<16>()).map_err(|e| e.to_string())?;
    let hash = hasher().hash_password(password.as_bytes(), &salt);
    hash.map(|h| h.to_string()).map_err(|e| format!("the password could not be hashed: {e}"))
}

/// The form of a hash that no password has: random where a hash would be, at today's cost. Checking a password against
/// it takes as long as against any other, and it takes neither time nor memory to make.
pub fn hash_of_nobody(entropy: &Entropy) -> String {
    let (memory, passes, lanes) = PASSWORD_COST;
    let [salt, output] = [STANDARD_NO_PAD.encode(entropy.bytes::<16>()), STANDARD_NO_PAD.encode(entropy.bytes::<32>())];
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${output}")
}

/// Whether `password` is the one that was hashed; false for a hash that can't be read. As slow as [`hash_password`].
pub fn verify_password(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
}

fn hasher() -> Argon2<'static> {
    let (memory, passes, lanes) = PASSWORD_COST;
    let params = argon2::Params::new(memory, passes, lanes, None).unwrap_or_default();
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, data).as_ref());
    out
}

/// SHA-256 of what comes piece by piece.
#[derive(Clone)]
pub struct Sha256(ring::digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(ring::digest::Context::new(&ring::digest::SHA256))
    }
}

impl Sha256 {
    /// Takes a piece.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

/// HMAC-SHA-256.
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    out.copy_from_slice(ring::hmac::sign(&key, data).as_ref());
    out
}

/// The public half of the Ed25519 key that grows from `seed`.
pub fn ed25519_public(seed: &[u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::signature::KeyPair::public_key(&ed25519(seed)).as_ref());
    out
}

/// Signs with the Ed25519 key that grows from `seed`.
pub fn ed25519_sign(seed: &[u8; 32], message: &[u8]) -> Vec<u8> {
    ed25519(seed).sign(message).as_ref().to_vec()
}

/// Whether `signature` is that of the Ed25519 key with this public half; false for anything that is no key.
pub fn ed25519_verify(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public).verify(message, signature).is_ok()
}

fn ed25519(seed: &[u8; 32]) -> ring::signature::Ed25519KeyPair {
    ring::signature::Ed25519KeyPair::from_seed_unchecked(seed).expect("every 32 bytes are a seed")
}

/// A private key that signs letters.
pub enum SigningKey {
    /// RSA with SHA-256.
    Rsa(Box<ring::signature::RsaKeyPair>),
    /// Ed25519, of the SHA-256 of what is signed.
    Ed25519(ring::signature::Ed25519KeyPair),
}

impl SigningKey {
    /// From PKCS #8; `None` for anything but RSA of 2048 bits or more, and Ed25519.
    pub fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(rsa) = ring::signature::RsaKeyPair::from_pkcs8(der) {
            return Some(Self::Rsa(Box::new(rsa)));
        }
        ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Self::Ed25519)
    }

    /// From PKCS #1, which is RSA.
    pub fn from_pkcs1(der: &[u8]) -> Option<Self> {
        ring::signature::RsaKeyPair::from_der(der).ok().map(|rsa| Self::Rsa(Box::new(rsa)))
    }

    /// As DKIM names the algorithm.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// As DKIM names the kind of key.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa",
            Self::Ed25519(_) => "ed25519",
        }
    }

    /// The public half as DKIM publishes it: of RSA a SubjectPublicKeyInfo, of Ed25519 the key itself.
    pub fn published(&self) -> Vec<u8> {
        use ring::signature::KeyPair;
        match self {
            Self::Rsa(rsa) => subject_public_key(rsa.public_key().as_ref()),
            Self::Ed25519(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// Signs the SHA-256 of `text`.
    pub fn sign_hashed(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(rsa) => {
                let mut out = vec![0; rsa.public().modulus_len()];
                let random = ring::rand::SystemRandom::new();
                let signed = rsa.sign(&ring::signature::RSA_PKCS1_SHA256, &random, text, &mut out);
                // It fails for a buffer of another length only, or without the system's randomness.
                if signed.is_ok() { out } else { Vec::new() }
            }
            Self::Ed25519(key) => key.sign(&sha256(text)).as_ref().to_vec(),
        }
    }
}

/// An RSA public key (PKCS #1) as SubjectPublicKeyInfo.
fn subject_public_key(pkcs1: &[u8]) -> Vec<u8> {
    /// rsaEncryption, without parameters.
    const RSA: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let mut bits = vec![0];
    bits.extend_from_slice(pkcs1);
    let inner = [RSA.as_slice(), &tagged(0x03, &bits)].concat();
    tagged(0x30, &inner)
}

/// A DER value with tag and length.
fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(value.len()) {
        Ok(short @ ..0x80) => out.push(short),
        Ok(byte) => out.extend([0x81, byte]),
        Err(_) => {
            let length = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
            out.extend([0x82, length[0], length[1]]);
        }
    }
    out.extend_from_slice(value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_nothing_else_is() {
        let token = Token::draw(&Entropy::seeded(1));
        assert_eq!(Token::parse(&token.reveal()), Some(token.clone()));
        for wrong in ["", "short", &format!("{}A", token.reveal()), &token.reveal()[..42]] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_seed_repeats_and_seeds_differ() {
        assert_eq!(Entropy::seeded(7).bytes::<40>(), Entropy::seeded(7).bytes::<40>());
        assert_ne!(Entropy::seeded(7).bytes::<40>(), Entropy::seeded(8).bytes::<40>());
    }

    #[test]
    fn a_password_is_known_by_its_hash_only() {
        let entropy = Entropy::seeded(5);
        let hash = hash_password("correct horse battery", &entropy).unwrap();
        assert!(verify_password(&hash, "correct horse battery"));
        assert!(!verify_password(&hash, "correct horse batterz"));
        assert!(!verify_password("not a hash", ""));
        assert_ne!(hash, hash_password("correct horse battery", &entropy).unwrap(), "salted");
        let nobody = hash_of_nobody(&entropy);
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(&nobody), cost(&hash), "checked at the same cost");
        assert!(PasswordHash::new(&nobody).is_ok_and(|x| x.hash.is_some_and(|x| x.len() == 32)), "{nobody}");
        assert!(!verify_password(&nobody, "correct horse battery") && !verify_password(&nobody, ""));
    }

    #[test]
    fn codes_have_six_digits() {
        let entropy = Entropy::seeded(3);
        assert!((0..500).all(|_| draw_code(&entropy).len() == 6));
    }
}
