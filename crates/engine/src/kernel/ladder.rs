//! Far events in buckets of time, opened one after the other.
//!
//! After Tang, Goh and Thng's ladder queue (2005), bounded: a rung has 256 buckets; a bucket that
//! is opened and holds more than fits the sorted front becomes a rung of its own. Buckets are
//! linked lists of chunks from one pool, so memory follows the number of pending events.

use super::heap::{Entry, time_of};

const BUCKETS: usize = 256;
const CHUNK: usize = 31;
/// A bucket with at most this many goes to the front as it is.
pub(crate) const FRONT: usize = 96;
const NONE: u32 = u32::MAX;

struct Chunk {
    entries: [Entry; CHUNK],
    len: u32,
    next: u32,
}

#[derive(Clone, Copy)]
struct Bucket {
    head: u32,
    len: u32,
}

const EMPTY: Bucket = Bucket { head: NONE, len: 0 };

struct Rung {
    start: u64,
    /// A bucket covers `1 << width_bits` nanoseconds.
    width_bits: u32,
    /// How many buckets it has: it must not reach past the bucket it was made for.
    len: usize,
    /// The first bucket that was not opened yet.
    current: usize,
    buckets: Box<[Bucket; BUCKETS]>,
}

impl Rung {
    /// A rung that covers `start..=last`.
    fn covering(start: u64, last: u64) -> Rung {
        let mut width_bits = 0;
        while (last - start) >> width_bits >= BUCKETS as u64 {
            width_bits += 1;
        }
        let len = ((last - start) >> width_bits) as usize + 1;
        Rung { start, width_bits, len, current: 0, buckets: Box::new([EMPTY; BUCKETS]) }
    }

    /// The bucket of a time that is not before the first unopened one, if the rung reaches so far.
    #[inline]
    fn bucket_of(&self, time: u64) -> Option<usize> {
        let at = (time - self.start) >> self.width_bits;
        (at < self.len as u64).then_some(at as usize)
    }

    /// Where the first unopened bucket starts.
    fn frontier(&self) -> u64 {
        self.start + ((self.current as u64) << self.width_bits)
    }
}

/// Events no earlier than [`Ladder::frontier`].
#[derive(Default)]
pub(crate) struct Ladder {
    /// From the coarsest to the finest; each later rung covers one opened bucket of the one before.
    rungs: Vec<Rung>,
    /// Beyond the first rung.
    beyond: Vec<Entry>,
    chunks: Vec<Chunk>,
    free: u32,
    len: usize,
}

impl Ladder {
    pub(crate) fn new() -> Ladder {
        Ladder { free: NONE, ..Ladder::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Starts with these events, all at or after `start`.
    pub(crate) fn fill(&mut self, entries: Vec<Entry>) {
        assert_eq!(self.len, 0, "a ladder is filled when it is empty");
        self.len = entries.len();
        self.beyond = entries;
        self.rungs.clear();
        self.spread_beyond();
    }

    /// Everything before this time is not the ladder's.
    #[inline]
    pub(crate) fn frontier(&self) -> u64 {
        self.rungs.last().map_or(u64::MAX, Rung::frontier)
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) {
        let time = time_of(entry);
        debug_assert!(time >= self.frontier());
        self.len += 1;
        for depth in (0..self.rungs.len()).rev() {
            if let Some(at) = self.rungs[depth].bucket_of(time) {
                self.put(depth, at, entry);
                return;
            }
        }
        self.beyond.push(entry);
    }

    fn put(&mut self, depth: usize, at: usize, entry: Entry) {
        let bucket = &mut self.rungs[depth].buckets[at];
        bucket.len += 1;
        let head = bucket.head;
        if head != NONE && (self.chunks[head as usize].len as usize) < CHUNK {
            let chunk = &mut self.chunks[head as usize];
            chunk.entries[chunk.len as usize] = entry;
            chunk.len += 1;
            return;
        }
        let fresh = self.fresh_chunk();
        let chunk = &mut self.chunks[fresh as usize];
        chunk.entries[0] = entry;
        chunk.len = 1;
        chunk.next = head;
        self.rungs[depth].buckets[at].head = fresh;
    }

    fn fresh_chunk(&mut self) -> u32 {
        if self.free == NONE {
            self.chunks.push(Chunk { entries: [0; CHUNK], len: 0, next: NONE });
            return (self.chunks.len() - 1) as u32;
        }
        let chunk = self.free;
        self.free = self.chunks[chunk as usize].next;
        chunk
    }

    /// Moves the next events to `front`; `false` if there are none.
    pub(crate) fn open_next(&mut self, mut front: impl FnMut(Entry)) -> bool {
        if self.len == 0 {
            self.rungs.clear();
            return false;
        }
        loop {
            let Some(rung) = self.rungs.last_mut() else {
                self.spread_beyond();
                continue;
            };
            let Some(at) = (rung.current..rung.len).find(|at| rung.buckets[*at].len > 0) else {
                self.rungs.pop();
                continue;
            };
            rung.current = at + 1;
            let bucket = std::mem::replace(&mut rung.buckets[at], EMPTY);
            let splits = bucket.len as usize > FRONT && rung.width_bits > 0;
            if !splits {
                self.len -= bucket.len as usize;
                self.empty(bucket.head, |_, entry| front(entry));
                return true;
            }
            let start = rung.start + ((at as u64) << rung.width_bits);
            let last = start + (1 << rung.width_bits) - 1;
            self.rungs.push(Rung::covering(start, last));
            let depth = self.rungs.len() - 1;
            self.empty(bucket.head, |ladder, entry| {
                let at =
                    (ladder.rungs[depth].bucket_of(time_of(entry))).expect("a finer rung covers its bucket");
                ladder.put(depth, at, entry);
            });
        }
    }

    /// Hands out the entries of a list of chunks and frees these.
    fn empty(&mut self, mut head: u32, mut take: impl FnMut(&mut Ladder, Entry)) {
        while head != NONE {
            let chunk = &self.chunks[head as usize];
            let (len, next) = (chunk.len as usize, chunk.next);
            for at in 0..len {
                let entry = self.chunks[head as usize].entries[at];
                take(self, entry);
            }
            let chunk = &mut self.chunks[head as usize];
            chunk.next = self.free;
            chunk.len = 0;
            self.free = head;
            head = next;
        }
    }

    /// A new first rung over all that lay beyond the last one.
    fn spread_beyond(&mut self) {
        let beyond = std::mem::take(&mut self.beyond);
        let first = beyond.iter().copied().map(time_of).min().expect("something lies beyond an empty ladder");
        let last = beyond.iter().copied().map(time_of).max().expect("something lies beyond an empty ladder");
        self.rungs.push(Rung::covering(first, last));
        for entry in beyond {
            let at =
                self.rungs[0].bucket_of(time_of(entry)).expect("the first rung covers what it was made for");
            self.put(0, at, entry);
        }
    }

    /// Gives up all events, in no order.
    pub(crate) fn drain(&mut self) -> Vec<Entry> {
        let mut all = std::mem::take(&mut self.beyond);
        let heads: Vec<u32> = (self.rungs.iter())
            .flat_map(|rung| rung.buckets.iter().filter(|bucket| bucket.len > 0).map(|bucket| bucket.head))
            .collect();
        for head in heads {
            self.empty(head, |_, entry| all.push(entry));
        }
        self.rungs.clear();
        self.len = 0;
        all
    }
}
