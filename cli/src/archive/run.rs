//! `archive`: one thread lists, and the others download.

use std::fmt::Display;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use twilio_room_recordings::{Error, ErrorKind, RoomRecording, Status};

use super::archiver::{Archiver, Task, locked};
use super::deletions::Deletions;
use super::options::Archive;
use super::progress::Bar;
use super::queue::{Closing, Queue};
use super::summary::Summary;
use crate::client::Connection;
use crate::failure::{Failure, about, is_usage};
use crate::messages::{Level, Messages};
use crate::scope::Scope;
use crate::signals;

pub fn run(
    connection: &Connection,
    scopes: &[Scope],
    options: &Archive,
    messages: &Messages,
) -> Result<(), Failure> {
    let start = Instant::now();
    let bar = Bar::new(messages.level());
    let messages = &messages.above(bar.bar());
    let (opened, is_closed) = (OnceLock::<Archiver>::new(), Mutex::new(false));
    // If a signal arrives while the run ends by itself, only one of them prints the closing lines.
    let close = |reason: Option<&dyn Display>| {
        let mut is_closed = locked(&is_closed);
        if mem::replace(&mut *is_closed, true) {
            return Ok(());
        }

        if let Some(reason) = reason {
            messages.error(reason);
        }
        match opened.get() {
            Some(archiver) => archiver.close(),
            None => Summary::new(start).print(messages.errors(), options, messages),
        }
    };

    let work = || {
        let archiver = match Archiver::new(connection, options, messages, &bar, start) {
            Ok(archiver) => opened.get_or_init(|| archiver),
            Err(failure @ Failure::Usage(_)) => return Err(failure),
            Err(failure) => return close(Some(&failure)),
        };
        let listed = list_and_archive(scopes, archiver);
        bar.finish();
        match listed {
            Err(failure @ Failure::Other(_)) => messages.error(&failure),
            // Nothing was sent.
            Err(failure) => return Err(failure),
            Ok(()) => {}
        }
        archiver.finish();
        close(None)
    };
    signals::watch(work, || {
        bar.finish();
        // If nobody can read it, the run ends all the same.
        let _ = close(Some(&"interrupted: run again to resume"));
    })
}

fn list_and_archive(scopes: &[Scope], archiver: &Archiver<'_>) -> Result<(), Failure> {
    let options = archiver.options;
    let queue = Queue::new(options.to.clone());
    thread::scope(|scope| {
        let work = || {
            loop {
                match queue.pop() {
                    Ok(Some(task)) => archiver.perform(task),
                    Ok(None) => break,
                    Err(reason) => {
                        archiver.stop(&reason);
                        break;
                    }
                }
            }
        };
        let started = (0..options.jobs).try_for_each(|_| {
            let thread = thread::Builder::new().spawn_scoped(scope, work);
            thread.map(drop).map_err(|error| too_many_jobs(options.jobs, &error))
        });

        // Otherwise the threads would wait for ever.
        let _closing = Closing(&queue);
        started.and_then(|()| list_and_wait(scopes, archiver, &queue))
    })
}

fn too_many_jobs(jobs: u16, error: &io::Error) -> Failure {
    Failure::Other(format!("could not start the threads of --jobs {jobs}: {error}"))
}

/// Lists every scope, and with `--wait` again while recordings are still processing.
fn list_and_wait(scopes: &[Scope], archiver: &Archiver<'_>, queue: &Queue) -> Result<(), Failure> {
    let wait = archiver.options.wait.unwrap_or_default();
    let deadline = archiver.connection.deadline();
    let end = Instant::now().checked_add(wait).map_or(deadline, |end| end.min(deadline));
    let mut pause = Duration::from_secs(1);
    let mut is_first = true;
    loop {
        for (number, &scope) in (1..).zip(scopes) {
            list(scope, archiver, queue)?;
            if archiver.has_stopped() {
                let (rooms, rest) = (scopes.len(), scopes.len() - number);
                if is_first && rest > 0 {
                    archiver.messages.error(format_args!("not listed: {rest} of {rooms} rooms"));
                }
                return Ok(());
            }
        }
        is_first = false;

        let left = end.saturating_duration_since(Instant::now());
        if !archiver.ledger().has_processing() || left.is_zero() {
            return Ok(());
        }
        thread::sleep(pause.min(left));
        if archiver.has_stopped() {
            return Ok(());
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The longest pause between two listings of `--wait`.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Lists one scope, and hands over its recordings. A listing that fails does not stop the others.
fn list(scope: Scope, archiver: &Archiver<'_>, queue: &Queue) -> Result<(), Failure> {
    let Archiver { connection, options, messages, .. } = archiver;
    let deletions = Arc::new(Deletions::new(options.delete));
    let listing = options.selection.filters.apply(connection.list(scope), scope);
    let mut is_complete = true;

    for page in listing.pages() {
        match page {
            Ok(page) => {
                for recording in page.recordings {
                    match recording {
                        Ok(recording) => enqueue(recording, archiver, &deletions, queue),
                        Err(error) => {
                            if let Some(recording) = report_invalid(&error, scope, archiver) {
                                enqueue(recording, archiver, &deletions, queue);
                            }
                        }
                    }
                }
            }
            Err(error) if is_usage(&error) => return Err(error.into()),
            Err(error) if matches!(error.kind(), ErrorKind::Unauthorized(_)) => {
                archiver.stop(&about(scope, &error));
            }
            Err(error) => {
                messages.error(about(scope, &error));
                is_complete = false;
            }
        }
        if archiver.has_stopped() {
            is_complete = false;
            break;
        }
    }

    for proven in deletions.end_listing(is_complete) {
        queue.push(Task::Delete(proven));
    }
    Ok(())
}

/// Reports an invalid record when it is listed for the first time. Returns the recording if it can be
/// archived.
fn report_invalid(error: &Error, scope: Scope, archiver: &Archiver<'_>) -> Option<RoomRecording> {
    let Archiver { messages, .. } = archiver;
    let sid = match error.kind() {
        ErrorKind::InvalidRecord(record) => record.sid,
        _ => None,
    };
    if sid.is_some_and(|sid| archiver.is_acknowledged(sid)) {
        return None;
    }

    let recording = usable(error);
    if archiver.ledger().add_invalid(sid) {
        let text = about(scope, error);
        match recording {
            Some(_) => messages
                .warning(format_args!("{text}; the record is used without its invalid fields")),
            None => messages.error(text),
        }
    }
    recording
}

/// The member of an entry that holds a record with invalid fields as the service sent it.
const AS_RECEIVED: &str = "as_received";

/// The record of an error without its invalid fields, if it can be archived, and as it came.
fn usable(error: &Error) -> Option<RoomRecording> {
    let ErrorKind::InvalidRecord(invalid) = error.kind() else { return None };
    let mut recording = invalid.recording.as_deref()?.clone();
    // As text, because a field that appears twice, or a huge number, is in no JSON value.
    recording.additional_fields.insert(AS_RECEIVED.to_owned(), Value::from(&*invalid.json));
    Some(recording)
}

/// Hands a recording with media to the threads, and counts any other.
fn enqueue(
    recording: RoomRecording,
    archiver: &Archiver<'_>,
    deletions: &Arc<Deletions>,
    queue: &Queue,
) {
    let Archiver { messages, bar, options, .. } = archiver;
    let sid = recording.sid;
    if !options.selection.filters.match_locally(&recording) {
        return;
    }
    archiver.ledger().rooms.insert(recording.room_sid);
    if archiver.is_acknowledged(sid) || !archiver.ledger().add(&recording) {
        return;
    }

    match &recording.status {
        // The API decides about a status that this version does not know.
        status if status.may_have_media() && options.dry_run => archiver.preview(&recording),
        status if status.may_have_media() => {
            bar.expect(&recording);
            queue.push(Task::Save(Box::new(recording), Arc::clone(deletions)));
        }
        Status::Processing => {
            messages.note(Level::Verbose, format_args!("{sid}: still processing"));
        }
        Status::Failed => {
            archiver.count(|summary| summary.failed += 1);
            let room = recording.room_sid;
            messages.error(format_args!(
                "{sid} of room {room}: failed at Twilio, so it has no media; write its SID into the \
                 file of --acknowledged"
            ));
        }
        status => {
            archiver.count(|summary| summary.no_media += 1);
            let status = status.as_str().escape_debug();
            messages.note(Level::Verbose, format_args!("{sid}: no media, status {status}"));
        }
    }
}
