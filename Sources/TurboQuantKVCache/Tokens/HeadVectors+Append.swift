// Which tokens an append makes sinks, which stay in the window, and which move on to be stored.

internal import TurboQuant
internal import TurboQuantKernels

extension HeadVectors {
  /// What changes when `vectors` are appended after `count` tokens.
  func additions(
    of vectors: Span<Float>, after count: Int, _ writer: RowWriter
  ) throws(CodecError) -> Additions {
    var additions = Additions()
    guard writer.roundsToFloat16 else {
      additions.stored = try writer.rows(of: vectors, center: center, channels)
      return additions
    }
    // Every token passes through float16, so that codes do not depend on how many tokens come in one call.
    let float16s = writer.kernels.float16s(of: vectors)
    let toSinks = max(0, min(vectors.count, (writer.sinks - count) * dimension))
    additions.sinks = float16s[..<toSinks]
    additions.window = float16s[toSinks...]
    let queue = window + additions.window
    additions.leaving = max(0, queue.count - writer.window * dimension)
    var floats = [Float](repeating: 0, count: additions.leaving)
    var target = floats.mutableSpan
    writer.kernels.widen(queue.span.extracting(0..<additions.leaving), into: &target)
    additions.stored = try writer.rows(of: floats.span, center: center, channels)
    return additions
  }

  /// Applies the result of ``additions(of:after:_:)``.
  mutating func append(_ additions: Additions) {
    sinks += additions.sinks
    window += additions.window
    window.removeFirst(additions.leaving)
    stored.append(additions.stored)
  }
}

/// What an append adds to the keys, or to the values, of a head.
struct Additions: Sendable {
  var sinks: ArraySlice<UInt16> = []
  /// Float16 rows that enter the window.
  var window: ArraySlice<UInt16> = []
  /// How many numbers then leave the window's front.
  var leaving = 0
  /// The rows to store: those that left the window.
  var stored = RowBatch.floats([])
}

/// Rows in one of the precisions that are stored.
enum RowBatch: Sendable {
  case floats([Float])
  case float16s([UInt16])
  /// One per channel group.
  case codes([CodedRows])
}

/// Makes rows of keys, or of values.
struct RowWriter: Sendable {
  let codec: KeyOrValueCodec?
  let precision: KVPrecision
  let sinks: Int
  let window: Int
  /// Whether vectors pass through float16.
  let roundsToFloat16: Bool
  /// The rotary embedding at the positions of the next rows, if the mean is a rotary one.
  let rotaryTable: RotaryTable?
  let kernels: Kernels

  /// The rows to store for vectors at consecutive positions, less the centre.
  func rows(
    of vectors: Span<Float>, center: [Float], _ channels: [UInt16]
  ) throws(CodecError) -> RowBatch {
    guard let codec else {
      return precision == .float16
        ? .float16s(kernels.float16s(of: vectors)) : .floats(vectors.copied())
    }
    guard !center.isEmpty else { return .codes(try codec.rows(of: vectors, channels)) }
    var differences = vectors.copied()
    var embedded = center
    for (row, start) in stride(from: 0, to: vectors.count, by: center.count).enumerated() {
      rotaryTable?.embed(center, row: row, into: &embedded)
      for i in embedded.indices { differences[start + i] -= embedded[i] }
    }
    return .codes(try codec.rows(of: differences.span, channels))
  }
}
