use super::error::ModelError;

/// A named part of a model file. Names have four bytes.
#[derive(Debug)]
pub(crate) struct Section<'b> {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'b [u8],
}

/// Bytes of a section before its own: name and length.
const HEAD: usize = 8;

impl Section<'_> {
    pub(super) fn len(&self) -> usize {
        HEAD + self.bytes.len()
    }

    /// Lengths fit into 32 bits, because files have a limit below that.
    pub(super) fn write(&self, file: &mut Vec<u8>) {
        file.extend_from_slice(self.name.as_bytes());
        file.extend_from_slice(&u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        file.extend_from_slice(self.bytes);
    }

    /// The bytes of the first section, which is to have this name, and what follows it.
    pub(super) fn read<'f>(from: &'f [u8], name: &'static str) -> Result<(&'f [u8], &'f [u8]), ModelError> {
        let named = from.strip_prefix(name.as_bytes()).ok_or(malformed(name, "another section"))?;
        let (length, rest) = named.split_first_chunk::<4>().ok_or(malformed(name, "no length"))?;
        let length = u32::from_le_bytes(*length) as usize;
        rest.split_at_checked(length).ok_or(malformed(name, "a length larger than the file"))
    }
}

/// The equal parts of a section, `count` of them.
pub(crate) fn fields<'f, const SIZE: usize>(
    bytes: &'f [u8],
    count: usize,
    section: &'static str,
) -> Result<&'f [[u8; SIZE]], ModelError> {
    match bytes.as_chunks::<SIZE>() {
        (fields, []) if fields.len() == count => Ok(fields),
        _ => Err(malformed(section, "another number of bytes than what comes before it asks for")),
    }
}

pub(crate) fn malformed(section: &'static str, what: &'static str) -> ModelError {
    ModelError::Malformed { section, what }
}
