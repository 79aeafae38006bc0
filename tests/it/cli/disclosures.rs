//! Data protection asks what was disclosed about a person, and believes only what the node signed.

use serde_json::json;
use throughline::{
    crypto::{SigningKey, Typ, sign_compact},
    kernel::id::SystemIds,
};

use super::{gateway::hub_behind, referral::Story};
use crate::support::meddler::{Answered, Meddler};

/// What a hub that lies makes of a statement.
type Lie = Box<dyn Fn(&str) -> String + Send>;

/// What stands between the dots of a token.
fn payload(token: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()
}

#[actix_web::test]
async fn what_was_disclosed_is_told_with_its_consent_and_its_agreement_and_kept_as_a_signed_statement() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, consent, .. } = &story;
    let (packet, referral) = story.acknowledged().await;
    let subject = harbour.json(hub, &format!("referral show {referral}")).await["party"]["subject"].clone();
    let subject = subject.as_str().unwrap();
    let ask = format!("audit disclosures {subject}");
    let told = harbour.run(hub, &format!("{ask} --out statement.jws")).await.expect(0).out;
    for part in
        [subject, &packet, &referral, "Lakeside, fetched", ", answered", "P01 and SV07", consent, "dsa_"]
    {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
    let read = harbour.json(hub, &ask).await;
    let one = &read["disclosed"][0];
    assert_eq!((&one["packet"], &one["to"][0]["organisation"]), (&json!(packet), &json!(lakeside.id)));
    assert_eq!(read["consents"][one["consent"]["id"].as_str().unwrap()], json!(consent));
    let kept = std::fs::read_to_string(harbour.file("statement.jws")).unwrap();
    let stated: serde_json::Value = serde_json::from_slice(&payload(&kept)).unwrap();
    assert_eq!((&stated["disclosed"], &stated["aud"]), (&read["disclosed"], &json!(harbour.id)));

    let theirs = lakeside.run(hub, &ask).await.expect(0).out;
    assert!(
        theirs.contains(&packet) && !theirs.contains("con_"),
        "only who asked knows the consent: {theirs}"
    );
    let nobody = "audit disclosures sub_0192f0c1000070008000000000000099";
    let nothing = harbour.run(hub, nobody).await.expect(0).out;
    assert!(nothing.contains("nothing that this organisation"), "{nothing}");
    harbour.run(hub, "audit disclosures nobody").await.expect(2);
}

#[actix_web::test]
async fn a_statement_that_the_node_did_not_sign_or_that_is_about_somebody_else_is_not_shown() {
    let meddler = Meddler::new();
    let story = Story::at(hub_behind(&meddler)).await;
    let Story { hub, harbour, .. } = &story;
    let (packet, referral) = story.send("").await;
    let subject = harbour.json(hub, &format!("referral show {referral}")).await["party"]["subject"].clone();
    let ask = format!("audit disclosures {} --out statement.jws", subject.as_str().unwrap());
    let stranger = SigningKey::generate(&SystemIds).unwrap();
    let lies: [(&str, Lie); 4] = [
        (
            "another key",
            Box::new(move |token| sign_compact(&stranger, Typ::Disclosures, &payload(token)).unwrap()),
        ),
        (
            "signature is wrong",
            Box::new(|token| {
                let (signed, signature) = token.rsplit_once('.').unwrap();
                let (first, rest) = signature.split_at(1);
                format!("{signed}.{}{rest}", if first == "A" { "B" } else { "A" })
            }),
        ),
        ("not the statement that was asked for", Box::new(|_| String::from("nothing"))),
        ("not the statement that was asked for", {
            let answer = harbour.json(hub, "audit disclosures sub_0192f0c1000070008000000000000099").await;
            let other = answer["statement"].as_str().unwrap().to_owned();
            Box::new(move |_| other.clone())
        }),
    ];
    for (why, lie) in lies {
        meddler.after(move |answered: &mut Answered| {
            if answered.path == "/api/v1/disclosures" {
                answered.change("statement", &lie);
            }
        });
        let refused = harbour.run(hub, &ask).await.expect(65);
        assert!(
            refused.err.contains("audit.statement_refused") && refused.err.contains(why),
            "{}",
            refused.err
        );
        assert!(!refused.out.contains(&packet) && !harbour.file("statement.jws").exists());
    }
    meddler.rest();
    harbour.run(hub, &ask).await.expect(0);
}
