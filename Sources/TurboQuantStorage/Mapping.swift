#if _endian(big)
  #error("The file formats are little-endian and are read in place.")
#endif

internal import TurboQuantKernels

/// A regular file, mapped for reading until the value ends, or a copy of bytes; the mapping lends its bytes.
///
/// The file must keep its size while it is mapped: if another process truncates it, reading beyond
/// the new end stops the program with SIGBUS. This package replaces files by renaming and never
/// truncates them, so a reader keeps the old file whole.
@safe package struct Mapping: ~Copyable, @unchecked Sendable {
  // Sendable because the pages are never written and the address never changes.
  private let base: UnsafeRawPointer?
  /// Keeps the bytes at `base` that are no file's.
  private let copy: AlignedBytes?
  /// The file's size in bytes.
  package let byteCount: Int
  /// The path that the file was opened with, or what stands for it in errors.
  package let path: String

  /// Maps the whole regular file at `path`; a file of 0 bytes gives an empty span.
  package init(_ path: String) throws(StorageError) {
    let file = try FileDescriptor(path, .reading)
    let status = try file.status()
    switch status.kind {
    case .regular: break
    case .directory: throw StorageError(.isDirectory, path: path)
    case .other: throw StorageError(.notRegularFile, path: path)
    }
    // If the file is larger than the address space, `mmap` refuses it.
    let byteCount = Int(clamping: status.byteCount)
    unsafe base = byteCount == 0 ? nil : try file.map(byteCount: byteCount)
    copy = nil
    self.byteCount = byteCount
    self.path = path
  }

  /// Copies bytes as if they were a file's; `name` stands for its path in errors.
  package init(copying bytes: RawSpan, named name: String) {
    let copy = AlignedBytes(copying: bytes, byteCount: bytes.byteCount)
    unsafe base = copy.bytes.withUnsafeBytes { $0.baseAddress }
    self.copy = copy
    byteCount = bytes.byteCount
    path = name
  }

  /// Creates an empty mapping, for a value that may have no file.
  package init(emptyFor path: String) {
    unsafe base = nil
    copy = nil
    byteCount = 0
    self.path = path
  }

  deinit {
    if let file = unsafe file { unsafe unmap(file, byteCount: byteCount, path: path) }
  }

  /// The address of a mapped file.
  private var file: UnsafeRawPointer? { unsafe copy == nil ? base : nil }

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
    if let file = unsafe file {
      unsafe adviseSequential(file, byteCount: byteCount, path: path)
    }
  }

  /// Frees the memory of `range`, which has been read and will not be read again soon.
  ///
  /// Pages that are touched again are read from the file again. Memory is freed in whole mebibytes,
  /// when the range completes one, so that reading in small pieces costs no more.
  package func forget(_ range: Range<Int>) {
    let start = range.lowerBound & ~(Mapping.stretch - 1)
    let end = range.upperBound & ~(Mapping.stretch - 1)
    guard let file = unsafe file, start < end, end <= byteCount else { return }
    unsafe TurboQuantStorage.forget(file + start, byteCount: end - start, path: path)
  }

  // One mebibyte, a multiple of every page size.
  private static let stretch = 1 << 20
}
