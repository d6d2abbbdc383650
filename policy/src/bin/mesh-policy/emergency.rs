//! `emergency`: declare an emergency, end it, sign it and look at it.

use std::path::{Path, PathBuf};

use crdt_model::charter::Validity;
use crdt_model::time::WallTime;
use policy::CharterFiles;
use policy::adopt::{AdoptedCharter, restore};
use policy::emergency::{
    Declaration, EmergencyRefused, FILE, SIGNATURE_ENDING, Signed, under, verify,
};
use policy::key_files::read_private_key;
use policy::manifest::{MANIFEST_PATH, date, digest_of};
use policy::sshsig::{DetachedSignature, EMERGENCY_NAMESPACE, SshSigError, sign_for};
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, refusal};

const HOUR_MS: u64 = 3_600_000;

/// Declare an emergency, sign it, end it.
///
/// While a declaration holds, what `emergency/` permits counts too. A declaration is a folder with
/// one text and the signatures over it; `mesh-node emergency` hands it to a node.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write a declaration into a new folder.
    Declare(Declare),
    /// Sign a declaration as a reviewer.
    Sign(Sign),
    /// Hold a declaration to the charter, as a node does.
    Verify(Verify),
}

#[derive(clap::Args)]
struct Declare {
    /// The folder of the charter in force.
    charter: PathBuf,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// For how many hours; 0 ends what was declared before.
    #[arg(long)]
    hours: u32,
    /// Why, in one line.
    #[arg(long)]
    reason: String,
    /// 1 for the first under this charter, then one more each time.
    #[arg(long, default_value_t = 1)]
    number: u32,
    /// From when on; now if not given.
    #[arg(long, value_name = "TIME", default_value_t)]
    from: Moment,
}

#[derive(clap::Args)]
struct Sign {
    /// The declaration's folder.
    dir: PathBuf,
    /// The reviewer's private key: OpenSSH, ed25519, without passphrase. Others sign with
    /// `ssh-keygen -Y sign -n emergency@countymesh -f KEY DIR/declaration`.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The folder of the charter in force.
    #[arg(long, value_name = "DIR")]
    charter: PathBuf,
}

#[derive(clap::Args)]
struct Verify {
    /// The declaration's folder.
    dir: PathBuf,
    /// The folder of the charter in force.
    #[arg(long, value_name = "DIR")]
    charter: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, _: &Output) -> Result<Answer, Failure> {
    match &arguments.command {
        Command::Declare(arguments) => declare(arguments),
        Command::Sign(arguments) => sign(arguments),
        Command::Verify(arguments) => check(arguments),
    }
}

fn declare(arguments: &Declare) -> Result<Answer, Failure> {
    let charter = charter(&arguments.charter)?;
    let Some(terms) = charter.charter().head().emergency else {
        return Err(Failure::usage("the charter has no terms for an emergency"));
    };
    if arguments.hours > terms.hours_max {
        let message = format!(
            "{} hours, where the charter allows {} at a time",
            arguments.hours, terms.hours_max
        );
        return Err(Failure::usage(message));
    }
    if arguments.hours == 0 && arguments.number == 1 {
        let message = "number 1 has none before it to call off: give the next `--number`";
        return Err(Failure::usage(message));
    }
    // A declaration is written to the second.
    let from = WallTime::from_ms(arguments.from.wall().ms / 1000 * 1000);
    let until = WallTime::from_ms(from.ms + u64::from(arguments.hours) * HOUR_MS);
    let declaration = Declaration {
        county: charter.charter().county(),
        charter: charter.digest(),
        number: arguments.number,
        holds: Validity { from, until },
        reason: arguments.reason.clone(),
    };
    let text = declaration.encode().unwrap_or_default();
    Declaration::parse(text.as_bytes()).map_err(Failure::usage)?;
    let failed = |problem: std::io::Error| {
        Failure::usage(format!(
            "cannot write `{}`: {problem}",
            arguments.out.display()
        ))
    };
    std::fs::create_dir(&arguments.out).map_err(failed)?;
    std::fs::write(arguments.out.join(FILE), &text).map_err(failed)?;
    let out = arguments.out.display();
    let told = format!(
        "{text}\nwritten to `{out}`; {} of the reviewers must sign it:\n  \
         mesh-policy emergency sign {out} --charter {} --key FILE\n",
        terms.threshold,
        arguments.charter.display(),
    );
    Ok(Answer::new(
        Exit::Clean,
        told,
        json!({ "declaration": text, "needed": terms.threshold }),
    ))
}

/// Nobody signs what could not count: under another charter, for too long, or not as a reviewer.
fn sign(arguments: &Sign) -> Result<Answer, Failure> {
    let refused =
        |refused: EmergencyRefused| Failure::new(Exit::Signature, "emergency-refused", refused);
    let charter = charter(&arguments.charter)?;
    let terms = charter.charter().head().emergency;
    let terms = terms.ok_or_else(|| refused(EmergencyRefused::NoTerms))?;
    let text = Signed::read(&arguments.dir).map_err(Failure::usage)?.text;
    let declaration = under(&text, charter.digest(), terms).map_err(refused)?;
    let key = read_private_key(&arguments.key)?;
    let internal = |problem: SshSigError| Failure::new(Exit::Internal, "signature", problem);
    let signature = sign_for(&key, EMERGENCY_NAMESPACE, &text).map_err(internal)?;
    let signed = DetachedSignature::parse_for(signature.as_bytes(), EMERGENCY_NAMESPACE);
    let signer = signed.map_err(internal)?.key().clone();
    let Some(reviewer) = charter.board().member(&signer) else {
        let message = format!("{} is not a reviewer of this charter", signer.fingerprint());
        return Err(Failure::new(Exit::Signature, "not-reviewer", message));
    };
    let path = arguments
        .dir
        .join(format!("{}.{SIGNATURE_ENDING}", reviewer.name));
    std::fs::write(&path, signature).map_err(|problem| {
        Failure::usage(format!("cannot write `{}`: {problem}", path.display()))
    })?;
    let told = format!(
        "{}\nsigned by {} with {}\nwritten to `{}`\n",
        declaration.encode().unwrap_or_default(),
        reviewer.name,
        signer.fingerprint(),
        path.display()
    );
    Ok(Answer::new(
        Exit::Clean,
        told,
        json!({ "fingerprint": signer.fingerprint(), "name": reviewer.name, "path": path }),
    ))
}

/// How a span stands to now.
fn standing(holds: Validity, now: WallTime) -> &'static str {
    if now.ms < holds.from.ms {
        "not begun yet"
    } else if now.ms < holds.until.ms {
        "counts now"
    } else {
        "over"
    }
}

fn check(arguments: &Verify) -> Result<Answer, Failure> {
    let charter = charter(&arguments.charter)?;
    let signed = Signed::read(&arguments.dir).map_err(Failure::usage)?;
    let terms = charter.charter().head().emergency;
    let declaration = verify(&signed, charter.digest(), terms, charter.board())
        .map_err(|refused| Failure::new(Exit::Signature, "emergency-refused", refused))?;
    let shown = |time| date(time).unwrap_or_default();
    let told = if declaration.ends() {
        format!(
            "declaration {}, which calls off what was declared before it",
            declaration.number
        )
    } else {
        format!(
            "emergency {} under version {}, from {} until {}: {}",
            declaration.number,
            charter.version(),
            shown(declaration.holds.from),
            shown(declaration.holds.until),
            standing(declaration.holds, Moment::default().wall())
        )
    };
    let told = format!(
        "{told}\nreason: {}\nsigned by {}\n",
        declaration.reason,
        declaration.signers.join(", ")
    );
    let object = json!({
        "number": declaration.number, "ends": declaration.ends(), "reason": declaration.reason,
        "from": shown(declaration.holds.from), "until": shown(declaration.holds.until),
        "signed_by": declaration.signers,
    });
    Ok(Answer::new(Exit::Clean, told, object))
}

fn charter(folder: &Path) -> Result<AdoptedCharter, Failure> {
    let files = CharterFiles::read(folder)?;
    let manifest = files
        .files
        .get(MANIFEST_PATH)
        .map_or(&[][..], Vec::as_slice);
    restore(&files, digest_of(manifest)).map_err(|refused| refusal(refused, &files))
}
