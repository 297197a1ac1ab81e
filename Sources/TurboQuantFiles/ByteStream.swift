internal import TurboQuantKernels
internal import TurboQuantStorage

/// A stream, and the bytes that have arrived but are not used yet.
struct ByteStream: ~Copyable, Sendable {
  /// The bytes that have arrived.
  private(set) var pending: [UInt8] = []
  private let file: FileDescriptor
  private var chunk = [UInt8](repeating: 0, count: 1 << 20)
  private var isAtEnd = false
  private var writerPatience: Int?

  /// Prepares to read `file`, which may be a pipe that nobody has opened for writing yet.
  ///
  /// - Parameter writerPatience: The seconds to wait for a writer; nil if there is one already.
  init(_ file: consuming FileDescriptor, writerPatience: Int? = nil) {
    self.file = file
    self.writerPatience = writerPatience
  }

  /// Waits until at least `byteCount` bytes are pending, or the stream ends.
  ///
  /// Memory grows with the bytes that arrive, never with the number asked for.
  mutating func fill(_ byteCount: Int) throws(VectorFileError) {
    // Swapped out, because a span of the chunk would block all other access to `self`.
    var chunk: [UInt8] = []
    swap(&chunk, &self.chunk)
    defer { swap(&chunk, &self.chunk) }
    while pending.count < byteCount && !isAtEnd {
      let received = try read(into: &chunk)
      pending.append(contentsOf: chunk[..<received])
      if received == 0, let seconds = writerPatience {
        try waitForWriter(seconds: seconds)
      } else {
        isAtEnd = received == 0
      }
      writerPatience = nil
    }
  }

  /// Waits for more bytes; false at the end of the stream.
  mutating func receiveMore() throws(VectorFileError) -> Bool {
    let before = pending.count
    try fill(before + 1)
    return pending.count > before
  }

  /// Removes the first pending bytes.
  mutating func discard(_ byteCount: Int) { pending.removeFirst(byteCount) }

  private func read(into chunk: inout [UInt8]) throws(VectorFileError) -> Int {
    while true {
      do throws(StorageError) {
        var span = chunk.mutableSpan
        var bytes = span.mutableRaw
        return try file.read(into: &bytes)
      } catch {
        // The pipe was opened without waiting, or another process that shares it asked not to wait.
        guard error.kind == .system(call: .read, code: ErrorNumber.wouldBlock) else {
          throw VectorFileError(error)
        }
        try translatingErrors { () throws(StorageError) in
          _ = try file.waitForInput(milliseconds: -1)
        }
      }
    }
  }

  /// Gives a pipe that ended before its first byte time to get a writer.
  ///
  /// Files, and pipes whose writer wrote nothing, are ready at once, and their next read ends too.
  private func waitForWriter(seconds: Int) throws(VectorFileError) {
    let isReady = try translatingErrors { () throws(StorageError) in
      try file.waitForInput(milliseconds: Int32(clamping: 1000 * seconds))
    }
    guard isReady else { throw VectorFileError(.noWriter(seconds: seconds), path: file.path) }
  }
}
