//! The checksum of POSIX `cksum`: on every host since 1992, so both sides can compare a file without moving it.

/// What `cksum < FILE` prints: CRC and length in bytes.
#[must_use]
pub fn cksum(bytes: &[u8]) -> String {
    const POLYNOMIAL: u32 = 0x04c1_1db7;
    let mut crc = 0_u32;
    let mut feed = |byte: u8| {
        crc ^= u32::from(byte) << 24;
        for _ in 0..8 {
            crc = if crc & 0x8000_0000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL };
        }
    };
    bytes.iter().copied().for_each(&mut feed);
    let mut length = bytes.len();
    while length > 0 {
        feed(length.to_le_bytes()[0]);
        length >>= 8;
    }
    format!("{} {}", !crc, bytes.len())
}

#[cfg(test)]
mod tests {
    use super::cksum;

    /// Values printed by coreutils' cksum.
    #[test]
    fn agrees_with_the_tool() {
        assert_eq!(cksum(b""), "4294967295 0");
        assert_eq!(cksum(b"hello\n"), "3015617425 6");
    }
}
