//! TLS by the hub itself: answered over https and nothing else, and a certificate or key that cannot be used is named.

use std::fs;

use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    symm::Cipher,
    x509::{X509, X509Builder, X509NameBuilder, extension::SubjectAlternativeName},
};
use reqwest::{Certificate, ClientBuilder, Identity, Version};
use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::start::{MEND, refused};
use crate::support::process::{Machine, PATIENCE, answer};

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// A certificate for 127.0.0.1 that its own key signs.
fn certificate(key: &PKey<Private>) -> X509 {
    issued(key, key, ["hub.test"; 2])
}

/// A certificate for 127.0.0.1 that another key signs.
fn issued(by: &PKey<Private>, key: &PKey<Private>, [issuer, subject]: [&str; 2]) -> X509 {
    let name = |text: &str| {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", text).unwrap();
        name.build()
    };
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name(subject)).unwrap();
    builder.set_issuer_name(&name(issuer)).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    let host =
        SubjectAlternativeName::new().ip("127.0.0.1").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(host).unwrap();
    builder.sign(by, MessageDigest::sha256()).unwrap();
    builder.build()
}

/// A machine with a certificate and its key.
fn machine() -> (Machine, X509) {
    let machine =
        Machine::with(&[("SERVER__TLS_CERTIFICATE", "certificate.pem"), ("SERVER__TLS_KEY", "key.pem")]);
    let key = new_key();
    let certificate = certificate(&key);
    fs::write(machine.folder().join("certificate.pem"), certificate.to_pem().unwrap()).unwrap();
    fs::write(machine.folder().join("key.pem"), key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    (machine, certificate)
}

/// Everything that comes back for some bytes, until the hub hangs up; it must within the patience.
async fn raw(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut back = Vec::new();
    let _reset = timeout(PATIENCE, stream.read_to_end(&mut back)).await.expect("the hub does not hang up");
    back
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_with_a_certificate_answers_over_https_and_not_over_http() {
    let (machine, certificate) = machine();
    let mut hub = machine.start();
    hub.until_served().await;
    let address = hub.url.strip_prefix("http://").unwrap().to_owned();
    // Somebody who connects and never begins the handshake.
    let silent = tokio::spawn({
        let address = address.clone();
        async move { raw(&address, b"").await }
    });

    let root = Certificate::from_pem(&certificate.to_pem().unwrap()).unwrap();
    let trusting = || ClientBuilder::new().no_proxy().tls_certs_only([root.clone()]);
    for (client, version) in [(trusting(), Version::HTTP_2), (trusting().http1_only(), Version::HTTP_11)] {
        let client = client.build().unwrap();
        let ready = client.get(format!("https://{address}/health/ready")).send().await.unwrap();
        assert_eq!((ready.status().as_u16(), ready.version()), (200, version));
        let refused = client.get(format!("https://{address}/api/v1/organisations")).send().await.unwrap();
        assert_eq!(answer(refused).await.unwrap().expect(401).code(), "access.unauthenticated");
    }
    let stranger = ClientBuilder::new().no_proxy().build().unwrap();
    stranger
        .get(format!("https://{address}/health/ready"))
        .send()
        .await
        .expect_err("anybody's certificate is taken");

    let back = raw(&address, b"GET /health/live HTTP/1.1\r\nhost: hub.test\r\n\r\n").await;
    assert!(
        !back.windows(4).any(|four| four == b"HTTP"),
        "answered in the clear: {}",
        String::from_utf8_lossy(&back)
    );
    assert_eq!(silent.await.unwrap(), b"", "something was said to somebody who said nothing");

    hub.tell(Signal::TERM);
    hub.ended().await.expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_asks_for_certificates_talks_to_nobody_without_one() {
    let (mut machine, certificate) = machine();
    let (authority, other) = (new_key(), new_key());
    let ca = issued(&authority, &authority, ["members", "members"]);
    let file = |name: &str, content: &[u8]| fs::write(machine.folder().join(name), content).unwrap();
    let pair = |by: &PKey<Private>| {
        let key = new_key();
        let mut both = issued(by, &key, ["members", "gateway"]).to_pem().unwrap();
        both.extend(key.private_key_to_pem_pkcs8().unwrap());
        both
    };
    let (good, bad) = (pair(&authority), pair(&other));
    file("ca.pem", &ca.to_pem().unwrap());
    file("good.pem", &good);
    file("bad.pem", &bad);
    file("empty.pem", b"");
    file("words", b"four unrelated words here\n");
    machine.set("SERVER__CLIENT_CA", "empty.pem");
    refused(&machine, "serve", MEND, &["cannot use empty.pem", "correct or empty that"])
        .await
        .expect_code("server.tls");
    machine.set("SERVER__CLIENT_CA", "ca.pem");
    let mut hub = machine.start();
    hub.until_served().await;
    let address = hub.url.strip_prefix("http://").unwrap().to_owned();

    let root = Certificate::from_pem(&certificate.to_pem().unwrap()).unwrap();
    let asks = async |identity: Option<&[u8]>| {
        let mut client = ClientBuilder::new().no_proxy().tls_certs_only([root.clone()]);
        if let Some(identity) = identity {
            client = client.identity(Identity::from_pem(identity).unwrap());
        }
        client.build().unwrap().get(format!("https://{address}/health/ready")).send().await
    };
    assert_eq!(asks(Some(&good)).await.unwrap().status().as_u16(), 200);
    asks(None).await.expect_err("nobody is asked for a certificate");
    asks(Some(&bad)).await.expect_err("anybody's certificate is taken");

    // A gateway, with and without.
    machine.run("key --home home --passphrase-file words init").expect(0);
    let ids =
        "--organisation org_01920000000070008000000000000000 --client cli_01920000000070008000000000000000";
    for (identity, exit, code) in [
        ("--identity good.pem", 77, "token.assertion_refused"),
        ("--identity bad.pem", 75, "hub.unreachable"),
        ("--identity empty.pem", 65, "home.certificate"),
        ("", 75, "hub.unreachable"),
    ] {
        let connect = format!("connect --hub https://{address} {ids} --hub-ca certificate.pem {identity}");
        machine.run(&format!("key --home home --passphrase-file words {connect}")).expect(0);
        machine.run("key --home home --passphrase-file words publish").expect(exit).expect_code(code);
    }
}

#[tokio::test]
async fn a_certificate_or_key_that_cannot_be_used_is_named() {
    let (mut machine, certificate) = machine();
    let file = |name: &str, content: &[u8]| fs::write(machine.folder().join(name), content).unwrap();
    let other = new_key();
    file("other.pem", &other.private_key_to_pem_pkcs8().unwrap());
    file("locked.pem", &other.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"canary").unwrap());
    file("empty.pem", b"");
    file("broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let whole = certificate.to_pem().unwrap();
    file("half.pem", whole.get(..whole.len() / 2).unwrap());
    for (certificate, key, says) in [
        ("nowhere.pem", "key.pem", &["cannot use nowhere.pem for TLS", "No such file"][..]),
        ("empty.pem", "key.pem", &["cannot use empty.pem for TLS", "no certificate in PEM"]),
        ("key.pem", "key.pem", &["cannot use key.pem for TLS", "no certificate in PEM"]),
        ("broken.pem", "key.pem", &["cannot use broken.pem for TLS"]),
        ("half.pem", "key.pem", &["cannot use half.pem for TLS"]),
        ("certificate.pem", "nowhere.pem", &["cannot use nowhere.pem for TLS", "No such file"]),
        ("certificate.pem", "certificate.pem", &["cannot use certificate.pem for TLS", "no key in PEM"]),
        ("certificate.pem", "locked.pem", &["cannot use locked.pem for TLS", "passphrase"]),
        (
            "certificate.pem",
            "other.pem",
            &["cannot use other.pem for TLS", "does not belong to the certificate in certificate.pem"],
        ),
    ] {
        machine.set("SERVER__TLS_CERTIFICATE", certificate);
        machine.set("SERVER__TLS_KEY", key);
        let ended = refused(&machine, "serve", MEND, says).await;
        assert!(ended.err.contains("correct server.tls_certificate and server.tls_key"), "{}", ended.err);
        ended.expect_code("server.tls");
    }
    machine.set("SERVER__TLS_KEY", "");
    let ended = refused(&machine, "serve", MEND, &["server.tls_key", "set both or neither"]).await;
    ended.expect_code("config.invalid");
}
