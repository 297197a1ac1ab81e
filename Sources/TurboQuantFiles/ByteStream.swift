internal import TurboQuantKernels
internal import TurboQuantStorage

/// The bytes of a stream that have arrived and are not yet used.
struct ByteStream: ~Copyable, Sendable {
  /// What has arrived.
  private(set) var pending: [UInt8] = []
  private let file: FileDescriptor
  private var chunk = [UInt8](repeating: 0, count: 1 << 20)
  private var isAtEnd = false
  private var writerPatience: Int?

  /// Prepares to read `file`, which may be a pipe that nobody has opened for writing yet.
  ///
  /// - Parameter writerPatience: The seconds that somebody has to do so; nil if somebody has.
  init(_ file: consuming FileDescriptor, writerPatience: Int? = nil) {
    self.file = file
    self.writerPatience = writerPatience
  }

  /// Waits until at least `byteCount` bytes are pending, or the stream ends.
  ///
  /// Memory grows with what arrives, never with what is asked for.
  mutating func fill(_ byteCount: Int) throws(VectorFileError) {
    // Taken out, because a span of it would keep all of `self` from being read.
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

  /// Waits for more bytes; false at the end.
  mutating func receiveMore() throws(VectorFileError) -> Bool {
    let before = pending.count
    try fill(before + 1)
    return pending.count > before
  }

  /// Forgets the first bytes.
  mutating func discard(_ byteCount: Int) { pending.removeFirst(byteCount) }

  private func read(into chunk: inout [UInt8]) throws(VectorFileError) -> Int {
    while true {
      do throws(StorageError) {
        var span = chunk.mutableSpan
        var bytes = span.mutableRaw
        return try file.read(into: &bytes)
      } catch {
        // A pipe opened without waiting, or one whose other owner asked not to wait.
        guard error.kind == .system(call: .read, code: ErrorNumber.wouldBlock) else {
          throw VectorFileError(error)
        }
        try translatingErrors { () throws(StorageError) in
          _ = try file.waitForInput(milliseconds: -1)
        }
      }
    }
  }

  /// Gives a pipe that has ended before it began the time to get a writer.
  ///
  /// Files, and pipes whose writer wrote nothing, are ready at once, and their next read ends too.
  private func waitForWriter(seconds: Int) throws(VectorFileError) {
    let isReady = try translatingErrors { () throws(StorageError) in
      try file.waitForInput(milliseconds: Int32(clamping: 1000 * seconds))
    }
    guard isReady else { throw VectorFileError(.noWriter(seconds: seconds), path: file.path) }
  }
}
