//! What bytes are, by how they begin. A server's word for it is not asked: it is wrong too often, and an upstream that is
//! told the wrong type refuses the whole request.

/// How each format begins: these bytes at this place.
const MAGIC: [(usize, &[u8], &str); 16] = [
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
];

/// The media type of these bytes, if they are of a kind that models are shown.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let begins = |at: usize, magic: &[u8]| {
        bytes
            .get(at..at + magic.len())
            .is_some_and(|found| found == magic)
    };
    let known = MAGIC.iter().find(|(at, magic, _)| begins(*at, magic));
    // Only a RIFF container has a form at its eighth byte.
    known
        .filter(|(at, _, _)| *at != 8 || bytes.starts_with(b"RIFF"))
        .map(|(_, _, mime)| *mime)
}

#[cfg(test)]
mod tests {
    use super::sniff;

    #[test]
    fn bytes_say_what_they_are() {
        let cases: [(&[u8], Option<&str>); 9] = [
            (b"\x89PNG\r\n\x1a\n....", Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF....WEBPVP8 ", Some("image/webp")),
            (b"RIFF....WAVEfmt ", Some("audio/wav")),
            (b"....ftypisom", Some("video/mp4")),
            (b"%PDF-1.7", Some("application/pdf")),
            (b"JUNK....WEBP", None),
            (b"<html>", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(sniff(bytes), expected);
        }
    }
}
