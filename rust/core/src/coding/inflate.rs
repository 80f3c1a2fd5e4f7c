//! gzip and deflate.

use flate2::{Decompress, FlushDecompress, Status};

use super::stage::{Step, corrupt};
use crate::error::Error;

/// The wrapper around the deflated bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Members with header and checksum, one after the other.
    Gzip,
    /// `deflate`, which means zlib, but some servers send it bare: the first byte tells.
    Deflate,
}

/// Where the stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing has come yet.
    Start,
    /// Within deflated bytes, their header or checksum.
    Inside,
    /// After a whole member or stream.
    End,
    /// In the zeros that some archivers put after the last member.
    Padding,
}

/// Decodes gzip or deflate.
#[derive(Debug)]
pub(super) struct Inflate {
    form: Form,
    place: Place,
    engine: Decompress,
}

impl Inflate {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            place: Place::Start,
            engine: Decompress::new(false),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self.place, Place::End | Place::Padding)
    }

    /// Use up the input or the space.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        space: &mut [u8],
        done: &mut Step,
    ) -> Result<(), Error> {
        loop {
            match (self.place, &input[done.read..]) {
                (Place::Inside, _) => {}
                (_, []) => return Ok(()),
                (Place::End | Place::Padding, [0, ..]) if self.form == Form::Gzip => {
                    self.place = Place::Padding;
                    done.read += 1;
                    continue;
                }
                (place, [first, ..]) => self.begin(place, *first)?,
            }
            self.inflate(input, space, done)?;
            if self.place == Place::Inside {
                // The engine stops only where it lacks input or space.
                return Ok(());
            }
        }
    }

    /// A stream or a member begins with this byte.
    fn begin(&mut self, place: Place, first: u8) -> Result<(), Error> {
        self.engine = match (self.form, place) {
            (Form::Gzip, Place::Start | Place::End) if first == 0x1F => Decompress::new_gzip(15),
            // Low half: method 8. High half: a window of at most 32 KiB. Bare deflate never starts so: it would be a
            // stored block with its padding bits set.
            (Form::Deflate, Place::Start) => Decompress::new(first & 0x8F == 0x08),
            _ => return Err(self.corrupt()),
        };
        self.place = Place::Inside;
        Ok(())
    }

    fn inflate(&mut self, input: &[u8], space: &mut [u8], done: &mut Step) -> Result<(), Error> {
        let (read, made) = (self.engine.total_in(), self.engine.total_out());
        let (input, space) = (&input[done.read..], &mut space[done.made..]);
        let status = self.engine.decompress(input, space, FlushDecompress::None);
        done.read += (self.engine.total_in() - read) as usize;
        done.made += (self.engine.total_out() - made) as usize;
        if status.map_err(|_| self.corrupt())? == Status::StreamEnd {
            self.place = Place::End;
        }
        Ok(())
    }

    fn corrupt(&self) -> Error {
        corrupt(match self.form {
            Form::Gzip => "gzip",
            Form::Deflate => "deflate",
        })
    }
}
