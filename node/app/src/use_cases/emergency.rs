//! Emergencies: what is declared, and what came of it.

use policy::signing::emergency::Signed;

use crate::asked::attached::Attached;
use crate::asked::protocol::Reply;
use crate::door::Answer;
use crdt_model::text;
use crdt_model::text::Problem;
use node_runtime::keeper::{Keeper, emergency_problem};

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
        Some(signed) => keeper.declare(&signed, |declared| {
            answer(match declared {
                Ok(status) => Reply::Emergency(Box::new(status)),
                Err(problem) => Reply::Problem(problem),
            });
        }),
        None => {
            answer(Reply::Problem(emergency_problem(&text!(
                "内容不是带签名的应急启动文件",
                "it is not a declaration with its signatures"
            ))));
            Ok(())
        }
    }
}
