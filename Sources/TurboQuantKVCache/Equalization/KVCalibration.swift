// What a calibration found for every layer of a model, as a small file.

public import TurboQuant
internal import TurboQuantKernels
internal import TurboQuantStorage

/// The equalizations of a model's layers, which a file keeps.
///
/// ```swift
/// let calibration = try KVCalibration(contentsOf: "model.tqeq")
/// configuration.equalization = calibration.layers[3]
/// ```
public struct KVCalibration: Sendable, Hashable {
  /// One per layer with attention, in their order; nil for a layer whose keys become codes as they come.
  public var layers: [KVEqualization?]

  /// A calibration of layers.
  public init(layers: [KVEqualization?]) { self.layers = layers }

  /// Writes a file, which replaces the one of that name whole or not at all.
  ///
  /// - Throws: ``KVCacheError`` when writing fails; the path then holds what it held before.
  public func save(to path: String) throws(KVCacheError) {
    let table = CalibrationRecord.table(layers)
    let numbers = CalibrationRecord.numbers(layers)
    do throws(StorageError) {
      var writer = try ContainerWriter(path, kind: CalibrationRecord.kind, sectionCount: 2)
      try writer.writeSection(CalibrationRecord.layers, table.span.raw)
      try writer.writeSection(CalibrationRecord.numbers, numbers.span.raw)
      try writer.finish()
    } catch {
      throw KVCacheError(error)
    }
  }

  /// Reads what ``save(to:)`` wrote; every byte is checked against its checksum.
  ///
  /// - Throws: ``KVCacheError`` of kind `file` when the file is missing, damaged, not a calibration, or of a newer
  ///   version.
  public init(contentsOf path: String) throws(KVCacheError) {
    do throws(StorageError) {
      let container = try ContainerReader(path, kind: CalibrationRecord.kind)
      try container.verify()
      layers = try CalibrationRecord.read(container)
    } catch {
      throw KVCacheError(error)
    }
  }
}

extension KVEqualization {
  /// Identifies the metrics; part of a codec's fingerprint.
  public var fingerprint: Fingerprint {
    var record = Array("swift-turboquant equalization".utf8)
    record += CalibrationRecord.table([self])
    for head in heads { record += head.span.raw.byteArray(0..<4 * head.count) }
    return Fingerprint(of: record)
  }
}
