//! A vector of reusable slots.

/// Something that can sit on a free list.
pub(crate) trait Slot: Default {
    fn next_free(&self) -> u32;
    /// Makes the slot free and the next user's epoch different from this one's.
    fn release(&mut self, next_free: u32);
}

const NONE: u32 = u32::MAX;

pub(crate) struct Slab<T> {
    slots: Vec<T>,
    free: u32,
}

impl<T: Slot> Slab<T> {
    pub(crate) fn new() -> Slab<T> {
        Slab { slots: Vec::new(), free: NONE }
    }

    /// A slot that nobody uses; its content is what its last user left, but for the free link.
    #[inline]
    pub(crate) fn take(&mut self) -> (u32, &mut T) {
        if self.free == NONE {
            return self.add();
        }
        let at = self.free;
        let slot = &mut self.slots[at as usize];
        self.free = slot.next_free();
        (at, slot)
    }

    /// One slot more. By a sixteenth, not by double: at the peak little of the memory is unused.
    #[cold]
    fn add(&mut self) -> (u32, &mut T) {
        let n = self.slots.len();
        if n == self.slots.capacity() {
            self.slots.reserve_exact(n / 16 + 16);
        }
        self.slots.push(T::default());
        (n as u32, &mut self.slots[n])
    }

    #[inline]
    pub(crate) fn give_back(&mut self, at: u32) {
        self.slots[at as usize].release(self.free);
        self.free = at;
    }

    /// All slots, to look several up without losing sight of any.
    #[inline(always)]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.slots
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().enumerate().map(|(at, slot)| (at as u32, slot))
    }
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;
    #[inline]
    fn index(&self, at: u32) -> &T {
        &self.slots[at as usize]
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, at: u32) -> &mut T {
        &mut self.slots[at as usize]
    }
}
