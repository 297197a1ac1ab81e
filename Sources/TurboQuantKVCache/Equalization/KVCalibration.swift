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
    let numbers = layers.flatMap { $0?.heads.flatMap { $0 } ?? [] }
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

/// What a calibration's file holds; Documentation/FileFormat.md has the tables.
private enum CalibrationRecord {
  static let kind = "KVEQ"
  static let version: UInt32 = 1
  static let layers = "layers"
  static let numbers = "numbers"
  private static let kinds: [KVEqualization.Kind] = [.diagonal, .matrix]
  /// Bytes before the first layer, and of each layer.
  private static let (headByteCount, layerByteCount) = (8, 12)

  /// Section `layers`: the version, the number of layers, and for each its kind, heads and dimension.
  static func table(_ layers: [KVEqualization?]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: version)
    bytes.append(littleEndian: UInt32(layers.count))
    for layer in layers {
      let kind = layer.flatMap { kinds.firstIndex(of: $0.kind) }
      for number in [kind.map { $0 + 1 }, layer?.heads.count, layer?.dimension] {
        bytes.append(littleEndian: UInt32(number ?? 0))
      }
    }
    return bytes
  }

  static func read(_ container: borrowing ContainerReader) throws(StorageError) -> [KVEqualization?]
  {
    let table = try container.bytes(of: layers)
    let numbers = try container.bytes(of: Self.numbers)
    func refuse(_ section: String, _ reason: String, at offset: Int) -> StorageError {
      let start = container.sections.first { $0.name == section }?.offset ?? 0
      return StorageError(
        .malformed(reason: "section “\(section)”: \(reason)"), path: container.path,
        offset: start + UInt64(offset))
    }
    guard table.byteCount >= headByteCount else {
      throw refuse(layers, "\(table.byteCount) bytes, expected at least \(headByteCount)", at: 0)
    }
    let found = table.integer(at: 0, as: UInt32.self)
    guard found == version else {
      throw refuse(
        layers, "version \(found), this build knows \(version); update turboquant", at: 0)
    }
    let count = Int(table.integer(at: 4, as: UInt32.self))
    guard table.byteCount == headByteCount + count * layerByteCount else {
      throw refuse(layers, "\(table.byteCount) bytes for \(count) layers", at: 4)
    }
    var result: [KVEqualization?] = []
    var next = 0
    for layer in 0..<count {
      let at = headByteCount + layer * layerByteCount
      let words = (0..<3).map { Int(table.integer(at: at + 4 * $0, as: UInt32.self)) }
      guard words != [0, 0, 0] else {
        result.append(nil)
        continue
      }
      guard (1...kinds.count).contains(words[0]), (1...1 << 16).contains(words[1]),
        (1...1 << 16).contains(words[2])
      else {
        throw refuse(
          layers, "layer \(layer) of kind \(words[0]) has \(words[1]) heads of \(words[2])", at: at)
      }
      let kind = kinds[words[0] - 1]
      let length = kind == .diagonal ? words[2] : words[2] * (words[2] + 1) / 2
      guard words[1] * length <= (numbers.byteCount - next) / 4 else {
        throw refuse(Self.numbers, "\(numbers.byteCount) bytes, fewer than the layers need", at: 0)
      }
      let heads = (0..<words[1]).map { h in
        (0..<length).map { numbers.float32(at: next + 4 * (h * length + $0)) }
      }
      do throws(KVCacheError) {
        let equalization = try KVEqualization(kind, heads: heads)
        guard equalization.heads == heads else {
          throw KVCacheError(.notOffered, "numbers that no calibration writes")
        }
        result.append(equalization)
      } catch {
        throw refuse(Self.numbers, "layer \(layer): \(error)", at: next)
      }
      next += 4 * words[1] * length
    }
    guard next == numbers.byteCount else {
      throw refuse(
        Self.numbers, "\(numbers.byteCount) bytes, of which the layers need \(next)", at: next)
    }
    return result
  }
}
