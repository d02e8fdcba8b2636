//! `merge`: a room's tracks in one file.

use std::fs;
use std::io::{self, Write};

use super::entries::{self, ArchivedTrack};
use super::ffprobe::Ffprobe;
use super::options::Merge;
use super::output::Output;
use super::plan::{Plan, Timeline, Track};
use super::progress::Bar;
use super::{ffmpeg, shell};
use crate::failure::Failure;
use crate::messages::{Level, Messages};

pub fn run(options: &Merge, messages: &Messages) -> Result<(), Failure> {
    options.check()?;
    let messages = &messages.with_level(options.level());
    let archived = entries::of_room(&options.from, options.room, messages)?;
    if messages.errors() > 0 {
        return Ok(());
    }
    if let Ok(to) = fs::canonicalize(&options.to)
        && archived.iter().any(|it| fs::canonicalize(&it.file).is_ok_and(|file| file == to))
    {
        let to = options.to.display();
        return Err(Failure::Usage(format!("--to {to}: expected another file than a track's own")));
    }
    // Nothing is read in vain if the file can't be made.
    let output = match options.print {
        true => None,
        false => Some(Output::create(&options.to, options.force)?),
    };

    let bar = Bar::of_tracks(archived.len());
    let messages = &messages.above(bar.bar());
    let timeline = Timeline::new(tracks(archived, options, &bar, messages)?);
    let timeline = timeline.map_err(Failure::Other)?;
    let length = timeline.end.whole_microseconds();
    let Some(plan) = Plan::new(timeline, options.audio_only) else {
        return Err(Failure::Other(format!("{}: no track to merge", options.room)));
    };

    let Some(output) = output else { return print(&plan, options) };
    bar.begin_timeline(u64::try_from(length).unwrap_or(0));
    ffmpeg::run(&options.ffmpeg, &plan, &output, &bar, messages)?;
    output.finish()?;
    drop(bar);
    let (file, count) = (options.to.display(), plan.inputs.len());
    let plural = if count == 1 { "" } else { "s" };
    messages.note(Level::Normal, format_args!("{file}: {count} track{plural}"));
    Ok(())
}

/// Reads the file of each recording.
fn tracks(
    archived: Vec<ArchivedTrack>,
    options: &Merge,
    bar: &Bar,
    messages: &Messages,
) -> Result<Vec<Track>, Failure> {
    let ffprobe = Ffprobe::beside(&options.ffmpeg);
    let mut tracks = Vec::new();
    for ArchivedTrack { recording, file } in archived {
        let sid = recording.sid;
        let contents = ffprobe.contents(&file, messages)?;
        bar.next_track();
        let Some(contents) = contents else {
            messages.warning(format_args!("{sid}: left out: {} is empty", file.display()));
            continue;
        };
        if recording.offset.is_none() {
            messages.warning(format_args!("{sid}: no offset: the smallest of the room is used"));
        }

        let participant = recording.grouping_sids.and_then(|it| it.participant_sid);
        tracks.push(Track { sid, participant, file, offset: recording.offset, contents });
    }
    Ok(tracks)
}

/// Prints the command.
fn print(plan: &Plan, options: &Merge) -> Result<(), Failure> {
    let overwrite = if options.force { "-y" } else { "-n" };
    let arguments = plan.arguments(&["-hide_banner", "-nostdin", overwrite], &options.to);
    let words = arguments.iter().map(AsRef::as_ref);
    let mut line = shell::line([options.ffmpeg.as_os_str()].into_iter().chain(words));
    line.push(b'\n');

    let mut stdout = io::stdout().lock();
    stdout.write_all(&line).and_then(|()| stdout.flush()).map_err(Failure::Output)
}
