"""The tool's options for the filters of the API, by the names of the API's parameters."""

OPTIONS = {
    "Status": "--status",
    "SourceSid": "--source-sid",
    "DateCreatedAfter": "--created-after",
    "DateCreatedBefore": "--created-before",
    "GroupingSid": "--grouping-sid",
    "MediaType": "--type",
    "PageSize": "--page-size",
}


def selection(room, filters):
    """The arguments that select the recordings of a room, or of the account if there is none."""
    arguments = [room or "--account"]
    for name, value in filters.items():
        for it in value if isinstance(value, list) else [value]:
            arguments += [OPTIONS[name], it]
    return arguments
