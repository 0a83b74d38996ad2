//! Who asked for what: the records that were made on behalf of a record.
//!
//! Kept only in models where somebody must find them: callers that cancel, and races of hedged attempts.

use crate::partition::Partition;
use crate::plan::NONE;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Kin {
    parent: u32,
    /// The youngest child; its siblings follow.
    child: u32,
    younger: u32,
    older: u32,
}

impl Kin {
    const ALONE: Kin = Kin { parent: NONE, child: NONE, younger: NONE, older: NONE };
}

impl Partition {
    /// A record is made, for another or for nobody.
    #[inline(never)]
    pub(crate) fn be_born(&mut self, task: u32, parent: u32) {
        let at = task as usize;
        if self.kin.len() <= at {
            self.kin.resize(at + 1, Kin::ALONE);
        }
        self.kin[at] = Kin::ALONE;
        if parent != NONE {
            self.adopt(task, parent);
        }
    }

    pub(crate) fn adopt(&mut self, task: u32, parent: u32) {
        let older = std::mem::replace(&mut self.kin[parent as usize].child, task);
        if older != NONE {
            self.kin[older as usize].younger = task;
        }
        let kin = &mut self.kin[task as usize];
        (kin.parent, kin.older, kin.younger) = (parent, older, NONE);
    }

    /// Another record goes on in its place.
    pub(crate) fn inherit_home(&mut self, task: u32, heir: u32) {
        let parent = self.kin[task as usize].parent;
        if parent != NONE {
            self.leave_home(task);
            self.adopt(heir, parent);
        }
    }

    /// Whoever it was made for wants nothing of it any more.
    pub(crate) fn leave_home(&mut self, task: u32) {
        let Kin { parent, younger, older, .. } = self.kin[task as usize];
        if parent == NONE {
            return;
        }
        match younger {
            NONE => self.kin[parent as usize].child = older,
            younger => self.kin[younger as usize].older = older,
        }
        if older != NONE {
            self.kin[older as usize].younger = younger;
        }
        let kin = &mut self.kin[task as usize];
        (kin.parent, kin.younger, kin.older) = (NONE, NONE, NONE);
    }

    /// A record goes; its children stay behind.
    #[inline(never)]
    pub(crate) fn die(&mut self, task: u32) {
        self.leave_home(task);
        self.guest_leaves(task);
        while self.kin[task as usize].child != NONE {
            self.leave_home(self.kin[task as usize].child);
        }
    }

    pub(crate) fn youngest(&self, task: u32) -> Option<u32> {
        let child = self.kin[task as usize].child;
        (child != NONE).then_some(child)
    }

    /// The youngest first.
    pub(crate) fn children(&self, task: u32) -> Vec<u32> {
        let known = |child: u32| (child != NONE).then_some(child);
        let first = known(self.kin[task as usize].child);
        std::iter::successors(first, |child| known(self.kin[*child as usize].older)).collect()
    }
}
