// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why a capture file could not be read, or not to its end, in words for the person who named it.
///
/// Packets that were handed out before stay valid: what stood in front of the place is read.
package struct CaptureFileError: Error, Hashable {
  package enum Reason: Error, Hashable {
    /// Opening or reading failed, with this errno.
    case unreadable(CInt)
    case empty
    /// The first bytes are of no format that is known.
    case notACapture
    /// A capture, perhaps, but packed by this program, which is not built in.
    case packed(by: String)
    /// The compressed data contradict themselves.
    case corruptCompression
    /// It ends in the middle of a record, or of the compressed data.
    case truncated
    /// Somebody cut it off while it was read.
    case shortened
    /// Somebody types there: no capture comes.
    case terminal
    /// The reader was told to stop while it waited.
    case stopped
    /// A length, number or marker that no capture has; its name and its value.
    case implausible(String, UInt64)
    case outOfMemory
  }

  package var reason: Reason
  /// As it was named; `standard input` for "-".
  package var file: String
  /// Packets that were read before.
  package var packets: UInt64
  /// Where the record begins that could not be read, in bytes of the unpacked file.
  package var offset: UInt64
}

extension CaptureFileError: CustomStringConvertible {
  package var description: String {
    let place = "\(file): packet \(packets + 1) at byte \(offset)"
    return switch reason {
    case .unreadable(let code) where offset > 0:
      "\(place) cannot be read: \(SystemError.text(of: code)) (errno \(code)); what stood before "
        + "was read. Copy the file to a sound disk, as far as that goes."
    case .unreadable(EISDIR):
      "\(file) is a folder; name the captures in it: \(file.hasSuffix("/") ? file : file + "/")*.pcap"
    case .unreadable(let code):
      "\(file) cannot be read: \(SystemError.text(of: code)) (errno \(code)); name a capture file, "
        + "or - for standard input."
    case .empty:
      "\(file) is empty; a capture file has at least a header: check the program that wrote it."
    case .notACapture:
      "\(file) is not a capture file: it begins like neither pcap nor pcapng (plain, gzip or zstd); "
        + "convert other formats with: editcap -F pcapng \(file) out.pcapng"
    case .packed(let program):
      "\(file) is packed with \(program), which is not read here; unpack it on the way: "
        + "\(program) -dc \(file) | metaflow-agent replay -"
    case .corruptCompression:
      "\(place) cannot be unpacked: the compressed data are damaged; what stood before was read. "
        + "Copy the file again."
    case .truncated:
      "\(place) is cut off: the file ends in the middle of it; what stood before was read. If the "
        + "capture still runs or the copy was broken off, read the file again when it is whole."
    case .shortened:
      "\(place) is gone: the file became shorter while it was read; what stood before was read. "
        + "Replay files that nobody writes any more."
    case .terminal:
      "\(file) is a terminal; pipe a capture into it: tcpdump -U -w - | metaflow-agent replay -"
    case .stopped: "\(file): stopped behind packet \(packets)."
    case .implausible(let what, let value):
      "\(place) cannot be right: its \(what) is \(value); what stood before was read. The file "
        + "is damaged there; save what can be saved with: editcap \(file) out.pcapng"
    case .outOfMemory:
      "\(place) cannot be read for want of memory; what stood before was read."
    }
  }
}
