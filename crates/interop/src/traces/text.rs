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
        while number >= 10 {
            at -= 2;
            digits[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
            number /= 100;
        }
        if number > 0 || at == digits.len() {
            at -= 1;
            digits[at] = b'0' + number as u8;
        }
        self.extend_from_slice(&digits[at..]);
    }

    fn hex(&mut self, number: u64) {
        let mut digits = [0; 16];
        for (byte, pair) in number.to_be_bytes().iter().zip(digits.chunks_exact_mut(2)) {
            pair.copy_from_slice(&HEX_PAIRS[usize::from(*byte)]);
        }
        self.extend_from_slice(&digits);
    }
}

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = pairs(10);
/// `00` to `ff`.
const HEX_PAIRS: [[u8; 2]; 256] = pairs(16);

const fn pairs<const N: usize>(base: usize) -> [[u8; 2]; N] {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; N];
    let mut n = 0;
    while n < N {
        pairs[n] = [digits[n / base], digits[n % base]];
        n += 1;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_standard_library_writes() {
        for number in
            [0, 1, 9, 10, 99, 100, 101, 255, 1_767_225_600_000_000_000, 0x0123_4567_89ab_cdef, u64::MAX]
        {
            let (mut decimal, mut hex) = (Vec::new(), Vec::new());
            decimal.number(number);
            hex.hex(number);
            assert_eq!(decimal, number.to_string().into_bytes());
            assert_eq!(hex, format!("{number:016x}").into_bytes());
        }
    }
}
