//! Numbers into text, fast: a span has some twenty of them.

pub(super) trait Text {
    fn text(&mut self, text: &str);
    fn number(&mut self, number: u64);
    /// Sixteen digits.
    fn hex(&mut self, number: u64);
}

impl Text for Vec<u8> {
    #[inline]
    fn text(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        while at == digits.len() || number > 0 {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.extend_from_slice(&digits[at..]);
    }

    fn hex(&mut self, number: u64) {
        let digit = |n: u64| b"0123456789abcdef"[(number >> (60 - 4 * n) & 15) as usize];
        let digits: [u8; 16] = std::array::from_fn(|n| digit(n as u64));
        self.extend_from_slice(&digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_standard_library_writes() {
        for number in [0, 1, 9, 10, 255, 1_767_225_600_000_000_000, 0x0123_4567_89ab_cdef, u64::MAX] {
            let (mut decimal, mut hex) = (Vec::new(), Vec::new());
            decimal.number(number);
            hex.hex(number);
            assert_eq!(decimal, number.to_string().into_bytes());
            assert_eq!(hex, format!("{number:016x}").into_bytes());
        }
    }
}
