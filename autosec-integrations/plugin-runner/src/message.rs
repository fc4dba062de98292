//! What a host and whoever runs its plugin say to each other: over channels to a thread, over pipes to a process.
//!
//! A frame is the length of what follows (four bytes, the lowest first), a tag, and the message's numbers and bytes.

use std::io::{self, Read};

/// What the host wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Order {
    /// Open a library; the first order, once. Answered by [`Report::Opened`] or [`Report::Refused`].
    Open(Opening),
    /// Ask what needs no instance. Answered by [`Report::Done`].
    Ask {
        /// One of [`abi::operation`](crate::abi::operation).
        operation: u32,
        /// In the plugin's encoding.
        arguments: Vec<u8>,
    },
    /// Make an instance in place of any earlier one. Answered by [`Report::Done`].
    Create {
        /// The configuration, a text.
        config: Vec<u8>,
    },
    /// Call the instance. Answered by [`Report::Done`].
    Call {
        /// One of [`abi::operation`](crate::abi::operation).
        operation: u32,
        /// In the plugin's encoding.
        arguments: Vec<u8>,
    },
    /// The answer to a [`Report::Question`].
    Answer {
        /// One of [`abi::code`](crate::abi::code).
        code: i32,
        /// In the plugin's encoding.
        bytes: Vec<u8>,
    },
}

/// Which library, and within which limits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opening {
    /// Of the file, absolute.
    pub path: Vec<u8>,
    /// The most bytes of an answer, and of a question.
    pub largest_answer: u64,
    /// The most bytes of addresses of the process, 0 for no limit. Nothing to a thread.
    pub memory: u64,
    /// The most open files of the process, 0 for no limit. Nothing to a thread.
    pub files: u64,
}

/// What became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Report {
    /// The library is open and a plugin; the number of its [`Encoding`](crate::abi::Encoding).
    Opened(u32),
    /// It is not; why.
    Refused(String),
    /// A call came back.
    Done {
        /// One of [`abi::code`](crate::abi::code).
        code: i32,
        /// The answer, or words about why there is none.
        bytes: Vec<u8>,
    },
    /// The plugin asks, within a call. Answered by [`Order::Answer`].
    Question {
        /// One of [`abi::question`](crate::abi::question).
        question: u32,
        /// In the plugin's encoding.
        arguments: Vec<u8>,
    },
}

/// Bytes of a frame before its message: its length.
pub const HEAD: usize = 4;

/// What a frame's length must not be over, if the bytes in it are at most this many.
pub fn largest_frame(bytes: usize) -> usize {
    bytes.saturating_add(64)
}

impl Order {
    /// The frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Open(opening) => {
                let numbers = [opening.largest_answer, opening.memory, opening.files].map(u64::to_le_bytes);
                frame(0, &[&numbers.concat(), &opening.path])
            }
            Self::Ask { operation, arguments } => frame(1, &[&operation.to_le_bytes(), arguments]),
            Self::Create { config } => frame(2, &[config]),
            Self::Call { operation, arguments } => frame(3, &[&operation.to_le_bytes(), arguments]),
            Self::Answer { code, bytes } => frame(4, &[&code.to_le_bytes(), bytes]),
        }
    }

    /// The message in a frame, without its length; none if it is none.
    pub fn decode(message: &[u8]) -> Option<Self> {
        let (tag, rest) = message.split_first()?;
        Some(match tag {
            0 => {
                let (largest_answer, rest) = rest.split_first_chunk()?;
                let (memory, rest) = rest.split_first_chunk()?;
                let (files, path) = rest.split_first_chunk()?;
                let [largest_answer, memory, files] =
                    [largest_answer, memory, files].map(|n| u64::from_le_bytes(*n));
                Self::Open(Opening { path: path.to_vec(), largest_answer, memory, files })
            }
            1 => {
                let (operation, arguments) = numbered(rest)?;
                Self::Ask { operation, arguments }
            }
            2 => Self::Create { config: rest.to_vec() },
            3 => {
                let (operation, arguments) = numbered(rest)?;
                Self::Call { operation, arguments }
            }
            4 => {
                let (code, bytes) = numbered(rest)?;
                Self::Answer { code: code.cast_signed(), bytes }
            }
            _ => return None,
        })
    }
}

impl Report {
    /// The frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Opened(encoding) => frame(0, &[&encoding.to_le_bytes()]),
            Self::Refused(why) => frame(1, &[why.as_bytes()]),
            Self::Done { code, bytes } => frame(2, &[&code.to_le_bytes(), bytes]),
            Self::Question { question, arguments } => frame(3, &[&question.to_le_bytes(), arguments]),
        }
    }

    /// The message in a frame, without its length; none if it is none.
    pub fn decode(message: &[u8]) -> Option<Self> {
        let (tag, rest) = message.split_first()?;
        Some(match tag {
            0 => Self::Opened(numbered(rest)?.0),
            1 => Self::Refused(String::from_utf8_lossy(rest).into_owned()),
            2 => {
                let (code, bytes) = numbered(rest)?;
                Self::Done { code: code.cast_signed(), bytes }
            }
            3 => {
                let (question, arguments) = numbered(rest)?;
                Self::Question { question, arguments }
            }
            _ => return None,
        })
    }
}

/// The next message, without its length; none at the end.
///
/// # Errors
/// Reading failed, or the frame is larger than `largest`.
pub fn read(from: &mut impl Read, largest: usize) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; HEAD];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = length(head, largest).ok_or(io::ErrorKind::InvalidData)?;
    let mut message = Vec::new();
    from.take(length as u64).read_to_end(&mut message)?;
    if message.len() < length { Ok(None) } else { Ok(Some(message)) }
}

/// How many bytes follow a head; none if it is more than `largest`.
pub fn length(head: [u8; HEAD], largest: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(head)).ok().filter(|length| *length <= largest)
}

fn frame(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    // What is longer than four bytes can say is refused by the other side, which takes much less.
    let head = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let mut frame = Vec::with_capacity(HEAD + length);
    frame.extend_from_slice(&head);
    frame.push(tag);
    parts.iter().for_each(|part| frame.extend_from_slice(part));
    frame
}

fn numbered(rest: &[u8]) -> Option<(u32, Vec<u8>)> {
    let (number, bytes) = rest.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_as_they_were() {
        let opening = Opening { path: b"/a".to_vec(), largest_answer: 1, memory: u64::MAX, files: 3 };
        let orders = [
            Order::Open(opening),
            Order::Ask { operation: 1, arguments: vec![] },
            Order::Create { config: b"{}".to_vec() },
            Order::Call { operation: 2, arguments: vec![9; 300] },
            Order::Answer { code: -6, bytes: vec![1] },
        ];
        for order in orders {
            let bytes = order.encode();
            let message = read(&mut bytes.as_slice(), 1_000).unwrap_or_default().unwrap_or_default();
            assert_eq!(Order::decode(&message), Some(order));
            assert!(
                (0..message.len().min(5))
                    .all(|end| Order::decode(&message[..end]) != Order::decode(&message))
            );
        }
        let reports = [
            Report::Opened(1),
            Report::Refused("no".to_owned()),
            Report::Done { code: -1, bytes: b"boom".to_vec() },
            Report::Question { question: 5, arguments: vec![] },
        ];
        for report in reports {
            let bytes = report.encode();
            assert_eq!(Report::decode(&bytes[HEAD..]), Some(report));
        }
        assert_eq!((Order::decode(&[9]), Report::decode(&[9]), Report::decode(&[])), (None, None, None));
    }

    #[test]
    fn reading_is_bounded_and_ends() {
        let bytes = Report::Refused("x".repeat(100)).encode();
        assert!(read(&mut bytes.as_slice(), 100).is_err());
        assert!(matches!(read(&mut &bytes[..50], 1_000), Ok(None)));
        assert!(matches!(read(&mut &bytes[..2], 1_000), Ok(None)));
    }
}
