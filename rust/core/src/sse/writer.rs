//! Writing events.

/// Append one event in the only form that every measured client reads: LF, one space, one data line, a blank line.
/// `data` must be free of line breaks (JSON is).
pub fn write_event(out: &mut Vec<u8>, name: Option<&str>, data: impl FnOnce(&mut Vec<u8>)) {
    if let Some(name) = name {
        debug_assert!(!name.contains(['\r', '\n']), "an event's name is one line");
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    let start = out.len();
    data(out);
    debug_assert!(
        memchr::memchr2(b'\r', b'\n', &out[start..]).is_none(),
        "an event's data is one line"
    );
    out.extend_from_slice(b"\n\n");
}
