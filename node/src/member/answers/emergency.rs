//! Emergencies: what is declared, and what came of it.

use policy::signing::emergency::Signed;

use crate::control::attached::Attached;
use crate::control::protocol::Reply;
use crate::member::keeper::{Answer, Keeper};
use crate::text;
use crate::text::Problem;

/// Says how it stands; with a declaration, takes it first.
pub(super) fn emergency(
    keeper: &mut Keeper,
    declaration: Option<&Attached>,
    answer: Answer,
) -> Result<(), Problem> {
    let Some(declaration) = declaration else {
        answer(Reply::Emergency(Box::new(keeper.engine.emergency_status())));
        return Ok(());
    };
    match Signed::decode(&declaration.bytes) {
        Some(signed) => keeper.declare(&signed, answer),
        None => {
            answer(Reply::Problem(emergency_problem(
                &"it is not a declaration with its signatures",
            )));
            Ok(())
        }
    }
}

/// What a person is told whose declaration changes nothing.
pub(crate) fn emergency_problem(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        "emergency-refused",
        text!(
            "未采纳该应急声明，一切不变：{why}",
            "the declaration was not taken, nothing was changed: {why}"
        ),
        text!(
            "按原因处理；用 mesh-policy emergency verify 查看详情",
            "deal with the reason; mesh-policy emergency verify shows the details"
        ),
    )
}

/// A declaration came after a later one.
pub(in crate::member) fn later_problem(number: u32) -> Problem {
    let next = number.saturating_add(1);
    Problem::new(
        "emergency-superseded",
        text!(
            "本机已有第 {number} 号应急声明，此声明不在其后，一切不变",
            "emergency declaration {number} is here already, and this one does not follow it; nothing was changed"
        ),
        text!(
            "用 mesh-policy emergency declare --number {next} 重新声明",
            "declare it anew with mesh-policy emergency declare --number {next}"
        ),
    )
}
