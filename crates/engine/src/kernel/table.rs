//! A table of few entries under large numbers: open addressing, with what comes after an entry moved
//! up when it goes, so that nothing is left behind. Nobody asks for the order of its entries.

pub(crate) struct Table<T> {
    /// A power of two of them, at most half of them taken.
    slots: Vec<Option<(u32, T)>>,
    used: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { slots: Vec::new(), used: 0 }
    }
}

impl<T> Table<T> {
    fn mask(&self) -> usize {
        self.slots.len() - 1
    }

    /// Where an entry would like to be.
    #[inline]
    fn home(&self, key: u32) -> usize {
        (key.wrapping_mul(0x9E37_79B1) >> 7) as usize & self.mask()
    }

    /// Where an entry is, or the free slot where it would come to be.
    #[inline]
    fn find(&self, key: u32) -> usize {
        let mut at = self.home(key);
        while self.slots[at].as_ref().is_some_and(|(known, _)| *known != key) {
            at = (at + 1) & self.mask();
        }
        at
    }

    pub(crate) fn insert(&mut self, key: u32, value: T) {
        if 2 * (self.used + 1) > self.slots.len() {
            self.grow();
        }
        let at = self.find(key);
        self.used += usize::from(self.slots[at].is_none());
        self.slots[at] = Some((key, value));
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        if self.used == 0 {
            return None;
        }
        let at = self.find(key);
        self.slots[at].as_mut().map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, key: u32) -> Option<T> {
        if self.used == 0 {
            return None;
        }
        let mut gap = self.find(key);
        let (_, value) = self.slots[gap].take()?;
        self.used -= 1;
        let mut at = (gap + 1) & self.mask();
        while let Some((next, _)) = &self.slots[at] {
            // It may move up unless its home lies behind the gap.
            let from_home = at.wrapping_sub(self.home(*next)) & self.mask();
            if from_home >= at.wrapping_sub(gap) & self.mask() {
                self.slots.swap(gap, at);
                gap = at;
            }
            at = (at + 1) & self.mask();
        }
        Some(value)
    }

    #[cold]
    fn grow(&mut self) {
        let n = (2 * self.slots.len()).max(16);
        let mut larger = Vec::with_capacity(n);
        larger.resize_with(n, || None);
        for (key, value) in std::mem::replace(&mut self.slots, larger).into_iter().flatten() {
            let at = self.find(key);
            self.slots[at] = Some((key, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tarsier_random::Stream;

    use super::*;

    #[test]
    fn it_does_what_a_map_does() {
        let mut stream = Stream::named(1, &["table"], &[]);
        let (mut table, mut map) = (Table::default(), BTreeMap::new());
        for n in 0..200_000_u32 {
            let key = stream.below(500) * 64;
            match stream.below(3) {
                0 => assert_eq!(table.remove(key), map.remove(&key)),
                1 => assert_eq!(table.get_mut(key), map.get_mut(&key)),
                _ => {
                    table.insert(key, n);
                    map.insert(key, n);
                }
            }
            assert_eq!(table.used, map.len());
        }
    }
}
