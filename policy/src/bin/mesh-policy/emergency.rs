//! `emergency`: declare an emergency, end it, sign it and look at it.

use std::path::{Path, PathBuf};

use crdt_model::charter::Validity;
use crdt_model::text;
use crdt_model::time::WallTime;
use policy::CharterFiles;
use policy::command_line::help::Words;
use policy::command_line::values;
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

const HOUR_MS: u64 = 3_600_000;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Declare(Declare),
    Sign(Sign),
    Verify(Verify),
}

#[derive(clap::Args)]
struct Declare {
    charter: PathBuf,
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[arg(long, value_parser = values::number::<u32>)]
    hours: u32,
    #[arg(long)]
    reason: String,
    #[arg(long, default_value_t = 1, value_parser = values::number::<u32>)]
    number: u32,
    #[arg(long, value_name = "TIME", default_value_t, hide_default_value = true)]
    from: Moment,
}

#[derive(clap::Args)]
struct Sign {
    dir: PathBuf,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "DIR")]
    charter: PathBuf,
}

#[derive(clap::Args)]
struct Verify {
    dir: PathBuf,
    #[arg(long, value_name = "DIR")]
    charter: PathBuf,
}

pub(crate) fn words() -> Words {
    Words::new(text!(
        "启动、签署、终止应急共享",
        "Declare an emergency, sign it, end it"
    ))
    .command("declare", declare_words())
    .command("sign", sign_words())
    .command("verify", verify_words())
    .after(text!(
        "应急启动文件生效期间，`emergency/` 中的规则也有效。它是一个目录，内有一份文字和对它的签\
         名；用 `mesh-node emergency` 交给节点。",
        "While a declaration holds, what `emergency/` permits counts too. A declaration is a \
         folder with one text and the signatures over it; `mesh-node emergency` hands it to a \
         node."
    ))
}

fn declare_words() -> Words {
    Words::new(text!(
        "生成应急启动文件，写入新目录",
        "Write a declaration into a new folder"
    ))
    .argument(
        "charter",
        text!("现行章程的目录", "the folder of the charter in force"),
    )
    .argument("out", text!("要新建的目录", "the folder to make"))
    .argument(
        "hours",
        text!(
            "时长（小时）；0 表示终止此前的应急共享",
            "for how many hours; 0 ends what was declared before"
        ),
    )
    .argument("reason", text!("理由，一行", "why, in one line"))
    .argument(
        "number",
        text!(
            "编号：本章程下第一次为 1，以后每次加 1",
            "1 for the first under this charter, then one more each time"
        ),
    )
    .argument(
        "from",
        text!("自何时起（默认为现在）", "from when on (default: now)"),
    )
}

fn sign_words() -> Words {
    Words::new(text!(
        "审核人签署应急启动文件",
        "Sign a declaration as a reviewer"
    ))
    .argument(
        "dir",
        text!("应急启动文件的目录", "the declaration's folder"),
    )
    .argument(
        "key",
        text!(
            "审核人的私钥：OpenSSH、ed25519、没有口令；其他密钥请用 \
             `ssh-keygen -Y sign -n emergency@countymesh -f 密钥 目录/declaration` 签名",
            "the reviewer's private key: OpenSSH, ed25519, without passphrase; others sign with \
             `ssh-keygen -Y sign -n emergency@countymesh -f KEY DIR/declaration`"
        ),
    )
    .argument(
        "charter",
        text!("现行章程的目录", "the folder of the charter in force"),
    )
}

fn verify_words() -> Words {
    Words::new(text!(
        "像节点一样按章程核验应急启动文件",
        "Hold a declaration to the charter, as a node does"
    ))
    .argument(
        "dir",
        text!("应急启动文件的目录", "the declaration's folder"),
    )
    .argument(
        "charter",
        text!("现行章程的目录", "the folder of the charter in force"),
    )
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
        return Err(Failure::usage(text!(
            "章程没有约定应急共享",
            "the charter has no terms for an emergency"
        )));
    };
    if arguments.hours > terms.hours_max {
        return Err(Failure::usage(text!(
            "{} 小时，章程规定每次最多 {} 小时",
            "{} hours, where the charter allows {} at a time",
            arguments.hours,
            terms.hours_max
        )));
    }
    if arguments.hours == 0 && arguments.number == 1 {
        return Err(Failure::usage(text!(
            "没有可以终止的应急共享：第 1 号之前没有启动过。请用 `--number` 写下一个编号",
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
    let told = output.say(text!(
        "{text}\n已写入 `{out}`，须由 {} 名审核人签名：\n  mesh-policy emergency sign {out} \
         --charter {} --key <文件>\n",
        "{text}\nwritten to `{out}`; {} of the reviewers must sign it:\n  \
         mesh-policy emergency sign {out} --charter {} --key FILE\n",
        terms.threshold,
        arguments.charter.display(),
    ));
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
        let message = text!(
            "密钥 `{key}` 不是本章程审核人的",
            "{key} is not a reviewer of this charter"
        );
        return Err(Failure::new(Exit::Signature, "not-reviewer", message));
    };
    let path = arguments
        .dir
        .join(format!("{}.{SIGNATURE_ENDING}", reviewer.name));
    std::fs::write(&path, signature).map_err(|problem| Failure::unwritable(&path, &problem))?;
    let told = output.say(text!(
        "{}\n{} 已用 {} 签名\n已写入 `{}`\n",
        "{}\nsigned by {} with {}\nwritten to `{}`\n",
        declaration.encode().unwrap_or_default(),
        reviewer.name,
        signer.fingerprint(),
        path.display()
    ));
    Ok(Answer::new(
        Exit::Clean,
        told,
        json!({ "fingerprint": signer.fingerprint(), "name": reviewer.name, "path": path }),
    ))
}

/// How a span stands to now.
fn standing(holds: Validity, now: WallTime, output: &Output) -> String {
    if now.ms < holds.from.ms {
        output.say(text!("尚未开始", "not begun yet"))
    } else if now.ms < holds.until.ms {
        output.say(text!("现在有效", "counts now"))
    } else {
        output.say(text!("已结束", "over"))
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
        output.say(text!(
            "第 {} 号，终止此前的应急共享",
            "number {}, which ends the emergency declared before",
            declaration.number
        ))
    } else {
        output.say(text!(
            "第 {} 号应急共享，依据第 {} 版章程，自 {} 至 {}：{}",
            "emergency {} under version {}, from {} until {}: {}",
            declaration.number,
            charter.version(),
            shown(declaration.holds.from),
            shown(declaration.holds.until),
            standing(declaration.holds, Moment::default().wall(), output)
        ))
    };
    let told = output.say(text!(
        "{told}\n理由：{}\n签名人：{}\n",
        "{told}\nreason: {}\nsigned by {}\n",
        declaration.reason,
        declaration.signers.join(", ")
    ));
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
