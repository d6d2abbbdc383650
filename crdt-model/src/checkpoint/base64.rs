//! Base 64 as RFC 4648 §4 has it, with padding, and one text for each content.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of these bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = (group >> (18 - 6 * at)) as usize & 63;
            let letter = ALPHABET.get(digit).copied().unwrap_or(b'=');
            text.push(char::from(if at > chunk.len() { b'=' } else { letter }));
        }
    }
    text
}

/// The bytes of a text; none if it is not exactly what [`encode`] writes of them.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: &u8| ALPHABET.iter().position(|one| one == letter);
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    let mut bytes = Vec::new();
    for group in groups {
        let letters = group.iter().take_while(|letter| **letter != b'=').count();
        let mut bits = 0;
        for letter in group.get(..letters)? {
            bits = bits << 6 | digit(letter)? as u32;
        }
        bits <<= 6 * (4 - letters);
        let [_, whole @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(whole.get(..letters.saturating_sub(1))?);
    }
    (rest.is_empty() && encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10.
    const VECTORS: [(&str, &str); 7] = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ];

    #[test]
    fn bytes_and_text_are_those_of_rfc_4648() {
        for (bytes, text) in VECTORS {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)), Some(all));
    }

    #[test]
    fn every_other_text_is_refused() {
        for text in [
            "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg===", "====", "Z===", "Zg==Zg==", "Zm9v\n",
            "Zm-v", " Zm9v",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
