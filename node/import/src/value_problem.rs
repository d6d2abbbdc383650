//! Why a facet does not take a value, in both languages.

use crdt_model::kind::personal::Detector;
use crdt_model::kind::{FieldType, Title, ValueProblem};

use crdt_model::text;
use crdt_model::text::Text;

/// Says what is wrong with a value. The value itself is not repeated.
pub fn value_problem(problem: &ValueProblem) -> Text {
    match problem {
        ValueProblem::Type(needs) if *needs == FieldType::Area.needs() => {
            text!("需要 12 位区划代码", "needs {needs}")
        }
        ValueProblem::Type(needs) if *needs == FieldType::Time.needs() => {
            text!("时间早于 1970 年", "needs {needs}")
        }
        ValueProblem::Type(needs) => text!("取值的类型不符", "needs {needs}"),
        ValueProblem::TooLong { bytes, bytes_max } => text!(
            "文字过长：{bytes} 字节，上限 {bytes_max}",
            "too long: {bytes} bytes, where {bytes_max} are allowed"
        ),
        ValueProblem::Range {
            at_least, at_most, ..
        } => text!(
            "超出范围 {at_least} 至 {at_most}",
            "outside {at_least} to {at_most}"
        ),
        ValueProblem::Word { vocabulary, .. } => {
            text!(
                "不是词表 {vocabulary} 中的词",
                "not a word of vocabulary {vocabulary}"
            )
        }
        ValueProblem::Forbidden { word, reason } => {
            let Title { zh, en } = &**reason;
            text!(
                "“{word}”属于禁入事项：{zh}",
                "`{word}` may not be recorded: {en}"
            )
        }
        ValueProblem::ControlCharacter => text!("含有控制字符", "contains a control character"),
        ValueProblem::WrittenOnce => text!("该字段只写一次", "the field is written once"),
        ValueProblem::Personal(found) => {
            let what = match found {
                Detector::IdentityNumber => "身份证号",
                Detector::PhoneNumber => "手机号",
                Detector::BankCard => "银行卡号",
            };
            let name = found.name();
            text!(
                "疑似含有{what}，此处不得填写",
                "holds what looks like a {name}, which does not belong here"
            )
        }
    }
}
