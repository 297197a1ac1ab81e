#if _endian(big)
  #error("The file formats are little-endian and are read in place.")
#endif

/// A regular file mapped for reading, whose bytes are lent and unmapped when the value ends.
///
/// The file must keep its size while it is mapped: if another process cuts it, reading beyond the
/// new end stops the program with SIGBUS. Files that this package writes are replaced by renaming,
/// never cut, so a reader keeps the old file whole.
@safe package struct Mapping: ~Copyable, @unchecked Sendable {
  // Sendable because the pages are never written and the address never changes.
  private let base: UnsafeRawPointer?
  /// The file's size in bytes.
  package let byteCount: Int
  /// The path the file was opened by.
  package let path: String

  /// Maps the whole of the regular file at `path`; a file of 0 bytes gives an empty span.
  package init(_ path: String) throws(StorageError) {
    let file = try FileDescriptor(path, .reading)
    let status = try file.status()
    switch status.kind {
    case .regular: break
    case .directory: throw StorageError(.isDirectory, path: path)
    case .other: throw StorageError(.notRegularFile, path: path)
    }
    // A file larger than the address space is for `mmap` to refuse.
    let byteCount = Int(clamping: status.byteCount)
    unsafe base = byteCount == 0 ? nil : try file.map(byteCount: byteCount)
    self.byteCount = byteCount
    self.path = path
  }

  /// Creates a mapping of no bytes, for a value that may or may not have a file behind it.
  package init(emptyFor path: String) {
    unsafe base = nil
    byteCount = 0
    self.path = path
  }

  deinit {
    if let base = unsafe base { unsafe unmap(base, byteCount: byteCount, path: path) }
  }

  /// The file's bytes.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      guard let base = unsafe base else { return RawSpan() }
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Advises the kernel that the file will be read from front to back.
  package func adviseSequentialReading() {
    if let base = unsafe base {
      unsafe adviseSequential(base, byteCount: byteCount, path: path)
    }
  }
}

extension RawSpan {
  /// Reads a little-endian integer at `offset`, which needs no alignment and must be inside.
  package func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Value.Type = Value.self
  ) -> Value {
    // Every bit pattern is an integer, and the load checks its bounds.
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
  }
}

extension MutableRawSpan {
  /// Copies all of `source` to `offset`; it must fit.
  package mutating func copyBytes(of source: RawSpan, to offset: Int = 0) {
    precondition(offset >= 0 && offset <= byteCount - source.byteCount, "source does not fit")
    unsafe withUnsafeMutableBytes { destination in
      unsafe source.withUnsafeBytes { bytes in
        guard let from = bytes.baseAddress, let to = destination.baseAddress else {
          return
        }
        unsafe (to + offset).copyMemory(from: from, byteCount: bytes.count)
      }
    }
  }
}

/// A number without padding bytes, all of whose bit patterns are values.
package protocol PlainNumber: BitwiseCopyable {}
extension UInt8: PlainNumber {}
extension UInt16: PlainNumber {}
extension UInt32: PlainNumber {}
extension UInt64: PlainNumber {}
extension Float: PlainNumber {}
extension Double: PlainNumber {}

extension Span where Element: PlainNumber {
  /// The memory of the numbers.
  package var rawBytes: RawSpan {
    // `bytes` is unsafe for elements with padding, which may be uninitialized.
    @_lifetime(copy self)
    get { unsafe bytes }
  }
}

extension MutableSpan where Element: PlainNumber {
  /// The memory of the numbers, for changing.
  package var mutableRawBytes: MutableRawSpan {
    // `mutableBytes` is unsafe for elements with invalid bit patterns.
    @_lifetime(&self)
    mutating get { unsafe mutableBytes }
  }
}
