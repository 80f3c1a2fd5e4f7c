"""The same work three times: our extension, orjson on dicts, msgspec on Structs; and what it must come to."""
