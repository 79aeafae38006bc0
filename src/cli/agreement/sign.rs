//! Sign a document, write it to a file, and verify its signatures without the hub.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output, files,
        home::Home,
        known::KnownKeys,
        output::Yes,
        policy,
        session::{Session, part, text},
    },
    Which, draft, find, kept, path, show, stands, unusable,
};
use crate::{
    agreements::{Checked, Document, MAX_SIGNATURE},
    crypto::{Typ, peek_kid, sign_compact, verify_compact},
    kernel::{Code, Digest, Fault, Timestamp, id::OrganisationId},
};

#[derive(Args)]
pub(super) struct SignArgs {
    #[command(flatten)]
    which: Which,
    /// Who signs for the organisation.
    #[arg(long)]
    signatory: String,
    /// In which office.
    #[arg(long)]
    office: String,
    /// What shows that this person may.
    #[arg(long)]
    authority: String,
    #[command(flatten)]
    answer: Yes,
}

#[derive(Args)]
pub(super) struct VerifyArgs {
    /// The document.
    document: PathBuf,
    /// The signatures; the file that `fetch` wrote beside the document without it.
    #[arg(long, value_name = "FILE")]
    signatures: Option<PathBuf>,
}

/// Signs exactly what was shown.
pub(super) async fn sign(session: &Session<'_>, args: SignArgs, output: &Output) -> Result<(), CliError> {
    let found = find(session, args.which).await?;
    let (bytes, version): (String, u32) = (part(&found, "document")?, part(&found, "version")?);
    let checked = Checked::read(bytes.clone().into_bytes(), &policy::of(session.home)?)
        .map_err(|complaints| draft::refused(&complaints))?;
    if !checked.document().has_party(session.organisation()) {
        return Err(unusable("this organisation is no party of the document"));
    }
    let names = session.names(checked.document().signatories()).await?;
    output.say(format!(
        "{}\n\nDigest of the exact bytes: {}",
        show::told(checked.document(), &names),
        checked.digest()
    ));
    args.answer.confirm("Sign this for your organisation?")?;
    let token = sign_compact(&session.keyring.signing, Typ::Agreement, bytes.as_bytes())?;
    let body = json!({
        "token": token, "signatory": args.signatory, "office": args.office, "authority": args.authority,
    });
    let path = format!("{}/signatures", path(args.which.agreement, version));
    let view = session.hub.post(&path, &body).await?.body;
    output.data(&view, |view| format!("Signed. {}", stands(view)))
}

/// Keeps the exact bytes, the signatures and the parties' keys in this home; writes files where they are asked for.
pub(super) async fn fetch(
    session: &Session<'_>,
    which: Which,
    out: Option<&Path>,
    output: &Output,
) -> Result<(), CliError> {
    let found = find(session, which).await?;
    let bytes: String = part(&found, "document")?;
    let signatures: Vec<Value> = part(&found, "signatures")?;
    let document = Document::parse(bytes.as_bytes()).map_err(|error| unusable(error.to_string()))?;
    let mut keys = KnownKeys::default();
    for party in document.signatories() {
        keys.add(session.home, &session.hub, party).await?;
    }
    kept::keep(session.home, &document, bytes.as_bytes(), &signatures)?;
    let mut shown = json!({
        "id": document.id, "version": document.version, "digest": Digest::of(&bytes), "signatures": signatures.len(),
    });
    if let Some(out) = out {
        let beside = beside(out);
        files::replace(out, bytes.as_bytes())?;
        files::replace(&beside, &serde_json::to_vec_pretty(&signatures).unwrap_or_default())?;
        if let Some(members) = shown.as_object_mut() {
            members.insert(String::from("files"), json!([out, beside]));
        }
    }
    output.data(&shown, |_| {
        let wrote = out.map_or(String::new(), |out| format!(" Wrote {} and its signatures.", out.display()));
        format!("{} version {} is kept here.{wrote}", document.id, document.version)
    })
}

fn beside(document: &Path) -> PathBuf {
    document.with_extension("signatures.json")
}

/// Verifies a document, its signatures and its rules with what this gateway keeps.
pub(super) fn verify(home: &Home, args: &VerifyArgs, output: &Output) -> Result<(), CliError> {
    let bytes = files::bytes(&args.document)?;
    let signatures = args.signatures.clone().unwrap_or_else(|| beside(&args.document));
    let signatures: Vec<Value> = serde_json::from_slice(&files::bytes(&signatures)?)
        .map_err(|_ignored| unusable(format!("{} is no list of signatures", signatures.display())))?;
    let checked =
        Checked::read(bytes, &policy::of(home)?).map_err(|complaints| draft::refused(&complaints))?;
    let mut keys = KnownKeys::default();
    for party in checked.document().signatories() {
        keys.add_kept(home, party)?;
    }
    let verified = signers(&checked, &signatures, &keys)?;
    let shown = json!({ "verified": true, "digest": checked.digest(), "signed_by": verified });
    output.data(&shown, |_| {
        format!("All {} parties signed exactly these bytes ({}).", verified.len(), checked.digest())
    })
}

/// Who signed these bytes; an error names the party whose signature is missing or does not count.
pub(in crate::cli) fn signers(
    checked: &Checked,
    signatures: &[Value],
    keys: &KnownKeys,
) -> Result<Vec<OrganisationId>, CliError> {
    let parties = checked.document().signatories();
    for party in &parties {
        let one = signatures.iter().find(|one| text(one, "organisation") == party.to_string());
        let one = one.ok_or_else(|| refused(*party, "has not signed"))?;
        let at: Timestamp = part(one, "at")?;
        if !counts(text(one, "token"), (*party, at), checked, keys)? {
            return Err(refused(*party, "did not sign these bytes with a key that counted then"));
        }
    }
    Ok(parties.into_iter().collect())
}

fn counts(
    token: &str,
    (party, at): (OrganisationId, Timestamp),
    checked: &Checked,
    keys: &KnownKeys,
) -> Result<bool, CliError> {
    let kid = peek_kid(token, Typ::Agreement, MAX_SIGNATURE)?;
    let Some(key) = keys.signer(party, &kid, at) else { return Ok(false) };
    let verified = verify_compact(token, Typ::Agreement, MAX_SIGNATURE, |_| Some(key))?;
    Ok(verified.payload() == checked.bytes())
}

fn refused(party: OrganisationId, says: &str) -> CliError {
    CliError::new(Code::new("agreement.not_signed", Fault::Refused), format!("{party} {says}"))
}
