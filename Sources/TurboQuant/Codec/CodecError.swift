/// Why a codec refused its configuration or its input.
public struct CodecError: Error, Sendable, Hashable {
  /// What was wrong.
  public enum Kind: Sendable, Hashable {
    /// A dimension outside 1 … 2²⁴.
    case dimensionOutOfRange(Int)
    /// A randomized Hadamard rotation of 64 dimensions or fewer.
    case hadamardTooSmall(dimension: Int)
    /// A matrix of more than 2²⁶ entries: a Haar rotation or a dense sketch of many dimensions.
    case matrixTooLarge(rows: Int, columns: Int)
    /// A rate that the quantizer does not offer.
    case rateNotOffered(rate: Rate, quantizer: String, offered: String)
    /// A number of sketch directions outside 1 … 2²⁴.
    case directionsOutOfRange(Int)
    /// A polar transform with fewer than one level, or with blocks longer than the vectors.
    case polarLevelsOutOfRange(levels: Int, dimension: Int)
    /// Bits of a polar angle outside 1 … 8.
    case polarBitsOutOfRange(bits: Int, level: Int)
    /// Floats that are not a whole number of vectors.
    case lengthMismatch(found: Int, dimension: Int)
    /// Bytes that are not a whole number of rows.
    case rowLengthMismatch(found: Int, bytesPerVector: Int)
    /// A NaN or an infinity.
    case notFinite(value: Float, row: Int, column: Int)
    /// Finite coordinates whose length is beyond float32.
    case normOverflow(row: Int)
    /// A zero vector where only directions are stored.
    case zeroVector(row: Int)
    /// Codes of one codec given to another.
    case fingerprintMismatch(expected: String, found: String)
    /// Bytes that are too short to begin with the fingerprint of a codec.
    case fingerprintMissing(byteCount: Int)
    /// A stored row with contents that no encoder writes.
    case malformedRow(row: Int, reason: String)
    /// `TQ_TARGET` names a target that cannot run here.
    case targetUnavailable(name: String, available: [String])
    /// An estimator that the quantizer does not offer.
    case estimatorNotOffered(estimator: String, quantizer: String)
    /// A stored codec record that this version cannot reproduce.
    case recordNotUnderstood(reason: String)
  }

  /// What was wrong.
  public let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  /// The error of codes of one codec given to another.
  package static func mismatch(expected: Fingerprint, found: Fingerprint) -> CodecError {
    CodecError(
      .fingerprintMismatch(expected: expected.description, found: found.description))
  }

  /// The same error with `offset` added to its row, for callers that split a matrix.
  package func addingRows(_ offset: Int) -> CodecError {
    switch kind {
    case .notFinite(let value, let row, let column):
      CodecError(.notFinite(value: value, row: row &+ offset, column: column))
    case .normOverflow(let row): CodecError(.normOverflow(row: row &+ offset))
    case .zeroVector(let row): CodecError(.zeroVector(row: row &+ offset))
    case .malformedRow(let row, let reason):
      CodecError(.malformedRow(row: row &+ offset, reason: reason))
    default: self
    }
  }
}

extension CodecError: CustomStringConvertible {
  /// One line: what, where, what was expected, what to do.
  public var description: String {
    switch kind {
    case .dimensionOutOfRange(let d):
      "dimension \(d) is out of range, expected 1 … \(Self.largestDimension)"
    case .hadamardTooSmall(let d):
      "a randomized Hadamard rotation needs more than 64 dimensions, not \(d); use the Haar rotation"
    case .matrixTooLarge(let rows, let columns):
      "a dense matrix of \(rows) × \(columns) is beyond 2²⁶ entries; use the Hadamard rotation and "
        + "the structured sketch, or fewer directions"
    case .rateNotOffered(let rate, let quantizer, let offered):
      "\(rate) bits per coordinate is not offered by the \(quantizer) quantizer, which takes \(offered)"
    case .directionsOutOfRange(let m):
      "\(m) sketch directions are out of range, expected 1 … \(Self.largestDimension)"
    case .polarLevelsOutOfRange(let levels, let dimension):
      levels < 1
        ? "\(levels) levels of polar angles, expected at least 1"
        : "\(levels) levels of polar angles make blocks of 2^\(levels) coordinates, longer than "
          + "vectors of \(dimension); take fewer levels"
    case .polarBitsOutOfRange(let bits, let level):
      "\(bits) bits for the polar angles of level \(level), expected 1 … 8"
    case .lengthMismatch(let found, let dimension):
      "\(found) floats are not a whole number of vectors of \(dimension) coordinates"
    case .rowLengthMismatch(let found, let bytesPerVector):
      "\(found) bytes are not a whole number of rows of \(bytesPerVector) bytes"
    case .notFinite(let value, let row, let column):
      "row \(row), column \(column) is \(value); every coordinate must be a finite number"
    case .normOverflow(let row):
      "row \(row) is longer than the largest float32 (3.4e38); scale the vectors down"
    case .zeroVector(let row):
      "row \(row) is the zero vector, which has no direction; leave it out, or keep lengths: normalization "
        + ".norm, or in an index another metric than .cosine"
    case .fingerprintMismatch(let expected, let found):
      "codes of another codec: fingerprint \(found.prefix(16))…, expected \(expected.prefix(16))…"
    case .fingerprintMissing(let byteCount):
      "\(byteCount) bytes are no serialized codes, which begin with a fingerprint of "
        + "\(Fingerprint.byteCount) bytes"
    case .malformedRow(let row, let reason):
      "row \(row) of the codes is damaged: \(reason); encode the vectors again"
    case .targetUnavailable(let name, let available):
      "TQ_TARGET=\(name) cannot run here; unset it, or take one of \(available.joined(separator: ", "))"
    case .estimatorNotOffered(let estimator, let quantizer):
      "the \(estimator) estimator does not go with the \(quantizer) quantizer"
    case .recordNotUnderstood(let reason):
      "the codec record cannot be used: \(reason)"
    }
  }

  static let largestDimension = 1 << 24

  static func check(dimension: Int) throws(CodecError) {
    guard (1...largestDimension).contains(dimension) else {
      throw CodecError(.dimensionOutOfRange(dimension))
    }
  }

  static func check(polarLevels levels: Int, dimension: Int) throws(CodecError) {
    guard (1...PolarShape.mostLevels).contains(levels), 1 << levels <= dimension else {
      throw CodecError(.polarLevelsOutOfRange(levels: levels, dimension: dimension))
    }
  }

  static func check(polarBits bits: [Int]) throws(CodecError) {
    for (i, count) in bits.enumerated() where !(1...8).contains(count) {
      throw CodecError(.polarBitsOutOfRange(bits: count, level: i + 1))
    }
  }

  static func check(matrixOf rows: Int, by columns: Int) throws(CodecError) {
    let (entries, overflows) = rows.multipliedReportingOverflow(by: columns)
    guard !overflows, entries <= 1 << 26 else {
      throw CodecError(.matrixTooLarge(rows: rows, columns: columns))
    }
  }

  static func check(directions: Int) throws(CodecError) {
    guard (1...largestDimension).contains(directions) else {
      throw CodecError(.directionsOutOfRange(directions))
    }
  }

  static func check(rotation kind: RotationKind, dimension: Int) throws(CodecError) {
    try check(dimension: dimension)
    switch kind {
    case .haar: try check(matrixOf: dimension, by: dimension)
    case .hadamard:
      guard dimension > 64 else { throw CodecError(.hadamardTooSmall(dimension: dimension)) }
    }
  }

  /// Refuses a rate that a record has no room for, for quantizers that only take defaults from the rate.
  static func check(recorded rate: Rate, of quantizer: Quantizer) throws(CodecError) {
    guard (0...Int(UInt8.max)).contains(rate.halfBits) else {
      throw CodecError(
        .rateNotOffered(rate: rate, quantizer: quantizer.name, offered: "0 … 127.5 bits"))
    }
  }

  static func check(count: Int, isOneVectorOf dimension: Int) throws(CodecError) {
    guard count == dimension else {
      throw CodecError(.lengthMismatch(found: count, dimension: dimension))
    }
  }
}
