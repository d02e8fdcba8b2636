// Prints the recordings of a room with the official client, one per line: ROOM PAGE_SIZE.

const client = require("twilio")(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
const [room, pageSize] = process.argv.slice(2);

client.video.v1.rooms(room).recordings.each({ pageSize: Number(pageSize) }, (it) => {
  const record = {
    sid: it.sid,
    status: it.status,
    account_sid: it.accountSid,
    room_sid: it.roomSid,
    date_created: it.dateCreated.toISOString().replace(".000Z", "Z"),
    source_sid: it.sourceSid,
    track_name: it.trackName,
    type: it.type,
    codec: it.codec,
    container_format: it.containerFormat,
    size: it.size,
    duration: it.duration,
    offset: it.offset,
    grouping_sids: it.groupingSids,
    url: it.url,
    links: it.links,
    media_external_location: it.mediaExternalLocation,
  };
  process.stdout.write(JSON.stringify(record) + "\n");
});
