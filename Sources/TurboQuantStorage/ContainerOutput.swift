internal import TurboQuantKernels

/// Where the bytes of a container go: a file that is replaced whole, or memory.
struct ContainerOutput: ~Copyable, Sendable {
  /// The path of the file, or the name of the bytes.
  let path: String
  /// The number of bytes appended so far.
  private(set) var byteCount: UInt64 = 0
  private var file: AtomicFile?
  /// The container in memory, and the room that is left for it.
  private var bytes: [UInt8] = []

  init(_ file: consuming AtomicFile) {
    path = file.path
    self.file = consume file
  }

  /// Makes room for `byteCount` bytes in memory.
  init(inMemory byteCount: Int, named name: String) {
    path = name
    bytes = [UInt8](repeating: 0, count: byteCount)
  }

  mutating func append(_ new: RawSpan) throws(StorageError) {
    let start = byteCount
    byteCount += UInt64(new.byteCount)
    guard try file?.append(new) == nil else { return }
    if UInt64(bytes.count) < byteCount {
      bytes += repeatElement(0, count: Int(byteCount) - bytes.count)
    }
    copy(new, to: Int(start))
  }

  /// Overwrites bytes already appended.
  mutating func overwrite(_ new: RawSpan, at offset: UInt64) throws(StorageError) {
    guard try file?.overwrite(new, at: offset) == nil else { return }
    copy(new, to: Int(offset))
  }

  /// Replaces the target, of a container that goes to a file.
  consuming func commit() throws(StorageError) {
    if let file { try file.commit() }
  }

  /// The bytes of a container that went to memory.
  consuming func takeBytes() -> [UInt8] {
    bytes.removeLast(bytes.count - Int(byteCount))
    return bytes
  }

  private mutating func copy(_ new: RawSpan, to offset: Int) {
    var span = bytes.mutableSpan
    var target = span.mutableRaw
    target.copyBytes(of: new, to: offset)
  }
}
