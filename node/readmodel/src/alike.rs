//! How alike two texts are: what share of neighbouring words they have in common. A Chinese character
//! is a word of its own, so that is the share of pairs of characters.

use std::collections::BTreeMap;

use super::text::{narrow, tokens};

/// Texts that are held against each other.
#[derive(Default)]
pub struct Shapes {
    words: BTreeMap<String, u32>,
}

/// The neighbouring words of one text, sorted, each pair once.
pub struct Shape(Vec<(u32, u32)>);

impl Shapes {
    /// The shape of a text.
    pub fn of(&mut self, text: &str) -> Shape {
        let mut numbers = Vec::new();
        let text: String = text.chars().map(narrow).collect();
        for (_, word) in tokens(&text) {
            let next = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
            numbers.push(*self.words.entry(word).or_insert(next));
        }
        let after = numbers.iter().skip(1);
        let mut pairs: Vec<_> = numbers.iter().copied().zip(after.copied()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Shape(pairs)
    }
}

impl Shape {
    /// Twice what they have in common, of all that both have, in percent (Dice). Texts of less than two
    /// words are like nothing.
    pub fn alike_percent(&self, other: &Self) -> u8 {
        let all = self.0.len() + other.0.len();
        let (mut one, mut two) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = 0;
        while let (Some(left), Some(right)) = (one.peek(), two.peek()) {
            let order = left.cmp(right);
            common += usize::from(order.is_eq());
            if order.is_le() {
                one.next();
            }
            if order.is_ge() {
                two.next();
            }
        }
        let percent = (common * 200).checked_div(all).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_told_twice_is_alike_and_another_matter_is_not() {
        let mut shapes = Shapes::default();
        let mut alike = |one: &str, other: &str| {
            let (one, other) = (shapes.of(one), shapes.of(other));
            assert_eq!(one.alike_percent(&other), other.alike_percent(&one));
            one.alike_percent(&other)
        };
        let canal = "三组水渠塌了一段，请派人修。";
        assert_eq!(alike(canal, canal), 100);
        assert!(alike(canal, "三组的水渠塌了一段，请镇上派人来修") >= 50);
        assert!(alike(canal, "三组路灯坏了两盏，请派人修。") < 50);
        assert!(alike("Ａ12 号杆", "a12 号杆") == 100);
        assert_eq!(alike("", ""), 0);
        assert_eq!(alike("渠", "渠"), 0);
    }
}
