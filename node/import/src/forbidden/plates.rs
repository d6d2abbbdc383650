//! Vehicle plates (GA 36): a province, a letter, and five or six letters and digits, or four and what
//! the vehicle is for.

/// Provinces as plates have them.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// What stands last on plates of vehicles for a special use.
const USES: &str = "挂学警港澳领使试超临";
/// Letters and digits behind the province's letter.
const BODY: std::ops::RangeInclusive<usize> = 5..=6;
/// Digits among them, at least.
const DIGITS_MIN: usize = 3;

/// Whether a text, narrow and in small letters, has a vehicle's plate in it. One mark or blank between
/// its parts is read over.
pub(super) fn has_plate(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let provinces = (0..letters.len()).filter(|at| {
        let letter = letters.get(*at);
        letter.is_some_and(|letter| PROVINCES.contains(*letter))
    });
    provinces
        .into_iter()
        .any(|at| is_plate(letters.get(at + 1..).unwrap_or(&[])))
}

/// Whether what stands behind a province makes it a plate.
fn is_plate(behind: &[char]) -> bool {
    let [office, rest @ ..] = over_a_mark(behind) else {
        return false;
    };
    if !office.is_ascii_lowercase() {
        return false;
    }
    let rest = over_a_mark(rest);
    let body = rest.iter().take_while(|c| c.is_ascii_alphanumeric());
    let (length, digits) = body.fold((0, 0), |(length, digits), c| {
        (length + 1, digits + usize::from(c.is_ascii_digit()))
    });
    let has_use = rest.get(length).is_some_and(|last| USES.contains(*last));
    digits >= DIGITS_MIN && BODY.contains(&(length + usize::from(has_use && length == 4)))
}

fn over_a_mark(letters: &[char]) -> &[char] {
    match letters {
        [mark, rest @ ..] if " \u{3000}·•・.-—".contains(*mark) => rest,
        _ => letters,
    }
}
