//! How long plain Cedar would take for what is enumerated here, in words.

use std::time::Duration;

use crdt_model::text;
use crdt_model::text::Text;
use policy::review::pace::Pace;

/// How long plain Cedar would take, in words.
pub(crate) fn text(pace: &Pace, decisions: u64, taken: Duration) -> Text {
    text!(
        "原生 Cedar：{asked} 项提问用时 {seconds:.2} 秒，{different} 项结果不一致；推算全部 \
         {decisions} 项需 {all:.0} 秒，是本工具的 {ratio:.0} 倍\n",
        "plain Cedar: {asked} questions in {seconds:.2} s, {different} answered otherwise; \
         extrapolated to all {decisions}: {all:.0} s, {ratio:.0} times as long\n",
        asked = pace.asked,
        seconds = pace.taken.as_secs_f64(),
        different = pace.different,
        all = pace.extrapolated_s(decisions),
        ratio = pace.ratio(decisions, taken),
    )
}
