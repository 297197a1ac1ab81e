#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
public import TurboQuantIndex

extension VectorIndex {
  /// Opens the index in a `.tqi` file, as ``/TurboQuantIndex/VectorIndex/init(opening:)`` does with a path.
  ///
  /// - Parameter url: The file's URL.
  /// - Throws: ``/TurboQuantIndex/IndexError`` as that; of kind `file` for a URL that names no file of this machine.
  public init(opening url: URL) throws(IndexError) {
    try self.init(opening: url.filePath(orThrow: IndexError.init(noFile:)))
  }

  /// Writes the index to a file, as ``/TurboQuantIndex/VectorIndex/save(to:)`` does with a path.
  ///
  /// - Parameter url: The file's URL.
  /// - Throws: ``/TurboQuantIndex/IndexError`` as that; of kind `file` for a URL that names no file of this machine.
  public func save(to url: URL) throws(IndexError) {
    try save(to: url.filePath(orThrow: IndexError.init(noFile:)))
  }

  /// Checks every byte of a `.tqi` file, as ``/TurboQuantIndex/VectorIndex/verify(_:progress:)`` does with a path.
  ///
  /// - Parameters:
  ///   - url: The file's URL.
  ///   - progress: Called now and then with the bytes checked and the bytes to check.
  /// - Returns: The index.
  /// - Throws: ``/TurboQuantIndex/IndexError`` as that; of kind `file` for a URL that names no file of this machine.
  @discardableResult
  public static func verify(
    _ url: URL, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(IndexError) -> VectorIndex {
    try verify(url.filePath(orThrow: IndexError.init(noFile:)), progress: progress)
  }
}

extension SharedVectorIndex {
  /// Writes the index to a file, as ``/TurboQuantIndex/SharedVectorIndex/save(to:progress:)`` does with a path.
  ///
  /// - Parameters:
  ///   - url: The file's URL.
  ///   - progress: Told how many bytes have been written.
  /// - Throws: As that; ``/TurboQuantIndex/IndexError`` of kind `file` for a URL that names no file of this machine.
  public func save(to url: URL, progress: Progress? = nil) async throws {
    try await save(to: url.filePath(orThrow: IndexError.init(noFile:)), progress: progress)
  }
}

extension IndexFileLock {
  /// Takes the right to change an index, as ``/TurboQuantIndex/IndexFileLock/init(_:waitingAtMost:)`` does with a path.
  ///
  /// - Parameters:
  ///   - url: The file's URL; the file must exist and may be written.
  ///   - patience: How long to wait for others.
  /// - Throws: ``/TurboQuantIndex/IndexError`` as that; of kind `file` for a URL that names no file of this machine.
  public init(_ url: URL, waitingAtMost patience: Duration = .seconds(30)) throws(IndexError) {
    try self.init(url.filePath(orThrow: IndexError.init(noFile:)), waitingAtMost: patience)
  }
}
