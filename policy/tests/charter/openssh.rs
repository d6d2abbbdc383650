//! OpenSSH and this crate understand each other's signatures and keys.

use std::path::Path;
use std::process::{Command, Stdio};

use policy::signing::key_files::{KeyFileError, read_private_key};
use policy::signing::sign::{SignError, add_signature};
use policy::signing::sshsig::{DetachedSignature, NAMESPACE, SshKey, SshSigError};

use crate::tiny::{Tiny, now};

const MANIFEST: &[u8] = include_bytes!("fixtures/manifest");
const REVIEWER: &str = include_str!("fixtures/reviewer.pub");

fn verify(signature: &str, manifest: &[u8]) -> Result<(), SshSigError> {
    let key = SshKey::parse(REVIEWER).expect("a public key");
    DetachedSignature::parse(signature.as_bytes())?.verify(&key, manifest)
}

#[test]
fn signatures_made_by_ssh_keygen_verify() {
    let (sha512, sha256) = (
        include_str!("fixtures/sha512.sig"),
        include_str!("fixtures/sha256.sig"),
    );
    assert_eq!(verify(sha512, MANIFEST), Ok(()));
    assert_eq!(verify(sha256, MANIFEST), Ok(()));
    assert_eq!(
        verify(sha512, b"another manifest"),
        Err(SshSigError::Mismatch)
    );
    let other = verify(include_str!("fixtures/other-namespace.sig"), MANIFEST);
    assert_eq!(
        other,
        Err(SshSigError::Namespace {
            needed: "charter@countymesh",
            namespace: "git".to_owned()
        })
    );
    let rsa = verify(include_str!("fixtures/rsa.sig"), MANIFEST).expect_err("an RSA key");
    assert!(
        rsa.to_string()
            .contains("a `ssh-rsa` key cannot sign charters"),
        "{rsa}"
    );
}

/// Whether `ssh-keygen` is on this machine. Where it is not, that is said and the stored signatures
/// above stand for it.
fn has_ssh_keygen() -> bool {
    let found = Command::new("ssh-keygen")
        .arg("-?")
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        eprintln!(
            "SKIPPED: `ssh-keygen` is not on this machine; install openssh-client to run this"
        );
    }
    found
}

fn ssh_keygen(arguments: &[&str], input: Option<&Path>) -> bool {
    let input = match input {
        Some(path) => Stdio::from(std::fs::File::open(path).expect("a file")),
        None => Stdio::null(),
    };
    let output = Command::new("ssh-keygen")
        .args(arguments)
        .stdin(input)
        .output();
    let output = output.expect("ssh-keygen runs");
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

#[test]
fn ssh_keygen_verifies_what_this_crate_signs() {
    if !has_ssh_keygen() {
        return;
    }
    let tiny = Tiny::signed();
    let public = tiny.text("keys/li.pub");
    tiny.write(
        "allowed_signers",
        &format!("li namespaces=\"{NAMESPACE}\" {public}"),
    );
    let (allowed, signature) = (
        tiny.path("allowed_signers"),
        tiny.path("v1/signatures/li.sig"),
    );
    let (allowed, signature) = (allowed.to_string_lossy(), signature.to_string_lossy());
    let verify = |namespace: &str, manifest: &str| {
        let arguments = [
            "-Y", "verify", "-f", &allowed, "-I", "li", "-n", namespace, "-s", &signature,
        ];
        ssh_keygen(&arguments, Some(&tiny.path(manifest)))
    };
    assert!(verify(NAMESPACE, "v1/manifest"));
    assert!(!verify("git", "v1/manifest"));
    assert!(!verify(NAMESPACE, "v1/charter.toml"));
}

#[test]
fn ssh_keygen_signs_with_our_keys_and_a_node_adopts_it() {
    if !has_ssh_keygen() {
        return;
    }
    let tiny = Tiny::new();
    tiny.sign("v1", &["wang"]);
    tiny.copy("v1", "aside");
    let (key, manifest) = (tiny.key("li"), tiny.path("aside/manifest"));
    let (key, manifest) = (key.to_string_lossy(), manifest.to_string_lossy());
    assert!(ssh_keygen(
        &["-Y", "sign", "-n", NAMESPACE, "-f", &key, &manifest],
        None
    ));
    let (v1, made) = (tiny.path("v1"), tiny.path("aside/manifest.sig"));
    let as_wang = add_signature(&v1, &made, Some("wang"), None);
    assert!(matches!(as_wang, Err(SignError::OtherReviewer { .. })));
    let added = add_signature(&v1, &made, Some("li"), None).expect("a reviewer's signature");
    assert_eq!(added.path, "signatures/li.sig");
    assert!(policy::signing::adopt::found(&tiny.files("v1"), now(), None).is_ok());
}

#[test]
fn this_crate_signs_with_keys_that_ssh_keygen_made() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reviewer");
    let file = path.to_string_lossy();
    assert!(ssh_keygen(
        &["-q", "-t", "ed25519", "-N", "", "-C", "li", "-f", &file],
        None
    ));
    let signing = read_private_key(&path).expect("an unencrypted key");
    let public = std::fs::read_to_string(path.with_extension("pub")).expect("its public half");
    assert_eq!(SshKey::parse(&public), Ok(SshKey::from(&signing)));
}

#[test]
fn keys_that_this_crate_cannot_sign_with_say_how_to_sign_with_them() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (protected, rsa) = (folder.path().join("protected"), folder.path().join("rsa"));
    let file = protected.to_string_lossy();
    assert!(ssh_keygen(
        &["-q", "-t", "ed25519", "-N", "a passphrase", "-f", &file],
        None
    ));
    let file = rsa.to_string_lossy();
    assert!(ssh_keygen(
        &["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", &file],
        None
    ));
    let refused = read_private_key(&protected).expect_err("it has a passphrase");
    assert!(
        matches!(refused, KeyFileError::Encrypted { .. }),
        "{refused}"
    );
    assert!(
        refused
            .to_string()
            .contains("ssh-keygen -Y sign -n charter@countymesh"),
        "{refused}"
    );
    assert!(matches!(
        read_private_key(&rsa),
        Err(KeyFileError::Algorithm { .. })
    ));
}
