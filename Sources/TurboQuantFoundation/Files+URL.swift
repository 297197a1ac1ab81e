#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
public import TurboQuant
public import TurboQuantFiles

extension CodeFile {
  /// Opens a `.tqv` file, as ``/TurboQuantFiles/CodeFile/init(_:)`` does with a path.
  ///
  /// - Parameter url: The file's URL.
  /// - Throws: ``/TurboQuantFiles/CodeFileError`` as that; of kind `container` for a URL that names no file of this
  ///   machine.
  public init(_ url: URL) throws(CodeFileError) {
    try self.init(url.filePath(orThrow: CodeFileError.init(noFile:)))
  }
}

extension CodeFileWriter {
  /// Begins a file of rows of `codec`, as ``/TurboQuantFiles/CodeFileWriter/init(_:codec:)`` does with a path.
  ///
  /// - Parameters:
  ///   - url: The file's URL.
  ///   - codec: The codec of the rows.
  /// - Throws: ``/TurboQuantFiles/CodeFileError`` as that; of kind `container` for a URL that names no file of this
  ///   machine.
  public init(_ url: URL, codec: Codec) throws(CodeFileError) {
    try self.init(url.filePath(orThrow: CodeFileError.init(noFile:)), codec: codec)
  }
}

extension VectorFile {
  /// Opens a file of vectors, as ``/TurboQuantFiles/VectorFile/open(_:)`` does with a path; never standard input.
  ///
  /// - Parameter url: The file's URL.
  /// - Returns: The file, at its first row.
  /// - Throws: ``/TurboQuantFiles/VectorFileError`` as that; of kind `misuse` for a URL that names no file of this
  ///   machine.
  public static func open(_ url: URL) throws(VectorFileError) -> VectorFile {
    try open(url.filePath(orThrow: VectorFileError.init(noFile:)))
  }
}

extension NpyWriter {
  /// Begins a `.npy` file, as ``/TurboQuantFiles/NpyWriter/init(_:dimension:)`` does with a path.
  ///
  /// - Parameters:
  ///   - url: The file's URL.
  ///   - dimension: The number of coordinates per vector, at least 1.
  /// - Throws: ``/TurboQuantFiles/VectorFileError`` as that; of kind `misuse` for a URL that names no file of this
  ///   machine.
  public init(_ url: URL, dimension: Int) throws(VectorFileError) {
    try self.init(url.filePath(orThrow: VectorFileError.init(noFile:)), dimension: dimension)
  }
}
