internal import TurboQuantKernels
internal import TurboQuantStorage

/// What a calibration's file holds; Documentation/FileFormat.md has the tables.
enum CalibrationRecord {
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

  /// Section `numbers`: those of every layer's heads, one after another.
  static func numbers(_ layers: [KVEqualization?]) -> [Float] {
    layers.flatMap { $0?.heads.flatMap { $0 } ?? [] }
  }

  /// Reads both sections.
  static func read(
    _ container: borrowing ContainerReader
  ) throws(StorageError) -> [KVEqualization?] {
    let shapes = try shapes(container)
    let bytes = try container.bytes(of: numbers)
    let needed = shapes.reduce(0) { $0 + ($1?.byteCount ?? 0) }
    guard bytes.byteCount == needed else {
      throw refusal("\(bytes.byteCount) bytes, the layers need \(needed)", container, numbers)
    }
    var result: [KVEqualization?] = []
    var next = 0
    for shape in shapes {
      guard let shape else {
        result.append(nil)
        continue
      }
      do throws(KVCacheError) {
        result.append(try shape.equalization(bytes.extracting(next..<next + shape.byteCount)))
      } catch {
        throw refusal("layer \(result.count): \(error)", container, numbers, at: next)
      }
      next += shape.byteCount
    }
    return result
  }

  /// The kind, heads and dimension of every layer.
  private static func shapes(
    _ container: borrowing ContainerReader
  ) throws(StorageError) -> [LayerShape?] {
    let table = try container.bytes(of: layers)
    guard table.byteCount >= headByteCount else {
      throw refusal(
        "\(table.byteCount) bytes, expected at least \(headByteCount)", container, layers)
    }
    let found = table.integer(at: 0, as: UInt32.self)
    guard found == version else {
      throw refusal(
        "version \(found), this build knows \(version); update turboquant", container, layers)
    }
    let count = Int(table.integer(at: 4, as: UInt32.self))
    guard table.byteCount == headByteCount + count * layerByteCount else {
      throw refusal("\(table.byteCount) bytes for \(count) layers", container, layers, at: 4)
    }
    var shapes: [LayerShape?] = []
    for start in stride(from: headByteCount, to: table.byteCount, by: layerByteCount) {
      let words = (0..<3).map { Int(table.integer(at: start + 4 * $0, as: UInt32.self)) }
      let isNone = words == [0, 0, 0]
      guard
        isNone
          || kinds.indices.contains(words[0] - 1) && KVShape.sizes.contains(words[1])
            && KVShape.sizes.contains(words[2])
      else {
        throw refusal(
          "kind \(words[0]), \(words[1]) heads of \(words[2]) coordinates", container, layers,
          at: start)
      }
      shapes.append(
        isNone ? nil : LayerShape(kind: kinds[words[0] - 1], heads: words[1], dimension: words[2]))
    }
    return shapes
  }

  private static func refusal(
    _ reason: String, _ container: borrowing ContainerReader, _ section: String, at offset: Int = 0
  ) -> StorageError {
    let start = container.sections.first { $0.name == section }?.offset ?? 0
    return StorageError(
      .malformed(reason: "section “\(section)”: \(reason)"), path: container.path,
      offset: start + UInt64(offset))
  }
}

/// The numbers that a layer has.
private struct LayerShape {
  let kind: KVEqualization.Kind
  let heads, dimension: Int

  var length: Int { kind == .diagonal ? dimension : dimension * (dimension + 1) / 2 }
  var byteCount: Int { 4 * heads * length }

  func equalization(_ bytes: RawSpan) throws(KVCacheError) -> KVEqualization {
    let numbers = (0..<heads).map { h in
      (0..<length).map { bytes.float32(at: 4 * (h * length + $0)) }
    }
    let equalization = try KVEqualization(kind, heads: numbers)
    guard equalization.heads == numbers else {
      throw KVCacheError(.notOffered, "a scale that no calibration has")
    }
    return equalization
  }
}
