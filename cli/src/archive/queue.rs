//! The work that waits for a thread. The listing never waits for the downloads, because its page
//! tokens could expire, so a million recordings can wait here.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use twilio_room_recordings::RoomRecording;

use super::archiver::Task;
use super::deletions::Deletions;
use super::folder;

/// A queue that holds few recordings in memory, and the others in a file.
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    folder: PathBuf,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    waiting: Option<Waiting>,
    is_closed: bool,
}

/// Recordings in a file without a name, one per line.
struct Waiting {
    file: File,
    /// The position of the first line that is not read, and the end of the last one.
    read: u64,
    written: u64,
    /// The listings of the lines, in their order, with the number of lines of each.
    listings: VecDeque<(Arc<Deletions>, u64)>,
}

/// The number of tasks that are held in memory.
const IN_MEMORY: usize = 1000;

impl Queue {
    /// A queue with a file in that folder, if one is needed.
    pub fn new(folder: PathBuf) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), folder }
    }

    pub fn push(&self, task: Task) {
        let mut state = self.locked();
        if let Some(task) = self.write(&mut state, task) {
            state.tasks.push_back(task);
        }
        self.changed.notify_one();
    }

    /// Writes a recording to the file if enough are in memory. Returns the task if it was not
    /// written: memory is the place for what does not fit on the disk.
    fn write(&self, state: &mut State, task: Task) -> Option<Task> {
        let Task::Save(recording, deletions) = task else { return Some(task) };
        if state.tasks.len() >= IN_MEMORY {
            let waiting = match state.waiting.take() {
                Some(waiting) => Ok(waiting),
                None => Waiting::create(&self.folder),
            };
            if let Ok(waiting) = waiting
                && state.waiting.insert(waiting).push(&recording, &deletions).is_ok()
            {
                return None;
            }
        }
        Some(Task::Save(recording, deletions))
    }

    /// Waits for a task; `None` after the last one.
    pub fn pop(&self) -> Result<Option<Task>, String> {
        let mut state = self.locked();
        loop {
            if let Some(task) = state.tasks.pop_front() {
                return Ok(Some(task));
            }
            let State { tasks, waiting, .. } = &mut *state;
            if let Some(waiting) = waiting
                && waiting.read < waiting.written
            {
                let read = waiting.read_into(tasks);
                read.map_err(|error| format!("could not read the waiting recordings: {error}"))?;
                continue;
            }
            if state.is_closed {
                return Ok(None);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that nothing more will be pushed, when it is dropped.
pub struct Closing<'a>(pub &'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.locked().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Waiting {
    fn create(folder: &Path) -> io::Result<Self> {
        folder::create(folder).map_err(|error| error.cause)?;
        // It lives until it is closed, also if the process is killed.
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { file, read: 0, written: 0, listings: VecDeque::new() })
    }

    fn push(&mut self, recording: &RoomRecording, deletions: &Arc<Deletions>) -> io::Result<()> {
        let line = serde_json::to_string(recording)? + "\n";
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(line.as_bytes())?;
        self.written += line.len() as u64;
        match self.listings.back_mut() {
            Some((listing, lines)) if Arc::ptr_eq(listing, deletions) => *lines += 1,
            _ => self.listings.push_back((Arc::clone(deletions), 1)),
        }
        Ok(())
    }

    /// Reads as many recordings as memory has room for.
    fn read_into(&mut self, tasks: &mut VecDeque<Task>) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = String::new();
        while tasks.len() < IN_MEMORY && self.read < self.written {
            line.clear();
            self.read += reader.read_line(&mut line)? as u64;
            let recording = Box::new(serde_json::from_str(&line)?);
            let Some((listing, lines)) = self.listings.front_mut() else { break };
            tasks.push_back(Task::Save(recording, Arc::clone(listing)));
            *lines -= 1;
            if *lines == 0 {
                self.listings.pop_front();
            }
        }
        Ok(())
    }
}
