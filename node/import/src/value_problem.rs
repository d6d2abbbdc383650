//! Why a facet does not take a value, in both languages.

use crdt_model::kind::personal::Detector;
use crdt_model::kind::{FieldType, Title, ValueProblem};

use crdt_model::text;
use crdt_model::text::Text;

/// What a field needs, in Chinese, by what it is called in English.
fn needed(needs: &str) -> &'static str {
    match needs {
        _ if needs == FieldType::Integer.needs() => "整数",
        _ if needs == FieldType::Boolean.needs() => "“是”或“否”",
        _ if needs == FieldType::Vocabulary.needs() => "章程中的选项",
        _ if needs == FieldType::Record.needs() => "记录编号",
        _ => "文字",
    }
}

/// Says what is wrong with a value. The value itself is not repeated.
pub fn value_problem(problem: &ValueProblem) -> Text {
    match problem {
        ValueProblem::Type(needs) if *needs == FieldType::Area.needs() => {
            text!("应填 12 位区划代码", "needs {needs}")
        }
        ValueProblem::Type(needs) if *needs == FieldType::Time.needs() => {
            text!("应填 1970 年以后的时间", "needs {needs}")
        }
        ValueProblem::Type(needs) => {
            let zh = needed(needs);
            text!("应填{zh}", "needs {needs}")
        }
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
                "没有这个选项（词表 `{vocabulary}`）",
                "there is no such option (vocabulary `{vocabulary}`)"
            )
        }
        ValueProblem::Forbidden { word, reason } => {
            let Title { zh, en } = &**reason;
            text!(
                "`{word}` 属于网格事项禁入清单：{zh}",
                "`{word}` is on the forbidden list: {en}"
            )
        }
        ValueProblem::ControlCharacter => text!(
            "含有看不见的控制字符，请删去后重新输入",
            "has an invisible control character; delete it and type it again"
        ),
        ValueProblem::WrittenOnce => text!("该字段已填过，不能再改", "it is written once"),
        ValueProblem::Personal(found) => {
            let what = match found {
                Detector::IdentityNumber => "身份证号",
                Detector::PhoneNumber => "手机号",
                Detector::BankCard => "银行卡号",
            };
            let name = found.name();
            text!(
                "疑似含有{what}，此处不得填写，请删去后再保存；确属其他编号的请联系技术员",
                "holds what looks like a {name}, which does not belong here: take it out; if it \
                 is another number, ask your technician"
            )
        }
    }
}
