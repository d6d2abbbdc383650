//! Emergencies: agreed beforehand, declared by a few, for hours; and guards still win.

use crdt_model::charter::{Charter, Declared, Validity};
use crdt_model::ids::CharterDigest;
use crdt_model::time::WallTime;
use policy::deciding::question::State;
use policy::signing::emergency::{Declaration, EmergencyRefused, FILE, Signed, encode, verify};
use policy::signing::key_files::read_private_key;
use policy::signing::sshsig::{EMERGENCY_NAMESPACE, sign, sign_for};

use crate::adopting::current;
use crate::command_line::ended;
use crate::tiny::{Tiny, now};

const RULE: &str = r#"
@id("emergency.parties-up")
@reason("In an emergency those above learn who is concerned.")
@reason_zh("应急期间上级可以看到涉及人员。")
permit (principal, action == Action::"flowUp", resource)
when { resource.facet == Facet::"case.parties" };
"#;

/// Version 1 with a rule for emergencies that one reviewer may switch on for two hours.
fn prepared() -> Tiny {
    let tiny = Tiny::new();
    tiny.write("v1/emergency/parties.cedar", RULE);
    tiny.edit(
        "v1/charter.toml",
        "threshold = 2\n",
        "threshold = 2\nemergency = { threshold = 1, hours_max = 2 }\n",
    );
    tiny.edit(
        "v1/checks/basic.toml",
        "[[invariant]]",
        "[[invariant]]\nstates = [\"normal\"]",
    );
    policy::signing::sign::write_manifest(&tiny.path("v1"), None).expect("valid");
    tiny.sign("v1", &["li", "wang"]);
    tiny
}

fn declaration(charter: CharterDigest, hours: u64) -> Declaration {
    Declaration {
        county: "620723000000".parse().expect("a code"),
        charter,
        number: 1,
        holds: Validity {
            from: now(),
            until: WallTime::from_ms(now().ms + hours * 3_600_000),
        },
        reason: "暴雨红色预警".to_owned(),
    }
}

fn signed(tiny: &Tiny, who: &str, text: &str) -> Vec<u8> {
    let key = read_private_key(&tiny.key(who)).expect("a key");
    sign_for(&key, EMERGENCY_NAMESPACE, text.as_bytes())
        .expect("signs")
        .into_bytes()
}

#[test]
fn what_flows_in_an_emergency_does_not_flow_else() {
    let tiny = prepared();
    let charter = current(&tiny);
    let parties = crdt_model::label::Label {
        facet: "case.parties".parse().expect("a name"),
        home: "620723101201".parse().expect("a code"),
        addressee: "620723101201".parse().expect("a code"),
        grade: crdt_model::label::Grade {
            sensitivity: "normal".parse().expect("a name"),
            level: "village".parse().expect("a name"),
        },
    };
    let township = "620723101000".parse().expect("a code");
    assert!(!charter.charter().flow(&parties, township).allowed);
    let emergency = charter.charter().in_state(State::Emergency);
    assert!(emergency.flow(&parties, township).allowed);
    assert_eq!(emergency.digest(), charter.digest());
}

#[test]
fn a_declaration_needs_the_terms_the_charter_and_its_reviewers() {
    let tiny = prepared();
    let charter = current(&tiny);
    let terms = charter.charter().head().emergency;
    let hold = |declaration: &Declaration, signatures: &[Vec<u8>]| {
        let text = declaration.encode().expect("encodes");
        let signed = Signed {
            text: text.into_bytes(),
            signatures: signatures.to_vec(),
        };
        verify(&signed, charter.digest(), terms, charter.board())
    };
    let good = declaration(charter.digest(), 2);
    let text = good.encode().expect("encodes");
    let li = signed(&tiny, "li", &text);
    let declared = hold(&good, std::slice::from_ref(&li)).expect("good");
    assert_eq!((declared.number, declared.holds), (1, good.holds));
    assert_eq!(declared.signers, ["li"]);
    let refused = |result: Result<Declared, EmergencyRefused>| result.expect_err("refused");
    assert!(matches!(
        refused(hold(&good, &[])),
        EmergencyRefused::TooFew { .. }
    ));
    let stranger = signed(&tiny, "stranger", &text);
    assert!(matches!(
        refused(hold(&good, &[stranger])),
        EmergencyRefused::TooFew { .. }
    ));
    let longer = declaration(charter.digest(), 3);
    let text = longer.encode().expect("encodes");
    let signature = signed(&tiny, "li", &text);
    assert!(matches!(
        refused(hold(&longer, &[signature])),
        EmergencyRefused::TooLong { .. }
    ));
    let other = declaration(CharterDigest([7; 32]), 1);
    let signature = signed(&tiny, "li", &other.encode().expect("encodes"));
    assert!(matches!(
        refused(hold(&other, &[signature])),
        EmergencyRefused::OtherCharter { .. }
    ));
    // A signature over another text, and one made for charters.
    assert!(matches!(
        refused(hold(&other_reason(&good), &[li])),
        EmergencyRefused::Signature { .. }
    ));
    let key = read_private_key(&tiny.key("li")).expect("a key");
    let for_charters = sign(&key, good.encode().expect("encodes").as_bytes()).expect("signs");
    assert!(matches!(
        refused(hold(&good, &[for_charters.into_bytes()])),
        EmergencyRefused::Signature { .. }
    ));
}

#[test]
fn a_declaration_travels_in_one_form_with_the_signatures_of_reviewers_alone() {
    let tiny = prepared();
    let charter = current(&tiny);
    let rules: &dyn Charter = &**charter.charter();
    let text = declaration(charter.digest(), 2).encode().expect("encodes");
    let signatures = ["wang", "stranger", "li"].map(|who| signed(&tiny, who, &text));
    let folder = tiny.path("declared");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join(FILE), &text).expect("a file");
    for (number, signature) in signatures.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.sig")), signature).expect("a file");
    }
    let read = Signed::read(&folder).expect("a declaration");
    let terms = charter.charter().head().emergency;
    let (declared, bytes) = encode(&read, charter.digest(), terms, charter.board()).expect("good");
    assert_eq!(declared.signers, ["li", "wang"]);
    assert_eq!(rules.declared(&bytes), Some(declared));
    // In another order, with the stranger's, cut off anywhere, or with one bit turned over.
    let mut others = vec![read.encoded()];
    let reversed = Signed {
        signatures: vec![signatures[0].clone(), signatures[2].clone()],
        text: text.clone().into_bytes(),
    };
    let sorted = Signed {
        signatures: vec![signatures[2].clone(), signatures[0].clone()],
        ..reversed.clone()
    };
    others.extend([reversed.encoded(), sorted.encoded()]);
    others.retain(|other| *other != bytes);
    assert_eq!(others.len(), 2, "one of the two orders is the form");
    others.extend((0..bytes.len()).map(|length| bytes[..length].to_vec()));
    others.extend((0..bytes.len()).map(|at| {
        let mut turned = bytes.clone();
        turned[at] ^= 1;
        turned
    }));
    for other in others {
        let found = rules.declared(&other);
        // Armour does not say in which of two ways some of its letters are written.
        let same = found
            .as_ref()
            .is_some_and(|found| found.signers == ["li", "wang"]);
        assert!(found.is_none() || same, "{found:?}");
    }
}

#[test]
fn a_reviewer_signs_what_could_count_and_nobody_else_does() {
    let tiny = prepared();
    let home = tiny.path("");
    let declare = |out: &str, hours: &str| {
        let from = "2026-06-01T00:00:00Z";
        let arguments = [
            "emergency",
            "declare",
            "v1",
            "--out",
            out,
            "--hours",
            hours,
            "--reason",
            "演练",
            "--from",
            from,
        ];
        ended(&home, &arguments)
    };
    let sign = |folder: &str, who: &str| {
        let key = format!("keys/{who}");
        let arguments = [
            "emergency",
            "sign",
            folder,
            "--charter",
            "v1",
            "--key",
            &key,
        ];
        ended(&home, &arguments)
    };
    let verify = |folder: &str| ended(&home, &["emergency", "verify", folder, "--charter", "v1"]);
    assert_eq!(declare("longer", "3").0, 64);
    assert_eq!(declare("em1", "2").0, 0);
    let (code, text) = sign("em1", "stranger");
    assert!(code == 4 && text.contains("not a reviewer"), "{text}");
    let (code, text) = verify("em1");
    assert!(code == 4 && text.contains("0 of the reviewers"), "{text}");
    let (code, text) = sign("em1", "li");
    assert!(
        code == 0 && text.contains("signed by li") && text.contains("演练"),
        "{text}"
    );
    let (code, text) = verify("em1");
    assert!(code == 0 && text.contains("signed by li"), "{text}");
    assert!(text.contains("until 2026-06-01T02:00:00Z: over"), "{text}");
    tiny.edit("em1/declaration", "演练", "演习");
    assert_eq!(verify("em1").0, 4, "another text");
    tiny.edit("em1/declaration", "T02:00:00Z", "T03:00:00Z");
    let (code, text) = sign("em1", "wang");
    assert!(code == 4 && text.contains("3 hours"), "{text}");
}

#[test]
fn a_question_can_be_asked_in_an_emergency() {
    let tiny = prepared();
    let question = [
        "can",
        "v1",
        "--node",
        "620723101000",
        "--facet",
        "case.parties",
        "--home",
        "620723101201",
    ];
    assert_eq!(ended(&tiny.path(""), &question).0, 1);
    let (code, text) = ended(&tiny.path(""), &[&question[..], &["--emergency"]].concat());
    assert!(code == 0 && text.contains("emergency.parties-up"), "{text}");
}

fn other_reason(declaration: &Declaration) -> Declaration {
    Declaration {
        reason: "演练".to_owned(),
        ..declaration.clone()
    }
}

#[test]
fn a_declaration_has_one_text() {
    let text = declaration(CharterDigest([7; 32]), 1)
        .encode()
        .expect("encodes");
    assert!(Declaration::parse(text.as_bytes()).is_ok());
    for (from, to) in [
        ("number 1", "number 01"),
        ("number 1", "number 0"),
        ("reason 暴雨红色预警", "reason "),
        ("reason", "because"),
        ("emergency 1", "emergency 2"),
        ("\nuntil", "\n\nuntil"),
        ("Z\nreason", "+00:00\nreason"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Declaration::parse(changed.as_bytes()).is_err(), "{to}");
    }
    assert!(Declaration::parse(format!("{text}\n").as_bytes()).is_err());
}

#[test]
fn an_emergency_without_terms_or_rules_or_with_a_forbid_is_refused() {
    let open = |change: &dyn Fn(&Tiny)| {
        let tiny = prepared();
        change(&tiny);
        let findings = policy::CedarCharter::open(&tiny.files("v1")).expect_err("refused");
        findings[0].code
    };
    let terms = "emergency = { threshold = 1, hours_max = 2 }\n";
    let edit = |to: &'static str| move |tiny: &Tiny| tiny.edit("v1/charter.toml", terms, to);
    assert_eq!(open(&edit("")), "emergency::no-terms");
    assert_eq!(
        open(&edit("emergency = { threshold = 3, hours_max = 2 }\n")),
        "charter::emergency"
    );
    assert_eq!(
        open(&edit("emergency = { threshold = 1, hours_max = 73 }\n")),
        "charter::emergency"
    );
    assert_eq!(
        open(&|tiny| tiny.edit("v1/emergency/parties.cedar", "permit", "forbid")),
        "emergency::forbids"
    );
    assert_eq!(
        open(&|tiny| std::fs::remove_file(tiny.path("v1/emergency/parties.cedar")).expect("there")),
        "emergency::no-rules"
    );
}

#[test]
fn nobody_writes_more_in_an_emergency() {
    let tiny = prepared();
    tiny.edit("v1/emergency/parties.cedar", "flowUp", "author");
    let charter = policy::CedarCharter::open(&tiny.files("v1")).expect("it parses");
    let all = policy::review::enumeration::Enumeration::of(&charter).expect("not too many");
    let findings = policy::review::lints::lint(&all, &tiny.files("v1"), now());
    let found = findings
        .iter()
        .any(|one| one.code == "emergency::beyond-flow-and-read");
    assert!(found, "{findings:#?}");
}
