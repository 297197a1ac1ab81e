internal import TurboQuantKernels
internal import TurboQuantStorage

/// Writes float32 vectors to a `.npy` file, some rows at a time.
///
/// The file appears whole at the end of ``finish()``; until then, a file at the path does not change.
/// A writer that ends without ``finish()`` leaves nothing behind. The bytes equal those of
/// `numpy.save`. Links, permissions and owners are treated as ``CodeFileWriter`` describes.
///
/// ```swift
/// var writer = try NpyWriter("decoded.npy", dimension: 384)
/// try writer.append(block)
/// try writer.finish()
/// ```
public struct NpyWriter: ~Copyable, Sendable {
  /// The number of coordinates per vector.
  public let dimension: Int
  /// The number of vectors appended so far.
  public private(set) var count = 0

  private var file: AtomicFile

  /// Begins a file at `path`.
  ///
  /// - Parameters:
  ///   - path: The target. It may exist, but not be a directory.
  ///   - dimension: The number of coordinates per vector, at least 1.
  /// - Throws: ``VectorFileError`` when the path cannot be written, or the dimension is below 1.
  public init(_ path: String, dimension: Int) throws(VectorFileError) {
    guard dimension > 0 else {
      throw VectorFileError(.invalidDimension(dimension), path: path)
    }
    // The header's length does not depend on the number of rows.
    let header = NpyHeader.encoded(count: 0, dimension: dimension)
    file = try translatingErrors { () throws(StorageError) in
      var file = try AtomicFile(path)
      try file.append(header.span.raw)
      return file
    }
    self.dimension = dimension
  }

  /// Appends vectors; each call writes to the file at once, so append many rows per call.
  ///
  /// - Parameter rows: The coordinates of a whole number of rows, row after row.
  /// - Throws: ``VectorFileError`` when the last row is incomplete, or writing fails.
  public mutating func append(_ rows: Span<Float>) throws(VectorFileError) {
    guard rows.count % dimension == 0 else {
      throw VectorFileError(
        .misuse(reason: "\(rows.count) numbers are no whole rows of \(dimension)"),
        path: file.path)
    }
    do throws(StorageError) {
      try file.append(rows.raw)
    } catch {
      throw VectorFileError(error)
    }
    count += rows.count / dimension
  }

  /// Appends vectors; each call writes to the file at once, so append many rows per call.
  ///
  /// - Parameter rows: The coordinates of a whole number of rows, row after row.
  /// - Throws: ``VectorFileError`` when the last row is incomplete, or writing fails.
  public mutating func append(_ rows: [Float]) throws(VectorFileError) { try append(rows.span) }

  /// Writes the number of rows into the header, synchronizes the file and replaces the target.
  ///
  /// - Throws: ``VectorFileError`` when writing fails. The target is then unchanged, with one
  ///   exception: after ``VectorFileError/Kind/replacedNotSynchronized(code:)`` the target is new,
  ///   and a power cut may lose it.
  public consuming func finish() throws(VectorFileError) {
    let header = NpyHeader.encoded(count: count, dimension: dimension)
    do throws(StorageError) {
      try file.overwrite(header.span.raw, at: 0)
      try file.commit()
    } catch {
      throw VectorFileError(error)
    }
  }
}
