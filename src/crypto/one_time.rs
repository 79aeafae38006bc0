//! Codes that an app on a telephone and the hub both know for half a minute (TOTP, RFC 6238): six digits, steps of thirty seconds, SHA-1, as
//! every such app has it. A code of the step before or after counts too, for clocks that are a little off.

use totp_rs::{Builder, Totp};

use super::KeyError;
use crate::kernel::{Secret, Timestamp, id::Ids};

/// Bytes of a secret: as many as the digest has (RFC 4226 section 4).
const SECRET: usize = 20;

/// What an app and the hub share.
pub struct OneTime(Secret<Vec<u8>>);

impl OneTime {
    /// A new one.
    pub fn random(ids: &dyn Ids) -> Self {
        let mut bytes = vec![0u8; SECRET];
        ids.random(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// From its bytes, as they were kept.
    pub fn from_bytes(bytes: Secret<Vec<u8>>) -> Option<Self> {
        (bytes.expose().len() == SECRET).then_some(Self(bytes))
    }

    /// Its bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// As it is typed into an app, in base32.
    pub fn as_text(&self) -> Result<Secret<String>, KeyError> {
        Ok(Secret::new(self.totp("")?.secret().to_base32()))
    }

    /// As an app reads it from a QR code: `otpauth://totp/…`, for somebody with this name.
    pub fn as_address(&self, name: &str) -> Result<Secret<String>, KeyError> {
        let address = self.totp(name)?.to_url().map_err(|_ignored| KeyError::Library)?;
        Ok(Secret::new(address))
    }

    /// The number of the step whose code this is, when it counts at this moment. Whoever asks keeps it: a code counts once.
    pub fn step_of(&self, code: &str, at: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(at.seconds()).ok()?;
        let step = self.totp("").ok()?.check(code, seconds)?;
        i64::try_from(step).ok()
    }

    fn totp(&self, name: &str) -> Result<Totp, KeyError> {
        Builder::new()
            .with_secret(self.0.expose().clone())
            // A colon parts the two on the telephone.
            .with_account_name(name.replace(':', "."))
            .with_issuer(Some(ISSUER))
            .build()
            .map_err(|_ignored| KeyError::Library)
    }
}

/// What stands above the code on the telephone.
const ISSUER: &str = "Throughline";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    /// RFC 6238, appendix B, the last six of their eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let shared = OneTime::from_bytes(Secret::new(b"12345678901234567890".to_vec())).unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let at = Timestamp::from_seconds(seconds);
            assert_eq!(shared.step_of(code, at), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_in_its_step_and_in_those_beside_it() {
        let shared = OneTime::from_bytes(Secret::new(b"12345678901234567890".to_vec())).unwrap();
        let step = |seconds| shared.step_of("287082", Timestamp::from_seconds(seconds));
        assert_eq!([step(0), step(30), step(59), step(89)], [Some(1); 4]);
        assert_eq!(step(90), None);
        for wrong in ["", "28708", "2870822", "28708x", "000000"] {
            assert_eq!(shared.step_of(wrong, Timestamp::from_seconds(59)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_the_same_secret_as_a_text_and_as_an_address() {
        let shared = OneTime::random(&SystemIds);
        let (text, address) = (shared.as_text().unwrap(), shared.as_address("w:banda.x2yz").unwrap());
        assert_eq!(text.expose().len(), 32);
        assert!(
            address.expose().starts_with("otpauth://totp/Throughline:w.banda.x2yz?"),
            "{}",
            address.expose()
        );
        assert!(address.expose().contains(text.expose().as_str()));
        assert!(OneTime::from_bytes(Secret::new(vec![0; 19])).is_none());
    }
}
