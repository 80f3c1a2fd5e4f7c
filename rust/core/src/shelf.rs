//! A bounded memory by owner and id: in entries, bytes and time. The oldest goes first; nothing ever fails for want of
//! room.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Bounds of what is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Things remembered.
    pub entries: usize,
    /// Bytes remembered.
    pub bytes: usize,
    /// How long.
    pub ttl: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 20_000,
            bytes: 64 << 20,
            ttl: Duration::from_secs(6 * 3600),
        }
    }
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    size: usize,
    put: Instant,
    serial: u64,
}

/// The memory itself. Its user holds the lock and says what each thing weighs.
#[derive(Debug)]
pub(crate) struct Shelf<V> {
    by_key: HashMap<String, Entry<V>>,
    /// Oldest first. A key that was put again stands here twice; only the entry with its serial is its own.
    order: VecDeque<(String, u64)>,
    bytes: usize,
    serial: u64,
}

impl<V> Default for Shelf<V> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            serial: 0,
        }
    }
}

impl<V: Clone> Shelf<V> {
    /// Remember a thing; call [`Shelf::make_room`] afterwards.
    pub(crate) fn put(&mut self, key: String, value: V, size: usize, now: Instant) {
        self.serial += 1;
        self.bytes += size;
        let entry = Entry {
            value,
            size,
            put: now,
            serial: self.serial,
        };
        self.order.push_back((key.clone(), entry.serial));
        if let Some(old) = self.by_key.insert(key, entry) {
            self.bytes -= old.size;
        }
    }

    /// The thing of this key, unless its time is over.
    pub(crate) fn get(&self, key: &str, limits: &Limits, now: Instant) -> Option<V> {
        let entry = self.by_key.get(key)?;
        (now.duration_since(entry.put) < limits.ttl).then(|| entry.value.clone())
    }

    /// Forget a thing.
    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let entry = self.by_key.remove(key)?;
        self.bytes -= entry.size;
        Some(entry.value)
    }

    /// Forget the oldest until all bounds hold.
    pub(crate) fn make_room(&mut self, limits: &Limits, now: Instant) {
        while let Some((key, serial)) = self.order.front() {
            let entry = self.by_key.get(key).filter(|entry| entry.serial == *serial);
            let is_due = entry.is_none_or(|entry| now.duration_since(entry.put) >= limits.ttl);
            let is_crowded = self.by_key.len() > limits.entries || self.bytes > limits.bytes;
            let has_backlog = self.order.len() > 2 * limits.entries;
            if !is_due && !is_crowded && !has_backlog {
                break;
            }
            let is_its_own = entry.is_some();
            let Some((key, _)) = self.order.pop_front() else {
                break;
            };
            if is_its_own {
                self.remove(&key);
            }
        }
    }

    /// Things and bytes remembered now.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.by_key.len(), self.bytes)
    }
}

/// Ids come from clients: the length keeps one from reaching into another owner's by what it puts into an id.
pub(crate) fn key(owner: &str, id: &str) -> String {
    format!("{} {owner} {id}", owner.len())
}
