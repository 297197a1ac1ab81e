/// How one head's key or value of one token is stored; the raw values are the names in settings.
///
/// The formats are other projects', written down from their descriptions, to compare with at equal bytes.
enum RowFormat: String, CaseIterable, Sendable {
  /// Unchanged.
  case float32 = "32"
  case q8 = "q8_0"
  case q4 = "q4_0"
  /// q4_0 of the row's Hadamard transform; rows are turned back where they are read.
  case rotatedQ4 = "q4_0-rotated"
  /// Groups of 32 channels of one token, as KIVI stores values.
  case int4 = "kivi-4"

  /// The formats that are not exact.
  static let baselines: [RowFormat] = allCases.filter { $0 != .float32 }

  /// The number of floats that share a scale; rows are whole numbers of them.
  private static let block = 32

  /// Whether rows of `dimension` floats can be stored.
  func fits(_ dimension: Int) -> Bool { self == .float32 || dimension % Self.block == 0 }

  /// The bytes of a row of `dimension` floats.
  func byteCount(_ dimension: Int) -> Int {
    switch self {
    case .float32: 4 * dimension
    case .q8: dimension / Self.block * Q8Block.byteCount
    case .q4, .rotatedQ4: dimension / Self.block * Q4Block.byteCount
    case .int4: dimension / Self.block * Int4Group.byteCount(Self.block)
    }
  }

  /// What is read of each of the rows of `dimension` floats once they have been stored.
  ///
  /// Throws `CacheError.range` for a row that is not finite, or that the format's scale cannot hold.
  func decoded(_ rows: [Float], dimension: Int) throws -> [Float] {
    precondition(fits(dimension) && rows.count % dimension == 0)
    let read: [Float]
    switch self {
    case .float32: return rows
    case .q8: read = Self.blocks(rows).flatMap { Q8Block($0).numbers }
    case .q4: read = Self.blocks(rows).flatMap { Q4Block($0).numbers }
    case .int4: read = Self.blocks(rows).flatMap { Int4Group($0).numbers }
    case .rotatedQ4:
      read = stride(from: 0, to: rows.count, by: dimension).flatMap { start in
        let turned = Hadamard.transformed(rows[start..<start + dimension])
        return Hadamard.transformed(Self.blocks(turned).flatMap { Q4Block($0).numbers })
      }
    }
    guard rows.allSatisfy(\.isFinite), read.allSatisfy(\.isFinite) else {
      throw CacheError.range(format: rawValue)
    }
    return read
  }

  private static func blocks(_ numbers: [Float]) -> some Sequence<ArraySlice<Float>> {
    stride(from: 0, to: numbers.count, by: block).lazy.map { numbers[$0..<$0 + block] }
  }
}
