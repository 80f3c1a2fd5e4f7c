//! Several attempts for one client: the first that has something to say goes on, the others end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastproxy_upstream::stop::{Stop, StopCause};
use pyo3::prelude::*;

#[derive(Default)]
struct Runners {
    stops: Vec<Stop>,
    winner: Option<usize>,
}

/// Decides between exchanges that serve one client: the first to deliver wins, and the rest end at once as `cancelled`.
#[pyclass(frozen, skip_from_py_object, module = "fastproxy._core")]
#[derive(Clone, Default)]
pub(crate) struct Race(Arc<Mutex<Runners>>);

#[pymethods]
impl Race {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Whether one of them has begun to answer.
    #[getter]
    fn is_won(&self) -> bool {
        self.lock().winner.is_some()
    }
}

impl Race {
    /// A place in the race. Who comes after the end is told so when it wants to deliver.
    pub(crate) fn enter(&self, stop: Stop) -> Runner {
        let mut runners = self.lock();
        runners.stops.push(stop);
        Runner {
            race: self.clone(),
            number: runners.stops.len() - 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Runners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One exchange's place in a race.
pub(crate) struct Runner {
    race: Race,
    number: usize,
}

impl Runner {
    /// Whether this one may deliver. The first to ask ends the others.
    pub(crate) fn wins(&self) -> bool {
        let mut runners = self.race.lock();
        let winner = *runners.winner.get_or_insert(self.number);
        if winner != self.number {
            return false;
        }
        for (number, stop) in runners.stops.iter().enumerate() {
            if number != winner {
                stop.fire(StopCause::ClientGone);
            }
        }
        true
    }
}
