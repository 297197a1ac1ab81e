internal import TurboQuantKernels
internal import TurboQuantStorage

/// Writes a `.npy` file of records with named fields, atomically.
package enum NpyTableWriter {
  /// Writes `rows`, whose fields lie side by side without padding, to `path`.
  ///
  /// - Parameter fields: Names and types as NumPy writes them, such as `("id", "<u8")`.
  /// - Throws: ``VectorFileError`` when the path cannot be written.
  package static func write(
    _ rows: [UInt8], count: Int, fields: [(name: String, type: String)], to path: String
  ) throws(VectorFileError) {
    let type = fields.map { "('\($0.name)', '\($0.type)')" }.joined(separator: ", ")
    let header = NpyHeader.encoded(type: "[\(type)]", count: count, "")
    try translatingErrors { () throws(StorageError) in
      var file = try AtomicFile(path)
      try file.append(header.span.raw)
      try file.append(rows.span.raw)
      try file.commit()
    }
  }
}
