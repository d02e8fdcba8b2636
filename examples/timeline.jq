# The time line of a room as text:
# twilio-recordings list --json RM… | jq --raw-output --slurp --from-file examples/timeline.jq
def clock: strftime("%H:%M:%S");

map(select((.duration // 0) > 0)
  | (.date_created | fromdate) as $from
  | {who: (.grouping_sids.participant_sid // "-"), type, $from, to: ($from + .duration)})
| select(length > 0)
| (map(.from) | min) as $first | (map(.to) | max) as $last
| "\($first | todate) to \($last | clock)",
  (group_by([.who, .type])[] | sort_by(.from) as $tracks
    | ([range(48) | ($first + (. + 0.5) * ($last - $first) / 48) as $at
        | if any($tracks[]; .from <= $at and $at < .to) then "#" else "." end] | add) as $bar
    | ($tracks | map("\(.from | clock)-\(.to | clock)") | join(" ")) as $times
    | "\($tracks[0].who[:6]) \($tracks[0].type) \($bar) \($times)")
