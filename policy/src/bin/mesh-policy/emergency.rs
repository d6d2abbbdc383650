//! `emergency`: declare an emergency, end it, sign it and look at it.

use std::path::{Path, PathBuf};

use crdt_model::charter::Validity;
use crdt_model::time::WallTime;
use policy::CharterFiles;
use policy::signing::adopt::{AdoptedCharter, restore};
use policy::signing::emergency::{
    Declaration, EmergencyRefused, FILE, SIGNATURE_ENDING, Signed, under, verify,
};
use policy::signing::key_files::read_private_key;
use policy::signing::manifest::{MANIFEST_PATH, date, digest_of};
use policy::signing::sshsig::{DetachedSignature, EMERGENCY_NAMESPACE, SshSigError, sign_for};
use serde_json::json;

use crate::moment::Moment;
use crate::output::{Answer, Exit, Failure, Output, refusal};
use crate::text::say;

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

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Answer, Failure> {
    match &arguments.command {
        Command::Declare(arguments) => declare(arguments, output),
        Command::Sign(arguments) => sign(arguments, output),
        Command::Verify(arguments) => check(arguments, output),
    }
}

fn declare(arguments: &Declare, output: &Output) -> Result<Answer, Failure> {
    let charter = charter(&arguments.charter)?;
    let Some(terms) = charter.charter().head().emergency else {
        return Err(Failure::usage(say!(
            output,
            "章程没有约定应急条件",
            "the charter has no terms for an emergency"
        )));
    };
    if arguments.hours > terms.hours_max {
        return Err(Failure::usage(say!(
            output,
            "{} 小时，章程规定每次最多 {} 小时",
            "{} hours, where the charter allows {} at a time",
            arguments.hours,
            terms.hours_max
        )));
    }
    if arguments.hours == 0 && arguments.number == 1 {
        return Err(Failure::usage(say!(
            output,
            "第 1 号之前没有可解除的应急，请给出下一个 `--number`",
            "number 1 has none before it to call off: give the next `--number`"
        )));
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
    let failed = |problem: std::io::Error| Failure::unwritable(&arguments.out, &problem);
    std::fs::create_dir(&arguments.out).map_err(failed)?;
    std::fs::write(arguments.out.join(FILE), &text).map_err(failed)?;
    let out = arguments.out.display();
    let told = say!(
        output,
        "{text}\n已写入 `{out}`，须由 {} 名审核人签名：\n  \
         mesh-policy emergency sign {out} --charter {} --key FILE\n",
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
fn sign(arguments: &Sign, output: &Output) -> Result<Answer, Failure> {
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
        let key = signer.fingerprint();
        let message = say!(
            output,
            "{key} 不是本章程的审核人",
            "{key} is not a reviewer of this charter"
        );
        return Err(Failure::new(Exit::Signature, "not-reviewer", message));
    };
    let path = arguments
        .dir
        .join(format!("{}.{SIGNATURE_ENDING}", reviewer.name));
    std::fs::write(&path, signature).map_err(|problem| Failure::unwritable(&path, &problem))?;
    let told = say!(
        output,
        "{}\n{} 已用 {} 签名\n已写入 `{}`\n",
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
fn standing(holds: Validity, now: WallTime, output: &Output) -> String {
    if now.ms < holds.from.ms {
        say!(output, "尚未开始", "not begun yet")
    } else if now.ms < holds.until.ms {
        say!(output, "现在有效", "counts now")
    } else {
        say!(output, "已结束", "over")
    }
}

fn check(arguments: &Verify, output: &Output) -> Result<Answer, Failure> {
    let charter = charter(&arguments.charter)?;
    let signed = Signed::read(&arguments.dir).map_err(Failure::usage)?;
    let terms = charter.charter().head().emergency;
    let declaration = verify(&signed, charter.digest(), terms, charter.board())
        .map_err(|refused| Failure::new(Exit::Signature, "emergency-refused", refused))?;
    let shown = |time| date(time).unwrap_or_default();
    let told = if declaration.ends() {
        say!(
            output,
            "第 {} 号声明，解除此前的应急",
            "declaration {}, which calls off what was declared before it",
            declaration.number
        )
    } else {
        say!(
            output,
            "第 {} 号应急，依据第 {} 版章程，自 {} 至 {}：{}",
            "emergency {} under version {}, from {} until {}: {}",
            declaration.number,
            charter.version(),
            shown(declaration.holds.from),
            shown(declaration.holds.until),
            standing(declaration.holds, Moment::default().wall(), output)
        )
    };
    let told = say!(
        output,
        "{told}\n理由：{}\n签名人：{}\n",
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
