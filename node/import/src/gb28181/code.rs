//! What an identifier in a catalogue stands for, by its digits.

use crdt_model::text;
use crdt_model::text::Text;

/// What a catalogue's `DeviceID` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// Something in the field, with its type code (digits 11 to 13): the only thing that becomes
    /// a record.
    Device(u16),
    /// A directory of the platform: a civil area, platform, business group, virtual organisation
    /// or server.
    Directory(Directory),
    /// A person's account.
    User,
    /// Nothing that the standard knows.
    Unknown,
}

/// The entries of a catalogue that only give it its tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Directory {
    /// An administrative area: 2, 4, 6 or 8 digits.
    Area,
    /// A platform or one of its servers.
    Platform,
    /// A business group.
    BusinessGroup,
    /// A virtual organisation.
    VirtualOrganisation,
}

/// Reads an identifier.
///
/// Source: GB/T 28181-2022 Annex E (digits 11 to 13 are the type) and Annex J (catalogue entries
/// with 2, 4, 6 or 8 digits are areas).
pub fn named(id: &str) -> Named {
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Named::Unknown;
    }
    match id.len() {
        2 | 4 | 6 | 8 => Named::Directory(Directory::Area),
        20 => match id.get(10..13).and_then(|digits| digits.parse().ok()) {
            Some(215) => Named::Directory(Directory::BusinessGroup),
            Some(216) => Named::Directory(Directory::VirtualOrganisation),
            Some(200..=299 | 500..=599) => Named::Directory(Directory::Platform),
            Some(300..=499) => Named::User,
            Some(code) => Named::Device(code),
            None => Named::Unknown,
        },
        _ => Named::Unknown,
    }
}

impl Directory {
    /// Why the entry is skipped.
    pub fn skipped(self) -> Text {
        match self {
            Self::Area => text!(
                "行政区划目录项，不是设备",
                "an administrative area of the catalogue, not a device"
            ),
            Self::Platform => {
                text!(
                    "平台或服务器，不是前端设备",
                    "a platform or server, not a field device"
                )
            }
            Self::BusinessGroup => {
                text!("业务分组，不是设备", "a business group, not a device")
            }
            Self::VirtualOrganisation => {
                text!("虚拟组织，不是设备", "a virtual organisation, not a device")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_in_digits_11_to_13() {
        assert_eq!(named("34020000001320000001"), Named::Device(132));
        assert_eq!(named("33010602011187000001"), Named::Device(118));
        assert_eq!(
            named("34020000002000000001"),
            Named::Directory(Directory::Platform)
        );
        assert_eq!(
            named("34020000002150000001"),
            Named::Directory(Directory::BusinessGroup)
        );
        assert_eq!(named("62072300003000000001"), Named::User);
        assert_eq!(named("620723"), Named::Directory(Directory::Area));
        assert_eq!(named("6.2E+19"), Named::Unknown);
        assert_eq!(named("1"), Named::Unknown);
        assert_eq!(named(""), Named::Unknown);
    }
}
