//! Whose certificates are accepted: the public authorities', carried in the binary, and those of a file.
//!
//! Knows nothing of mail; kept here because mail is what asks first.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::settings::SettingsError;

/// The public authorities plus those of a PEM file; the server's name is always checked.
///
/// # Errors
/// When the file can't be used.
pub fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, SettingsError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = ca_file {
        let unusable = |why: String| SettingsError::CaFile(path.to_owned(), why);
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unusable(e.to_string()))? {
            let certificate = certificate.map_err(|e| unusable(e.to_string()))?;
            roots.add(certificate).map_err(|e| unusable(e.to_string()))?;
        }
        if roots.len() == before {
            return Err(unusable("it holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|e| SettingsError::Tls(e.to_string()))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
