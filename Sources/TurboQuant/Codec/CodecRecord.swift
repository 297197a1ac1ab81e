internal import TurboQuantKernels

/// The canonical little-endian record of a codec: hashed for the fingerprint, and stored in files.
///
/// Documentation/FileFormat.md has the byte table.
enum CodecRecord {
  static let tag = Array("swift-turboquant".utf8)
  static let version: UInt32 = 1
  /// Bytes before the segments.
  static let fixedByteCount = 80
  /// The hash of a calibration, which no codec has yet.
  static let calibration = 48..<80

  static func bytes(
    dimension: Int, rate: Rate, quantizer: Quantizer, normalization: Normalization, seed: UInt64,
    rotation: Rotation, _ stage: any Stage, _ layout: RowLayout
  ) -> [UInt8] {
    var record = tag
    let codebooks = stage.codebooks
    record.append(littleEndian: version)
    record.append(littleEndian: UInt32(dimension))
    record.append(normalization.rawValue)
    record.append(quantizer.number)
    record.append(UInt8(rate.halfBits))
    record.append(rotation.kind.rawValue)
    record.append(rotation.kind == .hadamard ? HadamardSteps.rounds : 0)
    record.append(stage.sketch?.kind.rawValue ?? 0)
    record.append(UInt8(codebooks.count))
    record.append(
      (layout.norm == nil ? 0 : 1) | (layout.alignment == nil ? 0 : 2)
        | (layout.residualNorm == nil ? 0 : 4) | (layout.radii.isEmpty ? 0 : 8))
    record.append(littleEndian: UInt32(stage.sketch?.directions ?? 0))
    record.append(littleEndian: UInt32(layout.bytesPerVector))
    record.append(littleEndian: seed)
    record += [UInt8](repeating: 0, count: CodecRecord.calibration.count)
    for codebook in codebooks {
      record.append(littleEndian: UInt32(codebook.range.lowerBound))
      record.append(littleEndian: UInt32(codebook.range.count))
      record.append(littleEndian: UInt32(codebook.bits))
      record.append(littleEndian: UInt32(codebook.byteOffset))
      for value in codebook.centroids + codebook.boundaries {
        record.append(littleEndian: value.bitPattern)
      }
    }
    return record
  }

  /// Bits of the polar angles, level by level, as far as a record holds them.
  ///
  /// A segment that begins with angle 0 is the first of its level.
  static func polarBits(_ record: RawSpan) -> [Int] {
    var bits: [Int] = []
    var at = fixedByteCount
    while at + 16 <= record.byteCount {
      let count = record.integer(at: at + 8, as: UInt32.self)
      guard (1...8).contains(count) else { break }
      if record.integer(at: at, as: UInt32.self) == 0 { bits.append(Int(count)) }
      at += 16 + 4 * (2 << Int(count) - 1)
    }
    return bits
  }
}

extension Codec {
  /// Creates the codec that `record` describes, as stored in a file.
  ///
  /// The record is not trusted: the codec is built again from its parameters, and its own record
  /// must have the same bytes, codebooks included.
  ///
  /// - Throws: ``CodecError`` when the record is damaged, of a newer version, or describes a codec
  ///   that this version cannot reproduce.
  /// - Complexity: O(d), and the time to solve a codebook. Rotation and sketch are drawn when the
  ///   first vector needs them, so opening a short file cannot cost hours of work.
  public init(record: RawSpan) throws(CodecError) {
    func refuse(_ reason: String) -> CodecError { CodecError(.recordNotUnderstood(reason: reason)) }
    guard record.byteCount >= CodecRecord.fixedByteCount else {
      throw refuse(
        "\(record.byteCount) bytes, expected at least \(CodecRecord.fixedByteCount)")
    }
    for (i, byte) in CodecRecord.tag.enumerated() where record.byte(at: i) != byte {
      throw refuse("it does not begin with “swift-turboquant”")
    }
    let version = record.integer(at: 16, as: UInt32.self)
    guard version == CodecRecord.version else {
      throw refuse(
        "codec version \(version), this build knows \(CodecRecord.version); update turboquant")
    }
    guard let normalization = Normalization(rawValue: record.byte(at: 24)) else {
      throw refuse("normalization \(record.byte(at: 24)) at byte 24")
    }
    guard let rotation = RotationKind(rawValue: record.byte(at: 27)) else {
      throw refuse("rotation kind \(record.byte(at: 27)) at byte 27")
    }
    let sketch = SketchKind(rawValue: record.byte(at: 29))
    let directions = Int(clamping: record.integer(at: 32, as: UInt32.self))
    guard
      let quantizer = Quantizer(
        number: record.byte(at: 25), sketch: sketch, directions: directions,
        polarBits: CodecRecord.polarBits(record))
    else {
      throw refuse(
        "quantizer \(record.byte(at: 25)) at byte 25, which this build does not read; update turboquant"
      )
    }
    for i in CodecRecord.calibration where record.byte(at: i) != 0 {
      throw refuse("the codec is calibrated, which this build does not read; update turboquant")
    }
    let dimension = Int(clamping: record.integer(at: 20, as: UInt32.self))
    let rate = Rate(halfBits: Int(record.byte(at: 26)))
    // Checked before anything is built, so a forged dimension costs nothing.
    try CodecError.check(dimension: dimension)
    if sketch != nil { try CodecError.check(directions: directions) }
    let layout = RowLayout(
      quantizer.fields(dimension: dimension, rate: rate), normalization)
    let bytesPerVector = Int(record.integer(at: 36, as: UInt32.self))
    guard bytesPerVector == layout.bytesPerVector else {
      throw refuse("\(bytesPerVector) bytes per row, expected \(layout.bytesPerVector)")
    }
    try self.init(
      dimension: dimension, rate: rate, quantizer: quantizer, rotation: rotation,
      normalization: normalization, seed: record.integer(at: 40, as: UInt64.self), isDrawn: false)
    guard self.record.count == record.byteCount else {
      throw refuse("\(record.byteCount) bytes, expected \(self.record.count)")
    }
    for i in self.record.indices where self.record[i] != record.byte(at: i) {
      throw refuse(
        "byte \(i) is \(record.byte(at: i)), but a codec with these parameters has "
          + "\(self.record[i]) there")
    }
  }
}
