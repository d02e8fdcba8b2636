"""The API's side of a check whose subject is another server: rooms, filters, pages, and the
redirect to the storage."""

import base64
import json
import ssl
import threading
from collections import Counter
from urllib.parse import urlencode

from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from harness import ACCOUNT, ROOM, TOKEN

AUTHORIZATION = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()

ROUTES = Map(
    [
        Rule("/v1/Recordings", endpoint="list"),
        Rule("/v1/Recordings/<sid>", endpoint="recording"),
        Rule("/v1/Recordings/<sid>/Media", endpoint="media"),
        Rule("/v1/Rooms/<room>/Recordings", endpoint="list"),
        Rule("/v1/Rooms/<room>/Recordings/<sid>", endpoint="recording"),
        Rule("/v1/Rooms/<room>/Recordings/<sid>/Media", endpoint="media"),
    ]
)


def recording(number, room=ROOM, **fields):
    """A record as the service sends it, with all fields of a completed recording."""
    sid = f"RT{number:032x}"
    path = f"https://video.twilio.com/v1/Rooms/{room}/Recordings/{sid}"
    return {
        "sid": sid,
        "account_sid": ACCOUNT,
        "room_sid": room,
        "status": "completed",
        "source_sid": f"MT{number % 7:032x}",
        "date_created": f"2026-11-{1 + number % 28:02}T{number % 24:02}:00:00Z",
        "date_updated": None,
        "date_deleted": None,
        "status_callback": None,
        "status_callback_method": None,
        "url": path,
        "size": 1000 + number,
        "type": "audio",
        "duration": number % 3600,
        "container_format": "mka",
        "codec": "OPUS",
        "track_name": f"track {number} “ü”",
        "offset": 143532775792 + number,
        "grouping_sids": {"room_sid": room, "participant_sid": f"PA{number % 5:032x}"},
        "media_external_location": None,
        "encryption_key": None,
        "links": {"media": f"{path}/Media"},
    } | fields


class Api:
    """An account with these records. `location(sid)` is where the media of a recording is. With a
    certificate, the API is https://video.twilio.com itself."""

    def __init__(self, records, location=None, certificate=None):
        self.records = records
        self.location = location
        self.requests = Counter()
        port, tls = 0, None
        if certificate:
            port, tls = 443, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
        self.server = make_server(
            "127.0.0.1", port, self, threaded=True, request_handler=Handler, ssl_context=tls
        )
        self.port = self.server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def __call__(self, environ, start_response):
        return self.respond(Request(environ))(environ, start_response)

    def respond(self, request):
        if request.headers.get("Authorization") != AUTHORIZATION:
            return error(401, 20003, "Authentication Error - invalid username")
        endpoint, values = ROUTES.bind_to_environ(request.environ).match()
        self.requests[request.method, endpoint] += 1
        listed = [it for it in self.records if values.get("room") in (None, it["grouping_sids"]["room_sid"])]
        if endpoint == "list":
            return self.page([as_sent(it, "room" in values) for it in listed], request)

        found = [it for it in listed if it["sid"] == values["sid"]]
        if not found:
            return error(404, 20404, f"The requested resource {request.path} was not found")
        if endpoint == "media":
            location = self.location(values["sid"])
            return json_response(302, {"redirect_to": location}, Location=location)
        if request.method == "DELETE":
            self.records.remove(found[0])
            return Response(status=204)
        return json_response(200, as_sent(found[0], "room" in values))

    def page(self, listed, request):
        parameters = request.args
        listed = [it for it in listed if passes(it, parameters)]
        size = int(parameters.get("PageSize", 50))
        start = int(parameters.get("PageToken", "PT0")[2:])
        url = request.base_url
        following = None
        if start + size < len(listed):
            kept = [
                (name, value) for name, value in parameters.items(multi=True) if not name.startswith("Page")
            ]
            page = [("PageSize", size), ("Page", start // size + 1), ("PageToken", f"PT{start + size}")]
            following = f"{url}?{urlencode(kept + page)}"
        meta = {
            "key": "recordings",
            "url": request.url,
            "page": start // size,
            "page_size": size,
            "first_page_url": url,
            "previous_page_url": None,
            "next_page_url": following,
        }
        return json_response(200, {"meta": meta, "recordings": listed[start : start + size]})


class Handler(WSGIRequestHandler):
    """Keeps connections open, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def as_sent(record, by_room):
    """A record without its `room_sid` unless the request names the room."""
    return {name: value for name, value in record.items() if by_room or name != "room_sid"}


def passes(record, parameters):
    groups = record["grouping_sids"].values()
    return (
        parameters.get("Status") in (None, record["status"])
        and parameters.get("SourceSid") in (None, record["source_sid"])
        and parameters.get("MediaType") in (None, record["type"])
        and parameters.get("DateCreatedAfter", "") <= record["date_created"]
        and record["date_created"] < parameters.get("DateCreatedBefore", "9")
        and ("GroupingSid" not in parameters or set(parameters.getlist("GroupingSid")) & set(groups))
    )


def json_response(status, value, **headers):
    return Response(json.dumps(value), status, headers, content_type="application/json")


def error(status, code, message):
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    return json_response(status, {"code": code, "message": message, "more_info": more_info, "status": status})
