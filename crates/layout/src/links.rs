//! Neighbours, row after row in one list.

pub(crate) struct Links {
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Links {
    /// From the first of each pair to the second; those of one row keep the order of the pairs.
    pub(crate) fn of(n: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Links {
        let mut starts = vec![0; n + 1];
        pairs.clone().for_each(|(from, _)| starts[from as usize + 1] += 1);
        (0..n).for_each(|row| starts[row + 1] += starts[row]);
        let mut free = starts.clone();
        let mut ends = vec![0; starts[n] as usize];
        for (from, to) in pairs {
            ends[free[from as usize] as usize] = to;
            free[from as usize] += 1;
        }
        Links { starts, ends }
    }

    pub(crate) fn from(&self, node: u32) -> &[u32] {
        &self.ends[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }
}

/// The other way round.
pub(crate) fn flipped(pair: &(u32, u32)) -> (u32, u32) {
    (pair.1, pair.0)
}
