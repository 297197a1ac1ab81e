public import TurboQuant
internal import TurboQuantStorage

/// Why an index refused a configuration, a change, a search or a file.
public struct IndexError: Error, Sendable, Hashable {
  /// What was wrong.
  public enum Kind: Sendable, Hashable {
    /// A codec that an index cannot scan.
    case codecNotOffered(reason: String)
    /// The codec refused a vector or a query.
    case codec(CodecError)
    /// Floats that are not a whole number of vectors of the index's dimension.
    case lengthMismatch(found: Int, dimension: Int)
    /// More or fewer ids than vectors.
    case idCountMismatch(ids: Int, vectors: Int)
    /// An id that the index, or the same call, already has; `row` is its place in the call.
    case duplicateID(UInt64, row: Int)
    /// An id that the index does not have.
    case unknownID(UInt64)
    /// More or fewer tags than vectors.
    case tagCountMismatch(tags: Int, vectors: Int)
    /// A tag that the index, or the same call, already has; `row` is its place in the call.
    case duplicateTag(RowTag, row: Int)
    /// A tag that the index does not have.
    case unknownTag(RowTag)
    /// A tag that is too long, or not text in an index of texts; `row` is its place in the call.
    case tagNotAllowed(reason: String, row: Int)
    /// No id is left above the largest one in use.
    case idsExhausted
    /// Another index whose codes or scores mean something else.
    case fingerprintMismatch(expected: String, found: String)
    /// A vector or query that is too long or too short for float32 to hold its scores.
    case normOutOfRange(Double, row: Int)
    /// A vector that float16 originals cannot hold; `value` is the coordinate that loses most.
    case beyondHalfPrecision(value: Float, row: Int, column: Int)
    /// More rows than an index numbers.
    case tooManyRows(Int)
    /// A number of results below 1.
    case countOutOfRange(Int)
    /// A failure probability outside 0 … 1.
    case probabilityOutOfRange(Double)
    /// Exact comparison without originals to compare with.
    case noOriginals
    /// An operation that this kind of index does not offer.
    case notOffered(String)
    /// Work that was told to stop; asynchronous functions throw `CancellationError` instead.
    case cancelled
    /// A file, or bytes, that could not be read or written: missing, damaged, or not an index.
    case file(path: String, offset: UInt64?)
  }

  /// What was wrong.
  public let kind: Kind
  private let message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}

extension IndexError: CustomStringConvertible {
  /// One line: what, where, what was expected, what to do.
  public var description: String { message }
}

extension IndexError {
  /// The error of a URL that names no file of this machine.
  package init(noFile url: String) {
    self.init(.file(path: url, offset: nil), StorageError.refusal(ofURL: url))
  }

  init(_ error: CodecError) { self.init(.codec(error), error.description) }

  static func length(_ found: Int, dimension: Int) -> IndexError {
    IndexError(
      .lengthMismatch(found: found, dimension: dimension),
      "\(found) floats are not a whole number of vectors of \(dimension) coordinates")
  }

  static func duplicate(_ id: UInt64, row: Int) -> IndexError {
    IndexError(
      .duplicateID(id, row: row),
      "id \(id) of row \(row) is already there; use upsert to replace it")
  }

  static func duplicate(_ tag: RowTag, row: Int) -> IndexError {
    IndexError(
      .duplicateTag(tag, row: row),
      "the tag “\(singleLine(tag.description))” of row \(row) is already there; use upsert to replace it"
    )
  }

  static func unknown(_ tag: RowTag) -> IndexError {
    IndexError(
      .unknownTag(tag),
      "the index has no tag “\(singleLine(tag.description))”, or it is named twice")
  }

  /// The error of a tag that is too long or of another kind.
  static func tag(_ reason: String, row: Int) -> IndexError {
    IndexError(.tagNotAllowed(reason: reason, row: row), "row \(row) has \(singleLine(reason))")
  }

  static func norm(_ norm: Double, of name: String, row: Int) -> IndexError {
    IndexError(
      .normOutOfRange(norm, row: row),
      "\(name) \(row) has the length \(Float(norm)), but scores fit float32 only between 2⁻⁶² and 2⁶²; "
        + "scale the vectors")
  }

  /// The error of a query and a row, the longer of which has length `norm`.
  static func tooShort(_ norm: Double, query: Int, id: UInt64) -> IndexError {
    IndexError(
      .normOutOfRange(norm, row: query),
      "query \(query) and the row of id \(id) are at most \(Float(norm)) long, too short for float32 to tell "
        + "scores apart; scale the vectors to lengths between 2⁻⁶² and 2⁶²")
  }

  /// The error of a row that float16 cuts or moves too far, most in the given coordinate.
  static func beyondHalfPrecision(_ value: Float, row: Int, column: Int) -> IndexError {
    let reason =
      value.magnitude < Float16Range.end
      ? "is so short that float16 originals would lose more than 2⁻¹⁰ of it, most in column \(column), \(value)"
      : "goes beyond the largest float16, 65504, in column \(column), \(value)"
    return IndexError(
      .beyondHalfPrecision(value: value, row: row, column: column),
      "row \(row) \(reason); keep the originals as float32, or scale the vectors")
  }

  static func unknown(_ id: UInt64) -> IndexError {
    IndexError(.unknownID(id), "the index has no id \(id)")
  }

  static var cancelled: IndexError { IndexError(.cancelled, "cancelled") }

  static func codecNotOffered(_ reason: String) -> IndexError {
    IndexError(.codecNotOffered(reason: reason), "an index cannot scan such codes: \(reason)")
  }

  static func notOffered(_ reason: String) -> IndexError {
    IndexError(.notOffered(reason), reason)
  }
}

extension IndexError {
  /// The same error for row `offset` + row, for callers that add vectors in several calls.
  package func addingRows(_ offset: Int) -> IndexError {
    switch kind {
    case .codec(let reason): IndexError(reason.addingRows(offset))
    case .duplicateID(let id, let row): .duplicate(id, row: row + offset)
    case .duplicateTag(let tag, let row): .duplicate(tag, row: row + offset)
    case .tagNotAllowed(let reason, let row): .tag(reason, row: row + offset)
    case .normOutOfRange(let norm, let row): .norm(norm, of: "row", row: row + offset)
    case .beyondHalfPrecision(let value, let row, let column):
      .beyondHalfPrecision(value, row: row + offset, column: column)
    default: self
    }
  }
}

/// Runs `body` with the codec's errors turned into the index's.
func rethrowing<R: ~Copyable>(_ body: () throws(CodecError) -> R) throws(IndexError) -> R {
  do {
    return try body()
  } catch {
    throw IndexError(error)
  }
}
