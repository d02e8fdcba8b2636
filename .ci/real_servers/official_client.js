// Does jobs with twilio-node, and prints the result of each, as official_client.py does.

const twilio = require("twilio");

async function result(video, job) {
  const recordings = job.room ? video.rooms(job.room).recordings : video.recordings;
  switch (job.action) {
    case "list":
      return (await recordings.list(options(job.filters))).map(fields);
    case "fetch":
      return fields(await recordings(job.recording).fetch());
    case "delete":
      return recordings(job.recording).remove();
  }
}

// The filters as options: `dateCreatedAfter: new Date(…)` for `DateCreatedAfter`.
function options(filters) {
  return Object.fromEntries(
    Object.entries(filters).map(([name, value]) => [
      name[0].toLowerCase() + name.slice(1),
      name.startsWith("Date") ? new Date(value) : value,
    ]),
  );
}

function fields(recording) {
  const values = Object.entries(recording.toJSON()).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value instanceof Date ? value.toISOString().replace(".000Z", "Z") : (value ?? null),
  ]);
  return Object.fromEntries(values);
}

async function main() {
  const { video } = twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
  const results = [];
  for (const job of JSON.parse(process.argv[2])) {
    results.push(await result(video.v1, job));
  }
  console.log(JSON.stringify(results));
}

main();
